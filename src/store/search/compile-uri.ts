/**
 * Uris: "either the search term left-matches the value, or vice-versa"; "the :above and :below modifiers only apply to
 * URLs, and not URNS such as OIDs". https://hl7.org/fhir/R4/search.html#uri
 */
import type { Modifier, SearchValue } from '../../fhir/index.ts'
import { cut } from '../cut.ts'
import { orderHash, uriHash } from '../hash.ts'
import type { Condition, TokenSpan } from './condition.ts'
import { successor } from './enumerate.ts'
import { as, type IndexNames } from './index-names.ts'

export function uriCondition(
  { tenant, type, code }: IndexNames,
  modifier: Modifier | undefined,
  values: readonly SearchValue[],
): Condition {
  const uris = values.map((value) => as('uri', value).value)
  const hashOf = (uri: string) => uriHash(type, code, uri)
  if (modifier === 'below') {
    const order = orderHash(tenant, type, code)
    const spans = uris.filter((uri) => !uri.startsWith('urn:')).map((uri) => below(order, uri))
    return { by: 'token', hashes: uris.map(hashOf), spans }
  }
  const wanted = modifier === 'above' ? uris.flatMap(beginningsOf) : uris
  return { by: 'token', hashes: wanted.map(hashOf), spans: [] }
}

/** `url|1` has 1.0 and 1.1 below it; anything else what begins with it. */
function below(order: string, uri: string): TokenSpan {
  const from = cut(uri.includes('|') ? `${uri}.` : uri)
  return { order, from, to: successor(from) ?? from }
}

/** Longer URLs are not looked at letter by letter. */
const MAX_ABOVE = 1000

/** `http://a/b` → itself, `http://a/`, `http://a`. */
function beginningsOf(uri: string): string[] {
  const scheme = uri.indexOf('://')
  if (scheme < 0 || uri.length > MAX_ABOVE) return [uri]
  const host = scheme + '://'.length
  return Array.from({ length: uri.length - host }, (_, i) => uri.slice(0, host + i + 1))
}
