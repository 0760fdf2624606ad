/**
 * A query string as a SearchRequest. Strict: what isn't understood is refused, since a filter that is silently dropped
 * answers with everybody's data; `Prefer: handling=lenient` asks for that. https://hl7.org/fhir/R4/search.html#errors
 */
import { Failure } from '../../kernel/failure.ts'
import type { Definitions } from '../definitions/index.ts'
import { makeSearchBudget, type SearchBudget, STEPS_OF_TEST, tooMany } from './budget.ts'
import { type CriterionParser, makeCriterionParser } from './parse-criterion.ts'
import { makeFilterParser } from './parse-filter.ts'
import { parseInclude } from './parse-include.ts'
import { parseSort } from './parse-sort.ts'
import { parseWords } from './parse-words.ts'
import type { ValueContext } from './parse-value.ts'
import type { SearchParameters } from './parameters.ts'
import type { Criterion, Include, SearchRequest, SortKey, SupportedSearch } from './request.ts'
import { searchFailure } from './search-failure.ts'
import { weightOf } from './weight.ts'

export interface SearchParserDeps {
  readonly definitions: Definitions
  readonly parameters: SearchParameters
  readonly supported: SupportedSearch
}

/** What a value may depend on: the tenant's time zone and base, and the moment for `ap`. */
export interface ParseContext extends Pick<ValueContext, 'zone' | 'toLocal' | 'nowMs'> {
  /** What isn't understood is ignored. */
  readonly lenient?: boolean
  /** Shared by the searches that one request makes. */
  readonly budget?: SearchBudget
}

export interface SearchParser {
  /**
   * @throws Failure `invalid`/`search-…` with the parameter's name, never its value
   */
  parse(type: string, query: URLSearchParams, context: ParseContext): SearchRequest
}

type MutableRequest = { -readonly [K in keyof SearchRequest]: SearchRequest[K] } & {
  criteria: Criterion[]
  includes: Include[]
  ignored: string[]
  sort: readonly SortKey[]
}

export function makeSearchParser(deps: SearchParserDeps): SearchParser {
  const { definitions, parameters, supported } = deps
  const criteria = makeCriterionParser(deps)
  const filters = makeFilterParser(criteria, deps)

  function readParameter(
    request: MutableRequest,
    name: string,
    value: string,
    context: ValueContext,
    once: Set<string>,
  ): void {
    // "Empty parameters are not an error - they are just ignored by the server."
    if (/^,*$/.test(value)) return
    const [code, ...modifiers] = name.split(':')
    switch (code) {
      case '_include':
      case '_revinclude':
        request.includes.push(parseInclude(name, modifiers, value, request.type, deps))
        return
      case '_filter':
        request.criteria.push(filters.parse(request.type, value, context))
        return
      case '_text':
      case '_content':
        if (modifiers.length > 0) throw searchFailure('search-modifier', name)
        request.criteria.push({
          by: 'text',
          of: code === '_text' ? 'narrative' : 'content',
          query: parseWords(name, value),
        })
        return
      case '_list':
        request.criteria.push({ by: 'list', ids: listIds(value) })
        return
      default:
        break
    }
    if (!CONTROLS.has(name)) {
      // "Servers … SHALL refuse to process a search request if they do not recognize the _query parameter value."
      if (code === '_query') throw searchFailure('search-query', name)
      if (UNSUPPORTED.has(code!)) throw searchFailure('search-parameter-unsupported', name)
      request.criteria.push(criteria.parse(request.type, name, value, context))
      return
    }
    if (once.has(name) && name !== '_sort') throw searchFailure('search-parameter-repeated', name)
    once.add(name)
    readControl(request, name, value, parameters, supported)
  }

  return {
    parse(type, query, context) {
      const request: MutableRequest = {
        type,
        criteria: [],
        includes: [],
        sort: [],
        count: supported.defaultCount,
        total: 'none',
        cursor: undefined,
        ignored: [],
      }
      const budget = context.budget ?? makeSearchBudget()
      const valueContext = { ...context, definitions, budget }
      const once = new Set<string>()
      let weight = 0
      for (const [name, value] of query) {
        try {
          const { length } = request.criteria
          readParameter(request, name, value, valueContext, once)
          const added = request.criteria.slice(length).reduce((sum, one) => sum + weightOf(one), 0)
          budget.spend(added * STEPS_OF_TEST, name)
          weight += added
          if (weight + request.includes.length > supported.maxTests) throw tooMany(name)
        } catch (error) {
          if (!context.lenient || !isNotUnderstood(error)) throw error
          request.ignored.push(name)
        }
      }
      return request
    },
  }
}

/** Parameters that shape the answer; each may come once, but for the rules of `_sort`. */
const CONTROLS: ReadonlySet<string> = new Set(['_sort', '_count', '_total', '_cursor', '_contained'])

/** Of the specification, but not of this server. */
const UNSUPPORTED: ReadonlySet<string> = new Set(['_containedType', '_type'])

/**
 * "Servers SHOULD ignore unknown or unsupported parameters": a wrong value of a known one stays an error, and so does a
 * modifier: "Server SHALL reject any search request that … is suffixed by a modifier that the server does not support".
 */
const NOT_UNDERSTOOD: ReadonlySet<string> = new Set([
  'search-parameter',
  'search-parameter-unsupported',
  'search-chain',
  'search-include',
  'search-sort',
])

function isNotUnderstood(error: unknown): boolean {
  return error instanceof Failure && NOT_UNDERSTOOD.has(error.code)
}

function readControl(
  request: MutableRequest,
  name: string,
  value: string,
  parameters: SearchParameters,
  supported: SupportedSearch,
): void {
  switch (name) {
    case '_cursor':
      request.cursor = value
      return
    case '_sort':
      request.sort = parseSort(value, request.sort, parameters.of(request.type), supported)
      return
    case '_count':
      if (!/^\d{1,9}$/.test(value)) throw searchFailure('search-count', name)
      request.count = Math.min(Number(value), supported.maxCount)
      return
    case '_contained':
      // Contained resources are not found on their own; "false" is what the specification has by default.
      if (value !== 'false') throw searchFailure('search-parameter-unsupported', name)
      return
    default:
      if (value !== 'none' && value !== 'estimate' && value !== 'accurate')
        throw searchFailure('search-total', name)
      request.total = value
  }
}

/** Ids of Lists; the functional lists (`$current-problems`) are not of this server. */
function listIds(value: string): string[] {
  return value.split(',').map((text) => {
    const id = text.startsWith('List/') ? text.slice('List/'.length) : text
    if (!/^[A-Za-z0-9\-.]{1,64}$/.test(id)) throw searchFailure('search-list', '_list')
    return id
  })
}

export type { CriterionParser }
