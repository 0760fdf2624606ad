/** A search, parsed: what is asked, before anybody knows how it is answered. https://hl7.org/fhir/R4/search.html */
import type { Interval } from '../../kernel/dates.ts'
import type { SearchParameterType } from '../definitions/index.ts'
import type { SearchParameter } from './parameters.ts'

export interface SearchRequest {
  readonly type: string
  /** All must hold. */
  readonly criteria: readonly Criterion[]
  /** Empty: the server's own order. */
  readonly sort: readonly SortKey[]
  /** Resources on a page; 0 asks for the total only. */
  readonly count: number
  readonly total: 'none' | 'estimate' | 'accurate'
  /** Where the page begins, as an earlier answer said. */
  readonly cursor: string | undefined
}

export interface SortKey {
  readonly param: SearchParameter
  readonly descending: boolean
}

/** One parameter of the query. `values` are OR-ed; with `missing` there are none. */
export interface Criterion {
  readonly param: SearchParameter
  readonly modifier: Modifier | undefined
  readonly values: readonly SearchValue[]
  /** Of the modifier `missing`: true asks for resources that have no value. */
  readonly missing?: boolean
}

/** `subject:Patient=1` is no modifier here: its value says Patient/1. */
export type Modifier =
  | 'missing'
  | 'exact'
  | 'contains'
  | 'text'
  | 'not'
  | 'above'
  | 'below'
  | 'in'
  | 'not-in'
  | 'of-type'
  | 'identifier'

/** https://hl7.org/fhir/R4/search.html#prefix */
export type Prefix = 'eq' | 'ne' | 'gt' | 'lt' | 'ge' | 'le' | 'sa' | 'eb' | 'ap'

export type SearchValue =
  | TokenValue
  | ReferenceValue
  | StringValue
  | UriValue
  | DateValue
  | NumberValue
  | QuantityValue

export interface TokenValue {
  readonly kind: 'token'
  /** undefined: any, or none; '': it must have none. */
  readonly system: string | undefined
  /** undefined: any of the system. */
  readonly code: string | undefined
}

export interface ReferenceValue {
  readonly kind: 'reference'
  /** What it may point to, as the index names it: an id without a type stands for every type that the parameter allows. */
  readonly targets: readonly string[]
}

export interface StringValue {
  readonly kind: 'string'
  /** As written; see normalise(). */
  readonly value: string
}

interface UriValue {
  readonly kind: 'uri'
  readonly value: string
}

export interface DateValue extends Interval {
  readonly kind: 'date'
  /** `ap` has its interval widened already: what overlaps it matches. */
  readonly prefix: Prefix
}

export interface NumberValue {
  readonly kind: 'number'
  readonly prefix: Prefix
  /** Decimal texts: the value and the range that its written precision means. */
  readonly value: string
  readonly low: string
  readonly high: string
}

export interface QuantityValue extends Omit<NumberValue, 'kind'> {
  readonly kind: 'quantity'
  /** undefined: any. */
  readonly system: string | undefined
  /** Code, or the unit's text when there is no system; undefined: any. */
  readonly code: string | undefined
}

/** What the search behind the parser can answer. What it can't is refused by name, and capabilities claim only this. */
export interface SupportedSearch {
  /** By kind of parameter; a kind that is not here can't be searched by. */
  readonly kinds: Readonly<Partial<Record<SearchParameterType, SupportedKind>>>
  readonly defaultCount: number
  /** A larger _count is cut to this. */
  readonly maxCount: number
  /** OR-ed values of one parameter. */
  readonly maxValues: number
}

interface SupportedKind {
  readonly modifiers: readonly Modifier[]
  readonly prefixes: readonly Prefix[]
  readonly sortable: boolean
}
