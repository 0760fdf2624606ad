/** FHIR delete interaction. https://hl7.org/fhir/R4/http.html#delete */
import type { ExactJson } from '../../kernel/json.ts'
import type { Outcome } from '../../store/index.ts'
import { seenIn, writeRow } from './audit-row.ts'
import { refuseOtherVersion } from './etag.ts'
import { mayRead } from './gate.ts'
import type { Answer, FhirRequest, Interaction } from './interaction.ts'
import { refuseParameters } from './query.ts'

export const deleteInteraction: Interaction = {
  code: 'delete',
  summary: 'Delete a resource',
  headers: ['If-Match'],
  answers: [204],
  routes: [{ method: 'DELETE', path: '/{type}/{id}' }],
  scope: 'd',
  action: 'D',
  async run(service, request) {
    refuseParameters(request.query)
    const { type, id, caller } = request
    const outcomes = await service.repository.commit(
      caller.tenant,
      [{ type, id, make: nextDeletion(request) }],
      {
        audit: ([deleted]) => [writeRow(service, deleteInteraction, request, deleted!, 204)],
        integrity: { mayName: mayRead(caller) },
      },
    )
    return { ...answerDelete(outcomes), audited: true }
  },
}

/** "if the resource does not exist at all, the server should return … 204": deleting twice is no error. */
export function nextDeletion({ type, conditions }: FhirRequest) {
  return (current: ExactJson | undefined): 'delete' | 'keep' => {
    refuseOtherVersion(type, current, conditions.ifMatch)
    return current === undefined ? 'keep' : 'delete'
  }
}

/** Of one resource the answer has the version. */
export function answerDelete(outcomes: readonly Outcome[]): Answer {
  const [only, ...others] = outcomes
  const isOne = only?.did === 'deleted' && others.length === 0
  return { status: 204, ...(isOne && { version: only.version }), seen: seenIn(outcomes) }
}
