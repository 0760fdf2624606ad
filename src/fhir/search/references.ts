/** What a literal reference points to, as the index names it. https://hl7.org/fhir/R4/references.html#literal */

export interface ReferenceTarget {
  /** `Patient/123`, an absolute URL without a version, or a urn. */
  readonly target: string
  /** Resource type, where the reference shows it. */
  readonly type: string | undefined
  /** Of a reference to one version. */
  readonly version: string | undefined
}

const LOCAL = /^([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/([A-Za-z0-9\-.]{1,64}))?$/
const ABSOLUTE =
  /^(https?:\/\/.+\/([A-Z][A-Za-z]+)\/[A-Za-z0-9\-.]{1,64})(?:\/_history\/([A-Za-z0-9\-.]{1,64}))?$/

/**
 * undefined for what the index can't name: a contained resource, a conditional reference.
 * @param toLocal gives `Patient/123` for an absolute URL under this server's base
 */
export function referenceTarget(
  reference: string,
  toLocal: (url: string) => string | undefined,
): ReferenceTarget | undefined {
  if (reference.startsWith('#') || reference.includes('?')) return undefined
  const local = LOCAL.exec(reference)
  if (local) return { target: `${local[1]}/${local[2]}`, type: local[1], version: local[3] }
  const absolute = ABSOLUTE.exec(reference)
  const version = absolute?.[3]
  const own = toLocal(absolute?.[1] ?? reference)
  if (own !== undefined) return { target: own, type: own.slice(0, own.indexOf('/')), version }
  return { target: absolute?.[1] ?? reference, type: absolute?.[2], version }
}
