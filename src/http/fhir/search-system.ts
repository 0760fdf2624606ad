/** FHIR search interaction on all types, or those of `_type`. https://hl7.org/fhir/R4/http.html#search */
import { Failure } from '../../kernel/failure.ts'
import { requireScope } from './gate.ts'
import type { Caller, FhirService, Interaction } from './interaction.ts'
import { answerSearch, type PageAnswer, type PageRequest } from './search-answer.ts'
import { searchable } from './search-scopes.ts'
import { searchTypes, takeTypes } from './search-types.ts'

export const searchSystem: Interaction = {
  code: 'search-system',
  summary: 'Search resources of all types, or of those in _type',
  headers: ['Prefer'],
  answers: [200],
  routes: [
    { method: 'GET', path: '/' },
    { method: 'POST', path: '/_search' },
  ],
  action: 'E',
  async: true,
  run(service, request) {
    const { caller } = request
    return answerSearch(service, request, '', (page) => find(service, caller, page))
  },
}

async function find(service: FhirService, caller: Caller, page: PageRequest): Promise<PageAnswer> {
  const { parameters, named } = takeTypes(service, page.parameters)
  if (named.length === 1 && named[0] === 'AuditEvent') {
    requireScope(caller.access, 'AuditEvent', 's')
    return service.resources('AuditEvent').search(caller, 'AuditEvent', { ...page, parameters })
  }
  const types = named.length > 0 ? named : await allowedTypes(service, caller)
  for (const type of named) {
    if (type === 'AuditEvent') throw new Failure('unsupported', 'search-audit-trail')
    requireScope(caller.access, type, 's')
  }
  return searchTypes(service, caller, { ...page, parameters }, [...new Set(types)])
}

/** Those that there are resources of, and that the token allows to search. */
async function allowedTypes(service: FhirService, caller: Caller): Promise<readonly string[]> {
  const allows = searchable(caller)
  if (!service.definitions.resourceTypes.some(allows)) requireScope(caller.access, '*', 's')
  return (await service.search.types(caller.tenant)).filter(allows)
}
