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

interface NumberEntry {
  readonly param: string
  /** Decimal text as written: `1.10`. */
  readonly value: string
  /** The range that the written precision means: `1.095` to `1.105`. */
  readonly low: string
  readonly high: string
}

interface QuantityEntry {
  readonly param: string
  /** The decimal's range by its precision; undefined: open, as in a Range without that end or a comparator. */
  readonly low: string | undefined
  readonly high: string | undefined
  readonly value: string | undefined
  readonly system: string | undefined
  readonly code: string | undefined
  readonly unit: string | undefined
}

/** An entry may come twice; who stores them keeps one. */
export interface IndexEntries {
  readonly tokens: TokenEntry[]
  readonly references: ReferenceEntry[]
  readonly strings: StringEntry[]
  readonly uris: UriEntry[]
  readonly dates: DateEntry[]
  readonly numbers: NumberEntry[]
  readonly quantities: QuantityEntry[]
  readonly compartments: {
    /** Ids of the Patients in whose compartment it is, a Patient's own included. */
    readonly patients: readonly string[]
  }
}
