/**
 * Escape sequences in a value: delimiters, hexadecimal bytes, formatting, character sets. HL7 v2.5 chapter 2, §2.7.
 * They are decoded after splitting, so that an escaped delimiter never splits.
 */
import { Failure } from '../kernel/failure.ts'
import { decodeIso2022, encodeText, isDesignation, tryDecode, type Charset } from './charset/index.ts'
import type { Delimiters } from './delimiters.ts'

/** What is needed to read a value: the delimiters of its message and the character set of its \X…\ bytes. */
export interface Syntax {
  readonly delimiters: Delimiters
  readonly charset: Charset
}

/** Spaces or lines that one formatting command may make; a value cannot grow without bound. */
const MAX_FILL = 200

/**
 * Decodes a value. What isn't a known escape stays as it was sent (`C:\temp\scan`), also local escapes (\Z…\) and
 * bytes that the character set does not have: nothing is lost, nothing throws.
 */
export function decodeEscapes(raw: string, syntax: Syntax): string {
  const { escape } = syntax.delimiters
  if (escape === undefined || !raw.includes(escape)) return raw
  let text = ''
  let at = 0
  // Tried once: where the rest gives no text in the sets it switches to, all of it stays as it is.
  let maySwitch = true
  for (;;) {
    const start = raw.indexOf(escape, at)
    const end = start === -1 ? -1 : raw.indexOf(escape, start + 1)
    if (end === -1) return text + raw.slice(at)
    const body = raw.slice(start + 1, end)
    text += raw.slice(at, start)
    if (maySwitch && designation(body) !== undefined) {
      maySwitch = false
      const switched = decodeSwitched(raw.slice(start), syntax)
      if (switched !== undefined) return text + switched
    }
    const meaning = meaningOf(body, syntax)
    if (meaning === undefined) {
      // Not an escape: its second character may begin a real one.
      text += raw.slice(start, end)
      at = end
    } else {
      text += meaning
      at = end + 1
    }
  }
}

function meaningOf(body: string, { delimiters, charset }: Syntax): string | undefined {
  switch (body) {
    case 'F':
      return delimiters.field
    case 'S':
      return delimiters.component
    case 'T':
      return delimiters.subcomponent
    case 'R':
      return delimiters.repetition
    case 'E':
      return delimiters.escape
    case 'P':
      return delimiters.truncation ?? '#'
    case 'H': // begin and end of highlighting: FHIR's text has none
    case 'N':
      return ''
    default:
      if (/^[Xx]/.test(body)) return hexadecimal(body.slice(1), charset)
      return body.startsWith('.') ? formatting(body) : undefined
  }
}

function hexadecimal(digits: string, charset: Charset): string | undefined {
  if (!/^(?:[0-9A-Fa-f]{2})+$/.test(digits)) return undefined
  const bytes = Buffer.from(digits, 'hex')
  // Control characters are written as single bytes also where the set has two-byte codes.
  return bytes.every((byte) => byte < 0x80) ? bytes.toString('latin1') : tryDecode(bytes, charset)
}

/** The commands of formatted text (FT), §2.7.6. Layout that plain text cannot show is left out. */
function formatting(body: string): string | undefined {
  const [, command, number] = /^\.([a-z]{2})([+-]?\d{0,6})$/i.exec(body) ?? []
  const count = Math.min(MAX_FILL, Math.max(1, Number(number ?? '')))
  switch (command?.toLowerCase()) {
    case 'br':
    case 'ce':
      return '\n'
    case 'sp':
      return '\n'.repeat(count)
    case 'sk':
      return ' '.repeat(count)
    case 'fi':
    case 'nf':
    case 'in':
    case 'ti':
      return ''
    default:
      return undefined
  }
}

/** The ISO 2022 bytes of a \C…\ or \M…\ escape, in hexadecimal. */
function designation(body: string): string | undefined {
  const digits = /^[CM]((?:[0-9A-Fa-f]{2}){2,3})$/.exec(body)?.[1]
  return digits !== undefined && isDesignation(digits) ? digits : undefined
}

/**
 * The rest of a value from its first change of character set on: the escapes become raw ISO 2022 sequences again and
 * the bytes between them are read in the set then in force. Undefined where that gives no text.
 */
function decodeSwitched(raw: string, syntax: Syntax): string | undefined {
  const escape = syntax.delimiters.escape!
  const pieces = raw.split(escape)
  const bytes: Buffer[] = []
  for (const [index, piece] of pieces.entries()) {
    const hex = designation(piece)
    if (hex !== undefined && index % 2 === 1) {
      bytes.push(Buffer.from([0x1b]), Buffer.from(hex, 'hex'))
    } else if (index % 2 === 1) {
      const meaning = meaningOf(piece, syntax)
      if (meaning === undefined) return undefined
      bytes.push(Buffer.from(meaning, 'latin1'))
    } else {
      bytes.push(encodeText(piece, syntax.charset, { missing: 'question-mark' }))
    }
  }
  return decodeIso2022(Buffer.concat(bytes))
}

/**
 * Encodes a value so that decoding gives it back: delimiters by their letters, a line feed as \.br\, other control
 * characters (also the MLLP ones and the segment end) as \X..\.
 * @throws Failure `invalid`/`hl7-no-escape-character` when the message has none and the value needs one
 */
export function encodeEscapes(text: string, delimiters: Delimiters): string {
  // The whole value `""` would read as null.
  if (text === '""') return encodeEscapes('"', delimiters) + escaped('X22', delimiters)
  let raw = ''
  let from = 0
  for (let at = 0; at < text.length; at++) {
    const letter = letterOf(text[at]!, delimiters)
    if (letter === undefined) continue
    raw += text.slice(from, at) + escaped(letter, delimiters)
    from = at + 1
  }
  return from === 0 ? text : raw + text.slice(from)
}

function letterOf(character: string, delimiters: Delimiters): string | undefined {
  switch (character) {
    case delimiters.field:
      return 'F'
    case delimiters.component:
      return 'S'
    case delimiters.repetition:
      return 'R'
    case delimiters.escape:
      return 'E'
    case delimiters.subcomponent:
      return 'T'
    case delimiters.truncation:
      return 'P'
    case '\n':
      return '.br'
    default: {
      const code = character.charCodeAt(0)
      if (code >= 0x20 || code === 0x09) return undefined
      return `X${code.toString(16).toUpperCase().padStart(2, '0')}`
    }
  }
}

function escaped(letter: string, { escape }: Delimiters): string {
  if (escape === undefined) throw new Failure('invalid', 'hl7-no-escape-character')
  return escape + letter + escape
}
