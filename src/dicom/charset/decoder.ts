/**
 * Text bytes → string under a Specific Character Set, with the code extensions of ISO 2022.
 * PS3.5 §6.1.2.5 and Annexes H (Japanese), I (Korean), K (Chinese); PS3.3 §C.12.1.1.2
 */
import {
  ASCII_ONLY,
  type CharacterSet,
  characterSetOf,
  type CodeElement,
  ESCAPES,
  type Repertoire,
} from './sets.ts'

export interface TextDecoding {
  /** The terms that name no character set; their text was read by the fallback. */
  readonly unknown: readonly string[]
  /**
   * The text of one element. `delimiters`: the bytes at which escapes end (PS3.5 §6.1.2.5.3): the backslash
   * between values, in person names also ^ and =.
   */
  decode(bytes: Buffer, delimiters: string): string
}

const ESC = 0x1b

/** Besides the delimiters, each line and page begins in the initial state. PS3.5 §6.1.2.5.3 */
const LINE_ENDS = '\n\r\f\t'

/** @param terms the values of (0008,0005); none or a first empty one is the default repertoire, ISO-IR 6 */
export function textDecoding(terms: readonly string[]): TextDecoding {
  const unknown = terms.filter((term) => characterSetOf(term) === undefined)
  const first: CharacterSet = characterSetOf(terms[0] ?? '') ?? { kind: 'iso2022', initial: ASCII_ONLY }
  // With escapes a second value adds to the first; without a G1 of its own, the first that brings one serves for it.
  const extra = terms.slice(1).flatMap((term) => initialOf(term)?.g1 ?? [])
  return {
    unknown,
    decode(bytes, delimiters) {
      if (isPlainAscii(bytes) && (first.kind === 'whole' || first.initial.g0 === ASCII_ONLY.g0)) {
        return bytes.toString('latin1')
      }
      if (first.kind === 'whole') return first.decode(bytes)
      return decodeIso2022(bytes, first.initial, extra[0], delimiters + LINE_ENDS)
    },
  }
}

function initialOf(term: string): Repertoire | undefined {
  const set = characterSetOf(term)
  return set?.kind === 'iso2022' ? set.initial : undefined
}

function isPlainAscii(bytes: Buffer): boolean {
  for (const byte of bytes) if (byte >= 0x80 || byte === ESC) return false
  return true
}

/** Walks runs of bytes that belong to one code element; each is decoded in one go. */
function decodeIso2022(
  bytes: Buffer,
  initial: Repertoire,
  extraG1: CodeElement | undefined,
  resets: string,
): string {
  let text = ''
  let { g0, g1 } = initial
  // Senders forget to repeat the escape after a delimiter; then what was last designated still serves.
  let spareG1 = extraG1
  for (let at = 0; at < bytes.length;) {
    const escape = escapeAt(bytes, at)
    if (escape !== undefined) {
      if (escape.place === 'g0') g0 = escape.element
      else g1 = spareG1 = escape.element
      at += 1 + escape.bytes.length
      continue
    }
    const byte = bytes[at]!
    if (byte < 0x80 && isReset(byte, g0, resets)) {
      text += String.fromCharCode(byte)
      ;({ g0, g1 } = initial)
      at += 1
      continue
    }
    const end = endOfRun(bytes, at, g0, resets)
    const run = bytes.subarray(at, end)
    text += byte < 0x80 ? g0.decode(run) : decodeHigh(run, g1 ?? spareG1)
    at = end
  }
  return text
}

function escapeAt(bytes: Buffer, at: number) {
  if (bytes[at] !== ESC) return undefined
  const following = bytes.toString('latin1', at + 1, at + 4)
  return ESCAPES.find((escape) => following.startsWith(escape.bytes))
}

/** In a two-byte G0 the same byte values are halves of characters; there only control characters can be line ends. */
function isReset(byte: number, g0: CodeElement, resets: string): boolean {
  return (g0.width === 1 || byte < 0x20) && resets.includes(String.fromCharCode(byte))
}

function endOfRun(bytes: Buffer, start: number, g0: CodeElement, resets: string): number {
  const high = bytes[start]! >= 0x80
  let at = start + 1
  for (; at < bytes.length; at += 1) {
    const byte = bytes[at]!
    if (byte === ESC || byte >= 0x80 !== high) break
    if (!high && isReset(byte, g0, resets)) break
  }
  return at
}

/**
 * High bytes where no set for them was announced: UTF-8 if they are valid UTF-8 (what modern devices send without
 * saying so), else Latin-1.
 */
function decodeHigh(run: Buffer, g1: CodeElement | undefined): string {
  if (g1 !== undefined) return g1.decode(run)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(run)
  } catch {
    return run.toString('latin1')
  }
}
