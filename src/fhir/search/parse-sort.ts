/** `_sort=-date,code`. https://hl7.org/fhir/R4/search.html#sort */
import type { SearchParameter } from './parameters.ts'
import type { SortKey, SupportedSearch } from './request.ts'
import { searchFailure } from './search-failure.ts'

/** More keys than this are a mistake. */
const MAX_KEYS = 10

export function parseSort(
  text: string,
  known: ReadonlyMap<string, SearchParameter>,
  supported: SupportedSearch,
): readonly SortKey[] {
  const rules = text.split(',')
  if (rules.length > MAX_KEYS) throw searchFailure('search-sort', '_sort')
  return rules.map((rule) => {
    const descending = rule.startsWith('-')
    const param = known.get(descending ? rule.slice(1) : rule)
    if (!param || !supported.kinds[param.type]?.sortable) throw searchFailure('search-sort', '_sort')
    return { param, descending }
  })
}
