/** Criteria of conditional interactions and references: a search that must name something. https://hl7.org/fhir/R4/http.html#ccreate */
import type { SearchRequest } from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import { requireScope } from './gate.ts'
import type { Caller, FhirService } from './interaction.ts'
import { resourceParameters } from './query.ts'
import { permitted } from './search-scopes.ts'

/** A resource that criteria found, and in which version. */
export interface Found {
  readonly type: string
  readonly id: string
  readonly version: number
}

/**
 * @param query as in If-None-Exist: `identifier=…`, with or without `?`
 * @throws Failure `forbidden`/`scope-insufficient`, `invalid`/`search-…`, `invalid`/`criteria-empty`
 */
export function criteriaOf(service: FhirService, caller: Caller, type: string, query: string): SearchRequest {
  requireScope(caller.access, type, 's')
  const parameters = resourceParameters(query)
  const request = permitted(caller, service.parseSearch(caller.tenant, type, parameters))
  // "Everything" as a condition is a client that lost its value on the way. A search ignores a parameter without one.
  const isCut = [...parameters.values()].some((value) => /^,*$/.test(value))
  if (isCut || request.criteria.length === 0) throw new Failure('invalid', 'criteria-empty')
  return request
}

/**
 * The one resource that meets the criteria; undefined: there is none.
 * @param except ids that don't count
 * @throws Failure `precondition`/`criteria-matched-several`
 */
export async function findOne(
  service: FhirService,
  { tenant }: Caller,
  criteria: SearchRequest,
  except: ReadonlySet<string> = new Set(),
): Promise<Found | undefined> {
  const found = await service.search.find(tenant, criteria, 2 + except.size)
  const [match, second] = found.filter(({ id }) => !except.has(id))
  if (second) throw new Failure('precondition', 'criteria-matched-several', { type: criteria.type })
  return match
}

/** Something changed since the criteria were looked at: look again. */
export function raced(): Failure {
  return new Failure('conflict', 'criteria-matched')
}
