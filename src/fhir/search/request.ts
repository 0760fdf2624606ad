/** A search, parsed: what is asked, before anybody knows how it is answered. https://hl7.org/fhir/R4/search.html */
import type { Interval } from '../../kernel/dates.ts'
import type { SearchParameterType } from '../definitions/index.ts'
import type { SearchParameter } from './parameters.ts'

export interface SearchRequest {
  readonly type: string
  /** All must hold. */
  readonly criteria: readonly Criterion[]
  readonly includes: readonly Include[]
  /** Empty: the server's own order. */
  readonly sort: readonly SortKey[]
  /** Resources on a page; 0 asks for the total only. */
  readonly count: number
  readonly total: 'none' | 'estimate' | 'accurate'
  /** Where the page begins, as an earlier answer said. */
  readonly cursor: string | undefined
  /** Names of parameters that a lenient request gave and that mean nothing here. */
  readonly ignored: readonly string[]
}

export interface SortKey {
  readonly param: SearchParameter
  readonly descending: boolean
}

export type Criterion =
  | ParameterCriterion
  | ChainCriterion
  | HasCriterion
  | CombinedCriterion
  | NotCriterion
  | CompartmentCriterion
  | PatientsCriterion
  | ListCriterion
  | TextCriterion

/** One parameter of the query. `values` are OR-ed; with `missing` there are none. */
export interface ParameterCriterion {
  readonly by: 'parameter'
  readonly param: SearchParameter
  readonly modifier: Modifier | undefined
  readonly values: readonly SearchValue[]
  /** Of the modifier `missing`: true asks for resources that have no value. */
  readonly missing?: boolean
}

/** `subject:Patient.name=x`: what is referred to meets one of these. https://hl7.org/fhir/R4/search.html#chaining */
export interface ChainCriterion {
  readonly by: 'chain'
  readonly param: SearchParameter
  /** One for each type that the reference may point to and that has the parameter. */
  readonly targets: readonly { readonly type: string; readonly criterion: Criterion }[]
}

/** `_has:Observation:patient:code=x`: some resource of the type refers to it and meets this. https://hl7.org/fhir/R4/search.html#has */
export interface HasCriterion {
  readonly by: 'has'
  readonly type: string
  readonly param: SearchParameter
  readonly criterion: Criterion
}

/** https://hl7.org/fhir/R4/search_filter.html */
export interface CombinedCriterion {
  readonly by: 'all' | 'any'
  readonly of: readonly Criterion[]
}

export interface NotCriterion {
  readonly by: 'not'
  readonly of: Criterion
}

/** It is in the compartment of this resource. https://hl7.org/fhir/R4/compartmentdefinition.html */
export interface CompartmentCriterion {
  readonly by: 'compartment'
  readonly compartment: string
  readonly id: string
  /** The reference parameters that put a resource of the type in it. */
  readonly params: readonly SearchParameter[]
  /** It may be the compartment's own resource. */
  readonly self: boolean
}

/** It is in the compartment of some patient. */
export interface PatientsCriterion {
  readonly by: 'patients'
}

/** `_list=42`. https://hl7.org/fhir/R4/search.html#list */
export interface ListCriterion {
  readonly by: 'list'
  readonly ids: readonly string[]
}

/** `_text`, `_content`. https://hl7.org/fhir/R4/search.html#content */
export interface TextCriterion {
  readonly by: 'text'
  readonly of: 'narrative' | 'content'
  readonly query: Words
}

/** What a text has to say. */
export type Words =
  | { readonly by: 'phrase'; readonly text: string }
  | { readonly by: 'all' | 'any'; readonly of: readonly Words[] }
  | { readonly by: 'not'; readonly of: Words }

/** `_include`, `_revinclude`. https://hl7.org/fhir/R4/search.html#include */
export interface Include {
  readonly reverse: boolean
  /** Type of the resource that has the reference; undefined: any. */
  readonly source: string | undefined
  /** undefined: all reference parameters of the source. */
  readonly param: SearchParameter | undefined
  /** Only references to this type. */
  readonly target: string | undefined
  /** Also of what was included. */
  readonly iterate: boolean
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
  // Only in `_filter`, where they are operators.
  | 'equals'
  | 'differs'
  | 'ends'

/** https://hl7.org/fhir/R4/search.html#prefix */
export type Prefix =
  | 'eq'
  | 'ne'
  | 'gt'
  | 'lt'
  | 'ge'
  | 'le'
  | 'sa'
  | 'eb'
  | 'ap'
  // Only in `_filter`: the range of the resource's value includes the one that is written.
  | 'co'

export type SearchValue =
  | TokenValue
  | ReferenceValue
  | StringValue
  | UriValue
  | DateValue
  | NumberValue
  | QuantityValue
  | CompositeValue
  | NearValue

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

/** `code$value`: one value for each component, in their order. https://hl7.org/fhir/R4/search.html#combining */
export interface CompositeValue {
  readonly kind: 'composite'
  readonly parts: readonly SearchValue[]
}

/** `near=48.85|2.35|10|km`. https://hl7.org/fhir/R4/location.html#positional-searching */
export interface NearValue {
  readonly kind: 'near'
  readonly latitude: number
  readonly longitude: number
  readonly meters: number
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
  /** Of one search, includes among them; see weight.ts. */
  readonly maxTests: number
}

interface SupportedKind {
  readonly modifiers: readonly Modifier[]
  readonly prefixes: readonly Prefix[]
  readonly sortable: boolean
}
