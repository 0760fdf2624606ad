/** FHIR conditional update. https://hl7.org/fhir/R4/http.html#cond-update */
import type { SearchRequest } from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import { uuidv7 } from '../../kernel/ids.ts'
import type { ExactJson } from '../../kernel/json.ts'
import type { Change, Guard } from '../../store/index.ts'
import { writeRow } from './audit-row.ts'
import { criteriaOf, type Found, findOne } from './criteria.ts'
import type { FhirRequest, Interaction } from './interaction.ts'
import { raceName, retryRaced } from './races.ts'
import { checkType, isId } from './resource-checks.ts'
import { answerUpdate, nextVersion } from './update.ts'

export const conditionalUpdate: Interaction = {
  code: 'update',
  conditional: true,
  summary: 'Write the one resource that the criteria match, or a new one',
  headers: ['If-Match', 'If-None-Match', 'Prefer'],
  answers: [200, 201],
  routes: [{ method: 'PUT', path: '/{type}' }],
  scope: 'u',
  action: 'U',
  async run(service, request) {
    const { type, caller } = request
    const criteria = criteriaOf(service, caller, type, request.query)
    const resource = await request.resource()
    checkType(resource, type)
    const given = givenId(type, resource)
    return retryRaced(service, [raceName(request)], async () => {
      const match = await findOne(service, caller, criteria)
      const id = identityFor(type, given, match)
      const change = { type, id, make: nextConditional(request, resource, match) } satisfies Change
      const [outcome] = await service.repository.commit(caller.tenant, [change], {
        audit: ([written]) => [
          writeRow(service, conditionalUpdate, request, written!, written!.did === 'created' ? 201 : 200),
        ],
        guards: [guardOf(criteria, match)],
      })
      return { ...answerUpdate(request, outcome!), audited: true }
    })
  },
}

/**
 * The id in the body, which need not be one.
 * @throws Failure `invalid`/`id-invalid`
 */
export function givenId(type: string, { value }: ExactJson): string | undefined {
  const { id } = value
  if (id === undefined) return undefined
  if (typeof id === 'string' && isId(id)) return id
  throw new Failure('invalid', 'id-invalid', {}, { expression: [`${type}.id`] })
}

/**
 * What the resource is called: "One Match, resource id provided but does not match resource found: … 400"
 * @throws Failure `invalid`/`resource-id-mismatch`
 */
export function identityFor(type: string, given: string | undefined, match: Found | undefined): string {
  if (match === undefined) return given ?? uuidv7()
  if (given === undefined || given === match.id) return match.id
  throw new Failure('invalid', 'resource-id-mismatch', {}, { expression: [`${type}.id`] })
}

/** "No matches, id provided: … Update as Create": what has the id already is another resource than was meant. */
export function nextConditional(request: FhirRequest, resource: ExactJson, match: Found | undefined) {
  const next = nextVersion(request, resource)
  return (current: ExactJson | undefined): ExactJson => {
    if (match === undefined && current !== undefined)
      throw new Failure('conflict', 'already-exists', { type: request.type })
    return next(current)
  }
}

/** That the criteria still match what they matched. */
export function guardOf(
  criteria: SearchRequest,
  match: Found | undefined,
  except: readonly string[] = [],
): Guard {
  return { criteria, only: match?.id, except }
}
