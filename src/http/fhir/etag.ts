/**
 * Version ids as weak ETags, and the conditional headers that name them.
 * https://hl7.org/fhir/R4/http.html#versionaware, RFC 9110 §13.1
 */
import { Failure } from '../../kernel/failure.ts'
import type { ExactJson, JsonObject } from '../../kernel/json.ts'
import type { Stored } from '../../store/index.ts'
import type { Conditions } from './interaction.ts'

export function etagOf(version: number): string {
  return `W/"${version}"`
}

/** HTTP-date, in seconds. RFC 9110 §5.6.7. */
export function httpDate(instant: string): string {
  return new Date(instant).toUTCString()
}

/**
 * If-Match of a write, against the version that the write would replace. `*`: any, but there must be one.
 * Clients that leave out the W/ or the quotes are understood.
 * @throws Failure `invalid`/`if-match-malformed`, `precondition`/`resource-must-exist`, `precondition`/`version-mismatch`
 */
export function refuseOtherVersion(
  type: string,
  current: ExactJson | undefined,
  ifMatch: string | undefined,
): void {
  if (ifMatch === undefined) return
  const expected = /^(?:W\/)?"?(\d{1,9})"?$/.exec(ifMatch.trim())?.[1]
  if (expected === undefined && ifMatch.trim() !== '*') throw new Failure('invalid', 'if-match-malformed')
  if (current === undefined) throw new Failure('precondition', 'resource-must-exist', { type })
  const actual = (current.value['meta'] as JsonObject)['versionId']
  if (expected !== undefined && expected !== actual) {
    throw new Failure('precondition', 'version-mismatch', { expected, actual: String(actual) })
  }
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
