/** What a resource says to the search index. https://hl7.org/fhir/R4/search.html#ptypes */

export interface TokenEntry {
  readonly param: string
  /** undefined: it has none. */
  readonly system: string | undefined
  readonly code: string
}

interface ReferenceEntry {
  readonly param: string
  /** `Patient/123` for a resource of this server, else an absolute URL, a urn, or a canonical URL. */
  readonly target: string
}

interface StringEntry {
  readonly param: string
  /** As written; see normalise(). */
  readonly value: string
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
 * "The way search parameters operate in resources is not affected by the precision of the number in the resource":
 * a number is a point, and only a Range has two ends. https://hl7.org/fhir/R4/search.html#number
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
  }
}
