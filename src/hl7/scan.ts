/** Finding segments in raw bytes without decoding them: CR and LF end a line in every character set but UTF-16. */

export interface RawLine {
  readonly start: number
  readonly end: number
}

/** Walks the lines of a message that are not empty. Each line end is searched once, so a message without CR or without LF stays linear. */
export function* rawLines(bytes: Buffer, from = 0): Generator<RawLine> {
  let cr = nextOf(bytes, 0x0d, from)
  let lf = nextOf(bytes, 0x0a, from)
  let start = from
  for (;;) {
    while (bytes[start] === 0x0d || bytes[start] === 0x0a) start++
    if (start >= bytes.length) return
    if (cr < start) cr = nextOf(bytes, 0x0d, start)
    if (lf < start) lf = nextOf(bytes, 0x0a, start)
    const end = Math.min(cr, lf)
    yield { start, end }
    start = end + 1
  }
}

function nextOf(bytes: Buffer, byte: number, from: number): number {
  const found = bytes.indexOf(byte, from)
  return found === -1 ? bytes.length : found
}

/** The three letters that begin a line, followed by the separator or the end of the line; undefined otherwise. */
export function rawName(bytes: Buffer, { start, end }: RawLine, separator: number): string | undefined {
  if (end - start < 3 || (end - start > 3 && bytes[start + 3] !== separator)) return undefined
  return bytes.toString('latin1', start, start + 3)
}

/** Where the header begins: behind a byte order mark, framing characters and blanks; -1 when something else comes first. */
export function headerStart(bytes: Buffer): number {
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  while (at < bytes.length && bytes[at]! <= 0x20) at++
  return at < bytes.length ? at : -1
}
