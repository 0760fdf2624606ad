/**
 * Bytes to text and back, strictly. A byte sequence that the character set does not have is a Failure, never U+FFFD:
 * a wrong letter in a patient's name must be noticed at the door.
 */
import { isAscii } from 'node:buffer'

import { Failure } from '../../kernel/failure.ts'
import { multiByteEncoder, singleByteEncoder, type CharacterEncoder } from './encoders.ts'
import { decodeIso2022 } from './iso2022.ts'
import { iso2022Base, type Charset, type Iso2022Charset } from './names.ts'

const ESC = 0x1b

/**
 * Decodes bytes.
 * @throws Failure `invalid`/`hl7-charset` with the set, the line and the segment where it breaks
 */
export function decodeText(bytes: Buffer, charset: Charset): string {
  const text = tryDecode(bytes, charset)
  if (text === undefined) throw new Failure('invalid', 'hl7-charset', { charset, ...placeOf(bytes, charset) })
  return text
}

/** Decodes bytes; undefined when they are not text of that set. */
export function tryDecode(bytes: Buffer, charset: Charset): string | undefined {
  if (charset === 'utf-16be' || charset === 'utf-16le') return strict(charset, bytes)
  if (charset === 'iso-2022')
    return bytes.includes(ESC) || !isAscii(bytes) ? decodeIso2022(bytes) : bytes.toString('latin1')
  const base = iso2022Base(charset)
  if (base !== undefined) return bytes.includes(ESC) ? decodeIso2022(bytes, base) : strict(base, bytes)
  if (isAscii(bytes)) return bytes.toString('latin1')
  if (charset === 'ascii') return undefined
  const text = strict(charset, bytes)
  return text !== undefined && isMultiByte(charset) ? withoutQuirks(text, charset) : text
}

const MULTI_BYTE: readonly Charset[] = ['shift_jis', 'euc-jp', 'euc-kr', 'gb18030', 'big5']

function isMultiByte(charset: Charset): boolean {
  return MULTI_BYTE.includes(charset)
}

/**
 * Against https://encoding.spec.whatwg.org/ Node's decoders give C1 control codes (and U+F8F8) for bytes that these sets do not have,
 * and change three control codes about in Shift JIS.
 */
function withoutQuirks(text: string, charset: Charset): string | undefined {
  // oxlint-disable-next-line no-control-regex
  if (/[\x80-\x9f\uf8f8]/.test(text)) return undefined
  // oxlint-disable-next-line no-control-regex
  return charset === 'shift_jis' ? text.replace(/[\x1a\x1c\x7f]/g, (code) => TURNED[code]!) : text
}

const TURNED: Readonly<Record<string, string>> = { '\x1a': '\x7f', '\x1c': '\x1a', '\x7f': '\x1c' }

/**
 * The WHATWG decoders read iso-8859-1 as windows-1252 (and -9 as -1254): the bytes 0x80–0x9F, which the ISO sets leave
 * to control codes that no message contains, become the quotes and the euro sign that such senders mean by them.
 */
function strict(label: string, bytes: Buffer): string | undefined {
  try {
    return new TextDecoder(label, { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** The first line that cannot be decoded, counted from 1, and the name of its segment. */
function placeOf(bytes: Buffer, charset: Charset): { line?: number; segment?: string } {
  if (charset === 'utf-16be' || charset === 'utf-16le') return {}
  let line = 1
  for (let from = 0; from < bytes.length && line < 100_000; line++) {
    const found = bytes.indexOf(0x0d, from)
    const end = found === -1 ? bytes.length : found
    const part = bytes.subarray(from, end)
    if (tryDecode(part, charset) === undefined) {
      const segment = /^\s*([A-Z][A-Z0-9]{2})\W/.exec(part.toString('latin1', 0, 8))?.[1]
      return segment === undefined ? { line } : { line, segment }
    }
    from = end + 1
  }
  return {}
}

export interface EncodeOptions {
  /** What to do with a character that the set does not have. Default: `fail`. */
  readonly missing?: 'fail' | 'question-mark'
}

/**
 * Encodes text.
 * @throws Failure `invalid`/`hl7-charset-missing-character` unless told to write a question mark
 */
export function encodeText(text: string, charset: Charset, { missing = 'fail' }: EncodeOptions = {}): Buffer {
  if (charset === 'utf-8') return Buffer.from(text, 'utf8')
  if (charset === 'utf-16le') return Buffer.from(text, 'utf16le')
  if (charset === 'utf-16be') return Buffer.from(text, 'utf16le').swap16()
  const runs = text.match(/[\0-\x7f]+|[^\0-\x7f]+/gu) ?? []
  if (runs.length <= 1 && !/[^\0-\x7f]/.test(text)) return Buffer.from(text, 'latin1')
  const base = iso2022Base(charset)
  const encode =
    charset === 'iso-2022' || base !== undefined
      ? makeIso2022RunEncoder(base)
      : runEncoder(encoderOf(charset as OneSet))
  return Buffer.concat(
    runs.map((run) =>
      run < '\x80' ? Buffer.from(run, 'latin1') : encode(run, () => replacement(charset, missing)),
    ),
  )
}

function replacement(charset: Charset, missing: 'fail' | 'question-mark'): readonly number[] {
  if (missing === 'question-mark') return [0x3f]
  throw new Failure('invalid', 'hl7-charset-missing-character', { charset })
}

type OneSet = Exclude<Charset, 'utf-8' | 'utf-16be' | 'utf-16le' | 'iso-2022' | Iso2022Charset>

function encoderOf(charset: OneSet): CharacterEncoder {
  switch (charset) {
    case 'ascii':
      return () => undefined
    case 'shift_jis':
    case 'euc-jp':
    case 'euc-kr':
    case 'gb18030':
    case 'big5':
      return multiByteEncoder(charset)
    default:
      return singleByteEncoder(charset)
  }
}

type RunEncoder = (run: string, replace: () => readonly number[]) => Buffer

function runEncoder(encoder: CharacterEncoder): RunEncoder {
  return (run, replace) => Buffer.from([...run].flatMap((character) => encoder(character) ?? replace()))
}

/** JIS X 0208 between ESC $ B and ESC ( B; half-width katakana between ESC ( I and ESC ( B; what `base` has, as it is. */
function makeIso2022RunEncoder(base?: OneSet): RunEncoder {
  const upper = base === undefined ? undefined : encoderOf(base)
  const kanji = multiByteEncoder('euc-jp')
  const katakana = multiByteEncoder('shift_jis')
  return (run, replace) =>
    Buffer.concat(
      [...run].map((character) => {
        const single = upper?.(character)
        if (single !== undefined) return Buffer.from(single)
        const half = character >= '\uff61' && character <= '\uff9f'
        const code = half ? katakana(character) : kanji(character)
        if (code === undefined) return Buffer.from(replace())
        const lead = half ? [ESC, 0x28, 0x49] : [ESC, 0x24, 0x42]
        return Buffer.from([...lead, ...code.map((byte) => byte & 0x7f), ESC, 0x28, 0x42])
      }),
    )
}
