/** What a resource says to the search index. https://hl7.org/fhir/R4/search.html#ptypes */
import type { JsonObject } from '../../kernel/json.ts'

export interface TokenEntry {
  readonly param: string
  /** undefined: it has none. */
  readonly system: string | undefined
  /** '': it has only a system. */
  readonly code: string
}

interface ReferenceEntry {
  readonly param: string
  /**
   * `Patient/123` for a resource of this server, else an absolute URL, a urn, or a canonical URL: with `|version`, or `|`
   * when it has none, and also without.
   */
  readonly target: string
  /** Of a literal reference to one version, which the index does not have. */
  readonly version?: string
}

export interface StringEntry {
  readonly param: string
  /** As written; see normalise(). */
  readonly value: string
  /** A later word of a family name, which is found by it but is not it. */
  readonly part?: true
}

interface UriEntry {
  readonly param: string
  readonly value: string
}

export interface DateEntry {
  readonly param: string
  /** Epoch milliseconds, included; -Infinity: open. */
  readonly from: number
  /** Epoch milliseconds, excluded; Infinity: open. */
  readonly to: number
}

/**
 * "Values that are greater than exactly 100": what a resource says is a point, and only a Range has two ends; the
 * precision of what is asked counts, and only for eq, ne and ap. https://hl7.org/fhir/R4/search.html#number
 */
export interface NumberEntry {
  readonly param: string
  /** Decimal texts, both included; undefined: open. */
  readonly low: string | undefined
  readonly high: string | undefined
  /** An end that a comparator (`<5`) leaves out. */
  readonly without?: 'low' | 'high'
}

export interface QuantityEntry extends NumberEntry {
  readonly system: string | undefined
  readonly code: string | undefined
  readonly unit: string | undefined
}

interface PositionEntry {
  readonly param: string
  readonly latitude: number
  readonly longitude: number
}

/** A resource that stands in this one where a reference of the parameter points: contained, or an entry of a Bundle. */
export interface EmbeddedEntry {
  readonly param: string
  readonly resource: JsonObject
}

/** What stands together in one base of a composite parameter: the entries of each component. */
export interface CompositeEntry {
  readonly param: string
  /** How many bases there are: with one, what stands in the resource stands together. */
  readonly bases: number
  readonly parts: readonly ValueEntries[]
}

/** An entry may come twice; who stores them keeps one. */
export interface ValueEntries {
  readonly tokens: TokenEntry[]
  readonly references: ReferenceEntry[]
  readonly strings: StringEntry[]
  readonly uris: UriEntry[]
  readonly dates: DateEntry[]
  readonly numbers: NumberEntry[]
  readonly quantities: QuantityEntry[]
  readonly positions: PositionEntry[]
  readonly embedded: EmbeddedEntry[]
  /** Codes of the parameters whose elements are there, whatever they say: what `:missing` asks for. */
  readonly present: Set<string>
}

export interface IndexEntries extends ValueEntries {
  readonly composites: CompositeEntry[]
  readonly compartments: {
    /** Ids of the Patients in whose compartment it is, a Patient's own included. */
    readonly patients: readonly string[]
  }
}

export function noEntries(): ValueEntries {
  return {
    tokens: [],
    references: [],
    strings: [],
    uris: [],
    dates: [],
    numbers: [],
    quantities: [],
    positions: [],
    embedded: [],
    present: new Set(),
  }
}

/** The kinds of entries that are values of a parameter. */
export function valueLists(entries: ValueEntries) {
  const { tokens, references, strings, uris, dates, numbers, quantities, positions } = entries
  return { tokens, references, strings, uris, dates, numbers, quantities, positions }
}

/** Whether the parameter has a value, or an element that could have one. */
export function hasAny(entries: ValueEntries): boolean {
  return Object.values(valueLists(entries)).some((list: readonly unknown[]) => list.length > 0)
}
