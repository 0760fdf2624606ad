/** FHIR search interaction on a type, by GET and by POST. https://hl7.org/fhir/R4/http.html#search */
import type { Interaction } from './interaction.ts'
import { answerSearch } from './search-answer.ts'
import { searchable } from './search-scopes.ts'

export const searchType: Interaction = {
  code: 'search-type',
  summary: 'Search resources of a type',
  headers: ['Prefer'],
  answers: [200],
  routes: [
    { method: 'GET', path: '/{type}' },
    { method: 'POST', path: '/{type}/_search' },
  ],
  scope: 's',
  action: 'E',
  async: true,
  run(service, request) {
    const { type, caller } = request
    return answerSearch(service, request, `/${type}`, (page) =>
      service.resources(type).search(caller, type, { ...page, allows: searchable(caller) }),
    )
  },
}
