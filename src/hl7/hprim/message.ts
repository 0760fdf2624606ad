/**
 * HPRIM santé, versions 2.0 to 2.5: what French laboratories send results with (association H.PR.I.M., now Interop'Santé;
 * after ASTM E1238). Lines of at most 220 characters; a segment that is longer goes on in lines named A. The five
 * characters behind the H are separators in the order field, component, repetition, escape, subcomponent: usually `|~^\&`,
 * so that `~` and `^` have each other's meaning in HL7.
 */
import { Failure } from '../../kernel/failure.ts'
import type { Charset } from '../charset/index.ts'
import { readDelimiters, type Delimiters, type DelimiterFault } from '../delimiters.ts'
import { Hl7Segment } from '../segment.ts'

export interface HprimMessage {
  readonly delimiters: Delimiters
  /** H, P, OBR, OBX, C, L and others in order, continuations joined. In H field 1 is the separators. */
  readonly segments: readonly Hl7Segment[]
}

/** Lines of a file; as many as HL7 messages may have. */
const MAX_LINES = 250_000

/**
 * Reads a file, decoded already; the character set only matters for escaped bytes.
 * @throws Failure `invalid`/`hl7-no-header`, `hl7-field-separator`, `hl7-encoding-characters`; `too-large`/`hl7-lines`
 */
export function parseHprim(text: string, charset: Charset = 'iso-8859-1'): HprimMessage {
  const lines = linesOf(text)
  const delimiters = hprimDelimiters(lines[0] ?? '')
  if (typeof delimiters === 'string') throw new Failure('invalid', `hl7-${delimiters}`)
  const counts = new Map<string, number>()
  const segments = joined(lines, delimiters.field).map((raw, index) => {
    const place = { index, sequence: 1 }
    const segment = new Hl7Segment(raw, { delimiters, charset }, place)
    place.sequence = (counts.get(segment.name) ?? 0) + 1
    counts.set(segment.name, place.sequence)
    return segment
  })
  return { delimiters, segments }
}

/** CR ends a line, and what can't be printed behind it says nothing: line feeds, end-of-file marks, a byte order mark. */
function linesOf(text: string): string[] {
  const pieces = text.split(/[\r\n]+/, MAX_LINES + 1)
  if (pieces.length > MAX_LINES) throw new Failure('too-large', 'hl7-lines', { max: MAX_LINES })
  return pieces.map(printable).filter((line) => line.trim() !== '')
}

function printable(line: string): string {
  let [start, end] = [0, line.length]
  while (start < end && (line[start]! < ' ' || line[start] === '\ufeff')) start += 1
  while (end > start && line[end - 1]! < ' ') end -= 1
  return line.slice(start, end)
}

/** The separators of an H line. Old files leave the escape character out: `H|^~&|`. */
export function hprimDelimiters(line: string): Delimiters | DelimiterFault {
  if (line[0] !== 'H' || line.length < 2) return 'no-header'
  const [head = '', ...rest] = line.slice(2).split(line[1]!)
  const characters = head.length === 3 && head.endsWith('&') ? `${head.slice(0, 2)}\\&` : head
  return readDelimiters(`MSH${line[1]}${[characters, ...rest].join(line[1])}`)
}

/** Each segment with what its A lines add, without anything between: the cut may be in the middle of a word. */
function joined(lines: readonly string[], field: string): string[] {
  const segments: string[][] = []
  for (const line of lines) {
    const last = segments.at(-1)
    if (last && line.startsWith(`A${field}`)) last.push(line.slice(2))
    else segments.push([line])
  }
  return segments.map((parts) => parts.join(''))
}

/** The most characters that a line has with its end. */
const LINE = 220

/** Writes segments as lines, those that are too long with continuations. What parseHprim reads is the same again. */
export function encodeHprim(segments: readonly string[], field: string, end = '\r\n'): string {
  const most = LINE - end.length
  return segments
    .flatMap((segment) => {
      const lines = [segment.slice(0, most)]
      for (let at = most; at < segment.length; at += most - 2)
        lines.push(`A${field}${segment.slice(at, at + most - 2)}`)
      return lines
    })
    .map((line) => line + end)
    .join('')
}
