/**
 * Which extraction an index is from. Whoever changes what is indexed of a resource adds a line here, and a migration that
 * raises the default of `tenant.index_version`. An index that is older is brought up to date in the background when the
 * program starts, and until then nothing is searched by what it lacks.
 *
 * A pass adds what is missing, and takes away intervals and strings that are no longer (the resource's row knows them).
 * Tokens that the new extraction would not make stay behind, since nothing knows them: where they could be found, their
 * hashes must change too, or the migration empties the table.
 */
import type { SearchParameter } from '../fhir/index.ts'

interface IndexVersion {
  readonly number: number
  /** Whether a search by this parameter needs what came with this version. */
  concerns(param: SearchParameter, isMissing: boolean): boolean
}

const ORDERED: ReadonlySet<string> = new Set(['date', 'number', 'quantity', 'composite', 'special'])

const TOKENS: ReadonlySet<string> = new Set(['token', 'reference', 'uri'])

const VERSIONS: readonly IndexVersion[] = [
  // Numbers, quantities, composites, positions; long intervals of dates; the parameters that are present.
  { number: 1, concerns: ({ type }, isMissing) => isMissing || ORDERED.has(type) },
  // Tokens once, found by their values; in the order of a clinical date.
  { number: 2, concerns: ({ type }) => TOKENS.has(type) || type === 'composite' },
  // Contained resources, versions in part, systems without a code, later words of a family name; elements without a value.
  {
    number: 3,
    concerns: ({ type }, isMissing) =>
      isMissing || TOKENS.has(type) || type === 'composite' || type === 'string',
  },
  // References that nothing can be searched by, for referential integrity.
  { number: 4, concerns: () => false },
]

export const INDEX_VERSION = VERSIONS.at(-1)!.number

/** Columns of the resource's row answer for these. */
const OF_THE_ROW: ReadonlySet<string> = new Set(['_id', '_lastUpdated'])

/** Whether an index of this version lacks what the search needs. */
export function lacks(version: number, param: SearchParameter, isMissing: boolean): boolean {
  if (OF_THE_ROW.has(param.code)) return false
  return VERSIONS.some(({ number, concerns }) => number > version && concerns(param, isMissing))
}
