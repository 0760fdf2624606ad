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

/** @param before the rules of an earlier `_sort`: it "can repeat for inner sort orders" */
export function parseSort(
  text: string,
  before: readonly SortKey[],
  known: ReadonlyMap<string, SearchParameter>,
  supported: SupportedSearch,
): readonly SortKey[] {
  const rules = text.split(',')
  if (before.length + rules.length > MAX_KEYS) throw searchFailure('search-sort', '_sort')
  const keys = rules.map((rule) => {
    const descending = rule.startsWith('-')
    const code = descending ? rule.slice(1) : rule
    if (code === SCORE.code) return { param: SCORE, descending }
    const param = known.get(code)
    if (!param || !supported.kinds[param.type]?.sortable) throw searchFailure('search-sort', '_sort')
    return { param, descending }
  })
  return [...before, ...keys]
}
