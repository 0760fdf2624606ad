/**
 * Text to bytes for the character sets that Node only decodes. Each table is the decoder's own, turned round, so that
 * what was decoded is encoded back; where two codes mean one character the first wins.
 */
import type { Charset } from './names.ts'

/** One character (a code point) to its bytes; undefined when the set does not have it. */
export type CharacterEncoder = (character: string) => readonly number[] | undefined

type MultiByteCharset = Extract<Charset, 'shift_jis' | 'euc-jp' | 'euc-kr' | 'gb18030' | 'big5'>

/** Encodes with a set whose 128 upper codes are listed by its decoder. */
export function singleByteEncoder(label: string): CharacterEncoder {
  const upper = Buffer.from(Array.from({ length: 128 }, (_, index) => index + 128))
  const codes = new Map<string, number>()
  const characters = new TextDecoder(label).decode(upper)
  for (let index = 0; index < characters.length; index++) codes.set(characters[index]!, index + 128)
  codes.delete('\ufffd')
  return (character) => {
    const code = codes.get(character)
    return code === undefined ? undefined : [code]
  }
}

/** Encodes with a set of two-byte codes; for gb18030 with its four-byte codes too. */
export function multiByteEncoder(charset: MultiByteCharset): CharacterEncoder {
  const table = tableOf(charset)
  return (character) =>
    table.get(character) ?? (charset === 'gb18030' ? beyondPlaneZero(character) : undefined)
}

// A cache of constants: a table takes some milliseconds to turn round, and only few processes ever need one.
const tables = new Map<MultiByteCharset, ReadonlyMap<string, readonly number[]>>()

function tableOf(charset: MultiByteCharset): ReadonlyMap<string, readonly number[]> {
  const known = tables.get(charset)
  if (known !== undefined) return known
  const codes = [
    ...oneByteCodes(charset),
    ...twoByteCodes(),
    ...(charset === 'gb18030' ? fourByteCodes() : []),
  ]
  const lines = new TextDecoder(charset)
    .decode(Buffer.from(codes.flatMap((code) => [...code, 0x0a])))
    .split('\n')
  const table = new Map<string, readonly number[]>()
  // An unmapped code may swallow its line end or give two characters: such lines never are one character.
  const aligned = lines.length === codes.length + 1
  for (const [index, code] of codes.entries()) {
    const character = aligned ? lines[index]! : decodeOne(charset, code)
    if (isOneCharacter(character) && !table.has(character)) table.set(character, code)
  }
  tables.set(charset, table)
  return table
}

function isOneCharacter(text: string): boolean {
  return [...text].length === 1 && text !== '\ufffd' && text > '\u007f'
}

function decodeOne(charset: MultiByteCharset, code: readonly number[]): string {
  return new TextDecoder(charset).decode(Buffer.from(code))
}

function oneByteCodes(charset: MultiByteCharset): number[][] {
  return charset === 'shift_jis' ? range(0xa1, 0xdf).map((byte) => [byte]) : []
}

function twoByteCodes(): number[][] {
  return range(0x81, 0xfe).flatMap((lead) => range(0x40, 0xfe).map((trail) => [lead, trail]))
}

/** The four-byte codes of GB 18030 for the Basic Multilingual Plane: 81308130 to 8431A439. */
function fourByteCodes(): number[][] {
  return range(0, 39_419).map(fourBytes)
}

function beyondPlaneZero(character: string): readonly number[] | undefined {
  const point = character.codePointAt(0)!
  // Supplementary planes are linear from 90308130, which is the 189,000th four-byte code.
  return point < 0x10000 ? undefined : fourBytes(point - 0x10000 + 189_000)
}

function fourBytes(linear: number): number[] {
  return [
    0x81 + Math.floor(linear / 12_600),
    0x30 + (Math.floor(linear / 1260) % 10),
    0x81 + (Math.floor(linear / 10) % 126),
    0x30 + (linear % 10),
  ]
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}
