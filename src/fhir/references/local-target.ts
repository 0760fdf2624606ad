/** What a literal reference means to this server. https://hl7.org/fhir/R4/references.html#literal */

export interface LocalTarget {
  readonly type: string
  readonly id: string
  /** As written behind `_history/`. */
  readonly version: string | undefined
}

/**
 * A resource of this server; `elsewhere`: contained, a urn, or of another server; `nowhere`: of this server by its form,
 * but no resource's address (a search, say).
 */
export type ReferenceMeaning = LocalTarget | 'elsewhere' | 'nowhere'

const LOCAL = /^([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/([A-Za-z0-9\-.]{1,64}))?$/
/** RFC 3986 §3.1 */
const ABSOLUTE = /^[A-Za-z][A-Za-z0-9+.-]*:/

/** @param toLocal gives `Patient/123` for an absolute URL under the tenant's own base */
export function meaningOf(reference: string, toLocal: (url: string) => string | undefined): ReferenceMeaning {
  if (reference.startsWith('#')) return 'elsewhere'
  const local = ABSOLUTE.test(reference) ? toLocal(reference) : reference
  if (local === undefined) return 'elsewhere'
  const [, type, id, version] = LOCAL.exec(withoutFragment(local)) ?? []
  return type === undefined || id === undefined ? 'nowhere' : { type, id, version }
}

function withoutFragment(url: string): string {
  const hash = url.indexOf('#')
  return hash < 0 ? url : url.slice(0, hash)
}
