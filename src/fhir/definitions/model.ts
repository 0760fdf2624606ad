/**
 * What Passerelle keeps of FHIR R4's definitions: enough to validate, to walk and to search every resource type.
 * The data file r4.ndjson holds it; tools/fhir-definitions/ writes that file. https://hl7.org/fhir/R4/structuredefinition.html
 */

export interface DefinitionsFile {
  readonly version: string
  /** Every data type, resource type and backbone element, by its path: `Patient`, `Patient.contact`, `HumanName`. */
  readonly types: Readonly<Record<string, TypeEntry>>
  /** Code sets of the required bindings that can be listed: value set → system → codes. */
  readonly valueSets: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>
  /** By their canonical URL. */
  readonly searchParameters: Readonly<Record<string, SearchParameterEntry>>
  /** Compartment → resource type → parameter codes; `{def}` is the compartment's own resource. */
  readonly compartments: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>
}

export type TypeKind = 'resource' | 'complex' | 'primitive' | 'backbone'

export interface TypeEntry {
  readonly kind: TypeKind
  readonly base?: string
  readonly abstract?: true
  readonly elements?: Readonly<Record<string, ElementEntry>>
  readonly invariants?: readonly Invariant[]
}

export interface ElementEntry {
  /** Left out when 0. */
  readonly min?: number
  /** Left out when 1; `*` is no limit. */
  readonly max?: number | '*'
  /** Left out for a contentReference. More than one: a choice. */
  readonly types?: readonly ElementType[]
  /** True for `value[x]`: the JSON names are value + Type. */
  readonly choice?: true
  /** Path of the backbone type that this element repeats: `Observation.referenceRange`. */
  readonly contentReference?: string
  /** Value set of a required binding. */
  readonly required?: string
  readonly summary?: true
  readonly modifier?: true
  readonly invariants?: readonly Invariant[]
}

export interface ElementType {
  readonly code: string
  /** Resource types that a Reference or canonical may point to; left out when any. */
  readonly targets?: readonly string[]
}

export interface Invariant {
  readonly key: string
  readonly severity: 'error' | 'warning'
  readonly human: string
  readonly expression: string
  /** Best practice, not conformance. */
  readonly advice?: true
}

export type SearchParameterType =
  | 'number'
  | 'date'
  | 'string'
  | 'token'
  | 'reference'
  | 'composite'
  | 'quantity'
  | 'uri'
  | 'special'

export interface SearchParameterEntry {
  readonly url: string
  readonly code: string
  readonly type: SearchParameterType
  readonly base: readonly string[]
  readonly expression?: string
  readonly targets?: readonly string[]
  readonly components?: readonly { readonly definition: string; readonly expression: string }[]
}
