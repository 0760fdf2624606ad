/** `_sort=-date,code`. https://hl7.org/fhir/R4/search.html#sort */
import type { SearchParameter } from './parameters.ts'
import type { SortKey, SupportedSearch } from './request.ts'
import { searchFailure } from './search-failure.ts'

/** How well a resource meets `_text` or `_content`. https://hl7.org/fhir/R4/search.html#score */
const SCORE: SearchParameter = {
  code: '_score',
  type: 'special',
  url: '',
  expression: undefined,
  targets: [],
  components: [],
  base: 'Resource',
}

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
    const code = descending ? rule.slice(1) : rule
    if (code === SCORE.code) return { param: SCORE, descending }
    const param = known.get(code)
    if (!param || !supported.kinds[param.type]?.sortable) throw searchFailure('search-sort', '_sort')
    return { param, descending }
  })
}
