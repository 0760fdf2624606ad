/** FHIR delete interaction. https://hl7.org/fhir/R4/http.html#delete */
import { writeRow } from './audit-row.ts'
import { expectedVersion } from './etag.ts'
import type { Interaction } from './interaction.ts'
import { refuseParameters } from './query.ts'

/** "if the resource does not exist at all, the server should return … 204": deleting twice is no error. */
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
    const { type, id, conditions, caller } = request
    const ifMatch = expectedVersion(conditions.ifMatch)
    const [outcome] = await service.repository.commit(
      caller.tenant,
      [
        {
          type,
          id,
          ifMatch: ifMatch === 'any' ? undefined : ifMatch,
          make: (current) => (current ? 'delete' : 'keep'),
        },
      ],
      { audit: ([deleted]) => [writeRow(service, deleteInteraction, request, deleted!, 204)] },
    )
    const { version, patients, did } = outcome!
    return {
      status: 204,
      ...(did === 'deleted' && { version }),
      seen: { entities: [{ type, id }], patients },
      audited: true,
    }
  },
}
