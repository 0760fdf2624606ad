/**
 * Version ids as weak ETags, and the conditional headers that name them.
 * https://hl7.org/fhir/R4/http.html#versionaware, RFC 9110 §13.1
 */
import { Failure } from '../../kernel/failure.ts'
import type { Conditions } from './interaction.ts'
import type { Stored } from './ports.ts'

export function etagOf(version: number): string {
  return `W/"${version}"`
}

/** HTTP-date, in seconds. RFC 9110 §5.6.7. */
export function httpDate(instant: string): string {
  return new Date(instant).toUTCString()
}

/**
 * The version that If-Match asks for; `any` for `*`. Clients that leave out the W/ or the quotes are understood.
 * @throws Failure `invalid`/`if-match-malformed`
 */
export function expectedVersion(ifMatch: string | undefined): number | 'any' | undefined {
  if (ifMatch === undefined) return undefined
  if (ifMatch.trim() === '*') return 'any'
  const version = /^(?:W\/)?"?(\d{1,9})"?$/.exec(ifMatch.trim())?.[1]
  if (version === undefined) throw new Failure('invalid', 'if-match-malformed')
  return Number(version)
}

/** True when the client's copy is still good: 304. If-None-Match wins over If-Modified-Since. */
export function isFresh(stored: Stored, { ifNoneMatch, ifModifiedSince }: Conditions): boolean {
  if (ifNoneMatch !== undefined) return matchesTag(ifNoneMatch, etagOf(stored.version))
  if (ifModifiedSince === undefined) return false
  const since = Date.parse(ifModifiedSince)
  return Number.isFinite(since) && Math.floor(Date.parse(stored.lastUpdated) / 1000) * 1000 <= since
}

/** Weak comparison of an If-None-Match list. RFC 9110 §8.8.3.2. */
export function matchesTag(ifNoneMatch: string, etag: string): boolean {
  const opaque = etag.replace(/^W\//, '')
  return ifNoneMatch
    .split(',')
    .map((tag) => tag.trim())
    .some((tag) => tag === '*' || tag.replace(/^W\//, '') === opaque)
}
