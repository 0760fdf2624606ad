/** JSON Pointer. RFC 6901 */

/** The unescaped tokens, from the root on; none is the whole document. */
export type Pointer = readonly string[]

const UNKNOWN_ESCAPE = /~(?![01])/

/** undefined: not a pointer. */
export function parsePointer(text: string): Pointer | undefined {
  if (text === '') return []
  if (!text.startsWith('/') || UNKNOWN_ESCAPE.test(text)) return undefined
  // §4: `~1` first, so that `~01` is `~1` and not `/`.
  return text
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** §4: digits without a leading zero. undefined: not an index. */
export function arrayIndex(token: string): number | undefined {
  return /^(?:0|[1-9]\d{0,8})$/.test(token) ? Number(token) : undefined
}
