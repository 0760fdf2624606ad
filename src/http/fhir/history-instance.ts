/** FHIR history interaction on an instance, newest first. https://hl7.org/fhir/R4/http.html#history */
import { Failure } from '../../kernel/failure.ts'
import { historyAnswer, HISTORY_PARAMETERS, historyQuery } from './history-page.ts'
import type { Interaction } from './interaction.ts'

export const historyInstance: Interaction = {
  code: 'history-instance',
  summary: 'All versions of a resource, newest first',
  query: HISTORY_PARAMETERS,
  answers: [200],
  routes: [{ method: 'GET', path: '/{type}/{id}/_history' }],
  scope: 'r',
  action: 'R',
  async run(service, request) {
    const { type, id, caller } = request
    const path = `${type}/${id}/_history`
    const query = historyQuery(service, request, path)
    const { range, count, cursor } = query
    if (query.isCount) {
      const total = await service.history.countOfResource(caller.tenant, { type, id }, range)
      if (total === undefined) throw notFound(type, id)
      return historyAnswer(service, request, path, query, { entries: [], total })
    }
    const below = cursor === undefined ? undefined : Number(cursor)
    const page = await service.history.ofResource(caller.tenant, { type, id }, { range, count, below })
    if (page === undefined) throw notFound(type, id)
    const next = page.next === undefined ? undefined : String(page.next)
    return historyAnswer(service, request, path, query, { ...page, next })
  },
}

function notFound(type: string, id: string): Failure {
  return new Failure('not-found', 'resource-not-found', { type, id })
}
