/** Criteria of conditional creates and references: a search that must name something. https://hl7.org/fhir/R4/http.html#ccreate */
import type { SearchRequest } from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import type { TenantId } from '../../kernel/ids.ts'
import type { FhirDeps } from './deps.ts'

/**
 * @param query as in If-None-Exist: `identifier=…`, with or without `?`
 * @throws Failure `invalid`/`search-…`, `invalid`/`criteria-empty`
 */
export function criteriaOf(deps: FhirDeps, tenant: TenantId, type: string, query: string): SearchRequest {
  const request = deps.parseSearch(tenant, type, new URLSearchParams(query))
  // "Everything" as a condition is a client that lost its value on the way.
  if (request.criteria.length === 0) throw new Failure('invalid', 'criteria-empty')
  return request
}
