/**
 * The character repertoires of Specific Character Set. PS3.3 §C.12.1.1.2, tables C.12-2 to C.12-5.
 * A repertoire is designated as G0 (bytes 20–7F) or G1 (bytes A0–FF) of ISO 2022, or is a whole encoding of its own.
 */

export interface CodeElement {
  /** 2: two bytes make a character. */
  readonly width: 1 | 2
  /** Bytes of complete characters → text. G0 bytes come as they are on the wire (below 80). */
  decode(bytes: Buffer): string
}

export interface Repertoire {
  readonly g0: CodeElement
  /** undefined: no character has the high bit. */
  readonly g1: CodeElement | undefined
}

export type CharacterSet =
  | { readonly kind: 'iso2022'; readonly initial: Repertoire }
  /** UTF-8, GB 18030, GBK: no code extensions, one decoder for the whole value. */
  | { readonly kind: 'whole'; decode(bytes: Buffer): string }

const latin = (label: string): CodeElement => ({
  width: 1,
  decode: (bytes) => new TextDecoder(label).decode(bytes),
})

const ascii: CodeElement = { width: 1, decode: (bytes) => bytes.toString('latin1') }
const latin1: CodeElement = ascii

/** JIS X 0201 romaji (ISO-IR 14) has a yen sign and an overline where ASCII has \ and ~. */
const romaji: CodeElement = {
  width: 1,
  decode: (bytes) => bytes.toString('latin1').replaceAll('\\', '¥').replaceAll('~', '‾'),
}

/** JIS X 0201 katakana (ISO-IR 13): A1–DF are U+FF61–U+FF9F in order. */
const katakana: CodeElement = {
  width: 1,
  decode: (bytes) =>
    String.fromCharCode(...Array.from(bytes, (b) => (b >= 0xa1 && b <= 0xdf ? b + 0xfec0 : 0xfffd))),
}

/** A 94×94 set in the G0 place is the same set in an EUC encoding with the high bits on. */
function euc(label: string, prefix?: number): CodeElement {
  return {
    width: 2,
    decode(bytes) {
      const out: number[] = []
      for (let at = 0; at + 1 < bytes.length; at += 2) {
        if (prefix !== undefined) out.push(prefix)
        out.push(bytes[at]! | 0x80, bytes[at + 1]! | 0x80)
      }
      return new TextDecoder(label).decode(Uint8Array.from(out))
    },
  }
}

const jisX0208 = euc('euc-jp') // ISO-IR 87
const jisX0212 = euc('euc-jp', 0x8f) // ISO-IR 159
const ksX1001 = euc('euc-kr') // ISO-IR 149
const gb2312 = euc('gbk') // ISO-IR 58

/** The escape sequences of tables C.12-3 and C.12-4, without the ESC, and what they put where. */
export const ESCAPES: readonly {
  readonly bytes: string
  readonly place: 'g0' | 'g1'
  readonly element: CodeElement
}[] = [
  { bytes: '(B', place: 'g0', element: ascii },
  { bytes: '(J', place: 'g0', element: romaji },
  { bytes: ')I', place: 'g1', element: katakana },
  { bytes: '-A', place: 'g1', element: latin1 },
  { bytes: '-B', place: 'g1', element: latin('iso-8859-2') },
  { bytes: '-C', place: 'g1', element: latin('iso-8859-3') },
  { bytes: '-D', place: 'g1', element: latin('iso-8859-4') },
  { bytes: '-L', place: 'g1', element: latin('iso-8859-5') },
  { bytes: '-G', place: 'g1', element: latin('iso-8859-6') },
  { bytes: '-F', place: 'g1', element: latin('iso-8859-7') },
  { bytes: '-H', place: 'g1', element: latin('iso-8859-8') },
  { bytes: '-M', place: 'g1', element: latin('windows-1254') }, // ISO 8859-9
  { bytes: '-T', place: 'g1', element: latin('windows-874') }, // TIS 620-2533
  { bytes: '-b', place: 'g1', element: latin('iso-8859-15') },
  { bytes: '$B', place: 'g0', element: jisX0208 },
  { bytes: '$@', place: 'g0', element: jisX0208 }, // the 1978 edition, ISO-IR 42, from old Japanese devices
  { bytes: '$(D', place: 'g0', element: jisX0212 },
  { bytes: '$)C', place: 'g1', element: ksX1001 },
  { bytes: '$)A', place: 'g1', element: gb2312 },
]

const G1_OF_NUMBER: Readonly<Record<string, string>> = {
  '100': '-A',
  '101': '-B',
  '109': '-C',
  '110': '-D',
  '144': '-L',
  '127': '-G',
  '126': '-F',
  '138': '-H',
  '148': '-M',
  '166': '-T',
  '203': '-b',
  '149': '$)C',
  '58': '$)A',
}

const WHOLE: Readonly<Record<string, string>> = { '192': 'utf-8', GB18030: 'gb18030', GBK: 'gbk' }

/** What the default repertoire alone makes of bytes with the high bit: see characterSet. */
export const ASCII_ONLY: Repertoire = { g0: ascii, g1: undefined }

/**
 * The set that a defined term names, also in the spellings seen in the wild (ISO-IR 100, ISO_IR_100, ISO2022IR100,
 * UTF-8). undefined: no such term.
 */
export function characterSetOf(term: string): CharacterSet | undefined {
  const plain = term.toUpperCase().replaceAll(/[^A-Z0-9]/g, '')
  const number = plain.replace(/^ISO(2022)?(IR)?/, '')
  if (plain === '' || number === '6') return { kind: 'iso2022', initial: ASCII_ONLY }
  const label = plain === 'UTF8' ? 'utf-8' : (WHOLE[number] ?? WHOLE[plain])
  if (label !== undefined) return { kind: 'whole', decode: (bytes) => new TextDecoder(label).decode(bytes) }
  if (number === '13') return { kind: 'iso2022', initial: { g0: romaji, g1: katakana } }
  // Only reached by escape: as first value they mean ASCII until then.
  if (number === '87' || number === '159') return { kind: 'iso2022', initial: ASCII_ONLY }
  const escape = G1_OF_NUMBER[number] ?? G1_OF_NUMBER[LATIN_NAMES[plain] ?? '']
  const element = ESCAPES.find(({ bytes }) => bytes === escape)?.element
  return element && { kind: 'iso2022', initial: { g0: ascii, g1: element } }
}

/** Not DICOM terms, but what some devices write. */
const LATIN_NAMES: Readonly<Record<string, string>> = {
  LATIN1: '100',
  ISO88591: '100',
  ISO88592: '101',
  ISO88595: '144',
  ISO88596: '127',
  ISO88597: '126',
  ISO88598: '138',
  ISO88599: '148',
  ISO885915: '203',
}
