/** FHIR patch interaction. https://hl7.org/fhir/R4/http.html#patch */
import type { Patch } from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import type { ExactJson } from '../../kernel/json.ts'
import { writeRow } from './audit-row.ts'
import { refuseOtherVersion } from './etag.ts'
import type { FhirRequest, Interaction } from './interaction.ts'
import { patchFormats, readPatch } from './patch-formats.ts'
import { refuseParameters } from './query.ts'
import { writtenAnswer } from './written.ts'

export const patch: Interaction = {
  code: 'patch',
  summary: 'Change parts of a resource',
  headers: ['If-Match', 'Prefer'],
  accepts: patchFormats.flatMap(({ mediaTypes }) => mediaTypes),
  answers: [200],
  routes: [{ method: 'PATCH', path: '/{type}/{id}' }],
  scope: 'u',
  action: 'U',
  async run(service, request) {
    refuseParameters(request.query)
    const { type, id, caller } = request
    const change = readPatch(service, await request.body())
    const [outcome] = await service.repository.commit(
      caller.tenant,
      [{ type, id, method: 'PATCH', make: nextPatched(request, change) }],
      { audit: ([patched]) => [writeRow(service, patch, request, patched!, 200)] },
    )
    return { ...writtenAnswer(request, outcome!, 200), audited: true }
  },
}

/** What the patch makes of the current version, if the request's conditions allow it. */
export function nextPatched({ type, id, conditions }: FhirRequest, change: Patch) {
  return (current: ExactJson | undefined, deleted?: boolean): ExactJson => {
    if (current === undefined) {
      throw deleted
        ? new Failure('gone', 'resource-deleted', { type, id })
        : new Failure('not-found', 'resource-not-found', { type, id })
    }
    refuseOtherVersion(type, current, conditions.ifMatch)
    return change.apply(current)
  }
}
