/** In which order the entries of a Bundle are run, whatever their order in it. https://hl7.org/fhir/R4/http.html#trules */
import type { BundleMethod } from './parse.ts'

const RANK: Readonly<Record<BundleMethod, number>> = { DELETE: 0, POST: 1, PUT: 2, PATCH: 2, GET: 3, HEAD: 3 }

/** The same entries, deletions first, then creations, then updates, then reads; those of one rank as they came. */
export function inProcessingOrder<Entry extends { readonly method: BundleMethod }>(
  entries: readonly Entry[],
): Entry[] {
  return entries.toSorted((a, b) => RANK[a.method] - RANK[b.method])
}
