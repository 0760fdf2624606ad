/** FHIR history interaction on a type, newest first. https://hl7.org/fhir/R4/http.html#history */
import { answerChanges } from './history-changes.ts'
import { HISTORY_PARAMETERS } from './history-page.ts'
import type { Interaction } from './interaction.ts'

export const historyType: Interaction = {
  code: 'history-type',
  summary: 'All versions of the resources of a type, newest first',
  query: HISTORY_PARAMETERS,
  answers: [200],
  routes: [{ method: 'GET', path: '/{type}/_history' }],
  scope: 's',
  action: 'R',
  run: (service, request) => answerChanges(service, request, `${request.type}/_history`, [request.type]),
}
