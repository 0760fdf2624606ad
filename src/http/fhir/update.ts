/** FHIR update interaction: also creates under the client's id. https://hl7.org/fhir/R4/http.html#update, #upsert */
import { Failure } from '../../kernel/failure.ts'
import { writeRow } from './audit-row.ts'
import { expectedVersion } from './etag.ts'
import type { Interaction } from './interaction.ts'
import { refuseParameters } from './query.ts'
import { checkId, checkType } from './resource-checks.ts'
import { writtenAnswer } from './written.ts'

export const update: Interaction = {
  code: 'update',
  summary: 'Write a resource under this id: a new version, or the first',
  headers: ['If-Match', 'If-None-Match', 'Prefer'],
  answers: [200, 201],
  routes: [{ method: 'PUT', path: '/{type}/{id}' }],
  scope: 'u',
  action: 'U',
  async run(service, request) {
    refuseParameters(request.query)
    const { type, id, conditions, caller } = request
    const ifMatch = expectedVersion(conditions.ifMatch)
    const resource = await request.resource()
    checkType(resource, type)
    checkId(resource, id)
    const [outcome] = await service.repository.commit(
      caller.tenant,
      [
        {
          type,
          id,
          ifMatch: ifMatch === 'any' ? undefined : ifMatch,
          make(current) {
            if (ifMatch === 'any' && current === undefined)
              throw new Failure('precondition', 'resource-must-exist', { type })
            if (conditions.ifNoneMatch === '*' && current !== undefined) {
              throw new Failure('precondition', 'resource-must-not-exist', { type })
            }
            return resource
          },
        },
      ],
      { audit: ([written]) => [writeRow(service, update, request, written!, statusOf(written!.did))] },
    )
    return { ...writtenAnswer(request, outcome!, statusOf(outcome!.did)), audited: true }
  },
}

function statusOf(did: string): 200 | 201 {
  return did === 'created' ? 201 : 200
}
