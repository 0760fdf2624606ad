/**
 * The lines of a message: each segment with the characters that end it. HL7 says CR (v2.5 chapter 2, §2.5.2); CR LF and LF
 * are tolerated. A line feed alone inside a text (a pasted note) ends nothing: after it no segment begins.
 */
import { Failure } from '../kernel/failure.ts'

export interface Line {
  readonly text: string
  /** What ends it: CR, LF, CR LF; '' at the end of the message. */
  readonly end: string
}

/** A 16 MiB message of shortish segments; each line costs some hundred bytes. */
const MAX_LINES = 250_000

/** @throws Failure `too-large`/`hl7-lines` */
export function linesOf(message: string, fieldSeparator: string): Line[] {
  const lines = message.includes('\n') ? mixedLines(message, fieldSeparator) : carriageReturnLines(message)
  if (lines.length > MAX_LINES) throw new Failure('too-large', 'hl7-lines', { max: MAX_LINES })
  return lines
}

function carriageReturnLines(message: string): Line[] {
  const texts = message.split('\r', MAX_LINES + 2)
  const last = texts.pop()!
  const lines = texts.map((text) => ({ text, end: '\r' }))
  if (last !== '') lines.push({ text: last, end: '' })
  return lines
}

function mixedLines(message: string, fieldSeparator: string): Line[] {
  const lines: Line[] = []
  const ends = /\r\n|\r|\n/g
  let from = 0
  for (
    let found = ends.exec(message);
    found !== null && lines.length <= MAX_LINES;
    found = ends.exec(message)
  ) {
    const after = ends.lastIndex
    if (found[0] === '\n' && !beginsSegment(message, after, fieldSeparator)) continue
    lines.push({ text: message.slice(from, found.index), end: found[0] })
    from = after
  }
  if (from < message.length) lines.push({ text: message.slice(from), end: '' })
  return lines
}

/** A name and a separator, or another line end, or the end of the message. */
function beginsSegment(message: string, at: number, fieldSeparator: string): boolean {
  const next = message[at]
  if (next === undefined || next === '\r' || next === '\n') return true
  return /^[A-Z][A-Z0-9]{2}$/.test(message.slice(at, at + 3)) && (message[at + 3] ?? '\r') === fieldSeparator
}
