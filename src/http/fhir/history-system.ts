/**
 * FHIR history interaction on the system, newest first: of the types that the token lets its bearer search.
 * https://hl7.org/fhir/R4/http.html#history
 */
import { requireScope } from './gate.ts'
import { answerChanges } from './history-changes.ts'
import { HISTORY_PARAMETERS } from './history-page.ts'
import { historyType } from './history-type.ts'
import type { Interaction } from './interaction.ts'
import { offers } from './offers.ts'
import { searchable } from './search-scopes.ts'

export const historySystem: Interaction = {
  code: 'history-system',
  summary: 'All versions of all resources, newest first',
  query: HISTORY_PARAMETERS,
  answers: [200],
  routes: [{ method: 'GET', path: '/_history' }],
  action: 'R',
  async run(service, request) {
    const mayList = searchable(request.caller)
    const types = service.definitions.resourceTypes.filter(
      (type) => offers(type, historyType) && mayList(type),
    )
    if (types.length === 0) requireScope(request.caller.access, '*', 's')
    return answerChanges(service, request, '_history', types)
  },
}
