/**
 * A query string as a SearchRequest. Strict: what isn't understood is refused, since a filter that is silently dropped
 * answers with everybody's data. https://hl7.org/fhir/R4/search.html
 */
import { Failure } from '../../kernel/failure.ts'
import type { Definitions } from '../definitions/index.ts'
import type { SearchParameter, SearchParameters } from './parameters.ts'
import { parseValue, type ValueContext } from './parse-value.ts'
import { parseSort } from './parse-sort.ts'
import type { Criterion, Modifier, SearchRequest, SortKey, SupportedSearch } from './request.ts'
import { searchFailure } from './search-failure.ts'
import { splitValue } from './escape.ts'

export interface SearchParserDeps {
  readonly definitions: Definitions
  readonly parameters: SearchParameters
  readonly supported: SupportedSearch
}

/** What a value may depend on: the tenant's time zone and base, and the moment for `ap`. */
type ParseContext = Pick<ValueContext, 'zone' | 'toLocal' | 'nowMs'>

export interface SearchParser {
  /**
   * @throws Failure `invalid`/`search-…` with the parameter's name, never its value
   */
  parse(type: string, query: URLSearchParams, context: ParseContext): SearchRequest
}

type MutableRequest = { -readonly [K in keyof SearchRequest]: SearchRequest[K] } & {
  criteria: Criterion[]
  sort: readonly SortKey[]
}

export function makeSearchParser({ definitions, parameters, supported }: SearchParserDeps): SearchParser {
  return {
    parse(type, query, context) {
      const known = parameters.of(type)
      const request: MutableRequest = {
        type,
        criteria: [],
        sort: [],
        count: supported.defaultCount,
        total: 'none',
        cursor: undefined,
      }
      const valueContext = { ...context, definitions }
      const once = new Set<string>()
      for (const [name, value] of query) {
        if (value === '') throw searchFailure('search-value-empty', name)
        if (!CONTROLS.has(name)) {
          request.criteria.push(parseCriterion(name, value, known, supported, valueContext))
          continue
        }
        if (once.has(name)) throw searchFailure('search-parameter-repeated', name)
        once.add(name)
        readControl(request, name, value, known, supported)
      }
      return request
    },
  }
}

/** Parameters that shape the answer; each may come once. */
const CONTROLS: ReadonlySet<string> = new Set(['_sort', '_count', '_total', '_cursor'])

/** Of the specification, but for a later version of this server. */
const LATER: ReadonlySet<string> = new Set([
  '_contained',
  '_containedType',
  '_content',
  '_elements',
  '_filter',
  '_has',
  '_include',
  '_list',
  '_query',
  '_revinclude',
  '_score',
  '_summary',
  '_text',
  '_type',
])

function readControl(
  request: MutableRequest,
  name: string,
  value: string,
  known: ReadonlyMap<string, SearchParameter>,
  supported: SupportedSearch,
): void {
  if (name === '_cursor') {
    request.cursor = value
  } else if (name === '_sort') {
    request.sort = parseSort(value, known, supported)
  } else if (name === '_count') {
    if (!/^\d{1,9}$/.test(value)) throw searchFailure('search-count', name)
    request.count = Math.min(Number(value), supported.maxCount)
  } else {
    if (value !== 'none' && value !== 'estimate' && value !== 'accurate')
      throw searchFailure('search-total', name)
    request.total = value
  }
}

function parseCriterion(
  name: string,
  text: string,
  known: ReadonlyMap<string, SearchParameter>,
  supported: SupportedSearch,
  context: ValueContext,
): Criterion {
  const [code, modifierText, ...more] = name.split(':')
  if (LATER.has(code!)) throw searchFailure('search-parameter-unsupported', name)
  if (code!.includes('.') || modifierText?.includes('.')) throw searchFailure('search-chain', name)
  const param = known.get(code!)
  if (!param || param.expression === undefined) throw searchFailure('search-parameter', name)
  const kind = supported.kinds[param.type]
  if (!kind) throw searchFailure('search-parameter-unsupported', name)
  if (more.length > 0) throw searchFailure('search-modifier', name)

  const targetType = referenceTypeOf(modifierText, param, context.definitions)
  const modifier = targetType === undefined ? (modifierText as Modifier | undefined) : undefined
  if (modifier !== undefined && !kind.modifiers.includes(modifier))
    throw searchFailure('search-modifier', name)
  if (modifier === 'missing') {
    if (text !== 'true' && text !== 'false') throw searchFailure('search-boolean', name)
    return { param, modifier, values: [], missing: text === 'true' }
  }
  const texts = splitValue(text, ',')
  if (texts.length > supported.maxValues) {
    throw new Failure('invalid', 'search-values-too-many', { parameter: code!, max: supported.maxValues })
  }
  const wanted = { param, modifier, targetType, prefixes: kind.prefixes }
  return { param, modifier, values: texts.map((each) => parseValue(each, wanted, context)) }
}

/** `subject:Patient`: a resource type as the modifier of a reference. https://hl7.org/fhir/R4/search.html#reference */
function referenceTypeOf(
  modifier: string | undefined,
  param: SearchParameter,
  definitions: Definitions,
): string | undefined {
  const isType = modifier !== undefined && param.type === 'reference' && definitions.isResourceType(modifier)
  if (!isType) return undefined
  if (param.targets.length > 0 && !param.targets.includes(modifier)) {
    throw searchFailure('search-reference-type', `${param.code}:${modifier}`)
  }
  return modifier
}
