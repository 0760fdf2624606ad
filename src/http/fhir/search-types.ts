/** One search on several types, each with the criteria as its own parameters read them. */
import { makeSearchBudget, type Criterion } from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import type { Caller, FhirService } from './interaction.ts'
import type { PageAnswer, PageRequest } from './search-answer.ts'
import { permitted, searchable } from './search-scopes.ts'

/**
 * The types of `_type`, and the parameters without it. https://hl7.org/fhir/R4/search.html#type
 * @throws Failure `invalid`/`search-type`
 */
export function takeTypes({ definitions }: FhirService, given: URLSearchParams) {
  const parameters = new URLSearchParams(given)
  const named = parameters
    .getAll('_type')
    .flatMap((value) => value.split(','))
    .filter((type) => type !== '')
  parameters.delete('_type')
  if (!named.every((type) => definitions.isResourceType(type)))
    throw new Failure('invalid', 'search-type', {}, { expression: ['_type'] })
  return { parameters, named }
}

/** @param more criteria of each type beside those of the parameters */
export async function searchTypes(
  service: FhirService,
  caller: Caller,
  { parameters, cursor, includesFrom }: PageRequest,
  types: readonly string[],
  more: (type: string) => readonly Criterion[] = () => [],
): Promise<PageAnswer> {
  const { tenant, lenient } = caller
  const budget = makeSearchBudget()
  // Without a type to look at, the parameters still have to be ones that every resource has.
  const parsed = (types.length > 0 ? types : ['Basic']).map((type) =>
    permitted(caller, service.parseSearch(tenant, type, parameters, { lenient, budget })),
  )
  const { ignored } = parsed[0]!
  if (types.length === 0) return { entries: [], total: 0, ignored }
  const requests = parsed.map((request) => ({
    ...request,
    criteria: [...more(request.type), ...request.criteria],
    ...(cursor !== undefined && { cursor }),
  }))
  const page = await service.search.searchTypes(tenant, requests, {
    allows: searchable(caller),
    includesFrom,
  })
  return { ...page, ignored }
}
