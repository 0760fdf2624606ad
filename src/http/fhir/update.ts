/** FHIR update interaction: also creates under the client's id. https://hl7.org/fhir/R4/http.html#update, #upsert */
import { isSubset } from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import type { ExactJson } from '../../kernel/json.ts'
import type { Outcome } from '../../store/index.ts'
import { writeRow } from './audit-row.ts'
import { refuseOtherVersion } from './etag.ts'
import type { Answer, FhirRequest, Interaction } from './interaction.ts'
import { refuseParameters } from './query.ts'
import { checkId, checkType } from './resource-checks.ts'
import { writtenAnswer } from './written.ts'

export const update: Interaction = {
  code: 'update',
  summary: 'Write a resource under this id: a new version, or the first',
  headers: ['If-Match', 'If-None-Match', 'Prefer', 'X-Security-Context'],
  takesContent: true,
  answers: [200, 201],
  routes: [{ method: 'PUT', path: '/{type}/{id}' }],
  scope: 'u',
  action: 'U',
  async run(service, request) {
    refuseParameters(request.query)
    const { type, id, caller } = request
    const resource = await request.resource()
    checkType(resource, type)
    checkId(resource, id)
    const [outcome] = await service.repository.commit(
      caller.tenant,
      [{ type, id, make: nextVersion(request, resource) }],
      { audit: ([written]) => [writeRow(service, update, request, written!, statusOf(written!))] },
    )
    return { ...answerUpdate(request, outcome!), audited: true }
  },
}

/** The version that follows the current one, if the request's conditions allow it. */
export function nextVersion({ type, conditions }: FhirRequest, resource: ExactJson) {
  return (current: ExactJson | undefined): ExactJson => {
    refuseOtherVersion(type, current, conditions.ifMatch)
    if (conditions.ifNoneMatch?.trim() === '*' && current !== undefined) {
      throw new Failure('precondition', 'resource-must-not-exist', { type })
    }
    if (current !== undefined && isSubset(resource.value) && !isSubset(current.value)) {
      throw new Failure('invalid', 'resource-subsetted', {}, { expression: [`${type}.meta.tag`] })
    }
    return resource
  }
}

export function answerUpdate(request: FhirRequest, outcome: Outcome): Answer {
  return writtenAnswer(request, outcome, statusOf(outcome))
}

function statusOf({ did }: Outcome): 200 | 201 {
  return did === 'created' ? 201 : 200
}
