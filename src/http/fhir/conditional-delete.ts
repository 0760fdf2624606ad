/** FHIR conditional delete, of one or of several. https://hl7.org/fhir/R4/http.html#cdelete */
import type { SearchRequest } from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import type { ExactJson, JsonObject } from '../../kernel/json.ts'
import type { Change } from '../../store/index.ts'
import { auditRow, criteriaIn, seenIn } from './audit-row.ts'
import { criteriaOf, type Found, raced } from './criteria.ts'
import { answerDelete, nextDeletion } from './delete.ts'
import { mayRead } from './gate.ts'
import type { Caller, FhirRequest, FhirService, Interaction } from './interaction.ts'
import { raceName, retryRaced } from './races.ts'

export const conditionalDelete: Interaction = {
  code: 'delete',
  conditional: true,
  summary: 'Delete what the criteria match: all of it or nothing',
  headers: ['If-Match'],
  answers: [204],
  routes: [{ method: 'DELETE', path: '/{type}' }],
  scope: 'd',
  action: 'D',
  async run(service, request) {
    const { type, caller } = request
    const criteria = criteriaOf(service, caller, type, request.query)
    return retryRaced(service, [raceName(request)], async () => {
      const found = await findDeletable(service, caller, criteria)
      const outcomes = await service.repository.commit(
        caller.tenant,
        found.map((one) => deletionOf(request, one)),
        {
          audit: (deleted) => [
            auditRow(service.clock, conditionalDelete, caller, {
              status: 204,
              seen: seenIn(deleted),
              query: criteriaIn(request),
            }),
          ],
          integrity: { mayName: mayRead(caller) },
        },
      )
      return { ...answerDelete(outcomes), audited: true }
    })
  },
}

/**
 * All that match.
 * @throws Failure `precondition`/`criteria-matched-several` where only one may be deleted at once,
 * `precondition`/`criteria-matched-too-many` beyond the limit
 */
export async function findDeletable(
  service: FhirService,
  { tenant }: Caller,
  criteria: SearchRequest,
): Promise<readonly Found[]> {
  const max = service.maxConditionalDeletes
  const found = await service.search.find(tenant, criteria, max + 1)
  if (found.length <= max) return found
  const { type } = criteria
  throw max === 1
    ? new Failure('precondition', 'criteria-matched-several', { type })
    : new Failure('precondition', 'criteria-matched-too-many', { type, max })
}

/** Of the version that was found: another one may no longer match. */
export function deletionOf(request: FhirRequest, { type, id, version }: Found): Change {
  const next = nextDeletion(request)
  return {
    type,
    id,
    make(current) {
      if (current !== undefined && versionOf(current) !== version) throw raced()
      return next(current)
    },
  }
}

function versionOf({ value }: ExactJson): number {
  return Number((value['meta'] as JsonObject)['versionId'])
}
