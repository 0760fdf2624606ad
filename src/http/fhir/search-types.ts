/** One search on several types, each with the criteria as its own parameters read them. */
import { type Criterion, makeSearchBudget, type SearchRequest } from '../../fhir/index.ts'
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
  // Without a type to look at, the parameters still have to be ones that every resource has.
  const { parsed, ignored } = parseForAll(service, caller, parameters, types.length > 0 ? types : ['Basic'])
  if (types.length === 0) return { entries: [], total: 0, ignored }
  const requests = parsed.map((request) => ({
    ...request,
    criteria: [...more(request.type), ...request.criteria],
    ...(cursor !== undefined && { cursor }),
  }))
  const page = await service.search.searchTypes(caller.tenant, requests, {
    allows: searchable(caller),
    includesFrom,
  })
  return { ...page, ignored }
}

/**
 * What one of the types does not understand is ignored for all of them: a filter or an order that only some resources of
 * a page follow would be neither kept nor dropped.
 */
function parseForAll(
  service: FhirService,
  caller: Caller,
  given: URLSearchParams,
  types: readonly string[],
): { readonly parsed: readonly SearchRequest[]; readonly ignored: readonly string[] } {
  const { tenant, lenient } = caller
  const parse = (parameters: URLSearchParams) => {
    const budget = makeSearchBudget()
    return types.map((type) =>
      permitted(caller, service.parseSearch(tenant, type, parameters, { lenient, budget })),
    )
  }
  const parsed = parse(given)
  const ignored = [...new Set(parsed.flatMap((request) => request.ignored))]
  if (ignored.length === 0 || types.length === 1) return { parsed, ignored }
  const understood = new URLSearchParams(given)
  for (const name of ignored) understood.delete(name)
  return { parsed: parse(understood), ignored }
}
