/**
 * Character sets by the names that messages carry in MSH-18 (HL7 table 0211) and that operators write in channels.
 */

export type Charset =
  | 'ascii'
  | 'utf-8'
  | 'utf-16be'
  | 'utf-16le'
  | SingleByteCharset
  | 'shift_jis'
  | 'euc-jp'
  | 'iso-2022'
  | Iso2022Charset
  | 'euc-kr'
  | 'gb18030'
  | 'big5'

/** ISO 2022 whose upper half is a set of its own until a sequence says otherwise: `8859/1~ISO IR87`. */
export type Iso2022Charset = `iso-2022+${SingleByteCharset}`

type SingleByteCharset = (typeof SINGLE_BYTE)[number]

const SINGLE_BYTE = [
  'iso-8859-1',
  'iso-8859-2',
  'iso-8859-3',
  'iso-8859-4',
  'iso-8859-5',
  'iso-8859-6',
  'iso-8859-7',
  'iso-8859-8',
  'iso-8859-9',
  'iso-8859-10',
  'iso-8859-11',
  'iso-8859-13',
  'iso-8859-14',
  'iso-8859-15',
  'iso-8859-16',
  'windows-1250',
  'windows-1251',
  'windows-1252',
  'windows-1253',
  'windows-1254',
  'windows-1255',
  'windows-1256',
  'windows-1257',
  'windows-1258',
] as const

/** Names without spaces, hyphens, underscores and slashes, in lower case. */
const OTHER_NAMES: Readonly<Record<string, Charset>> = {
  ascii: 'ascii',
  usascii: 'ascii',
  isoir6: 'ascii',
  iso646: 'ascii',
  // "UNICODE" without a form is deprecated; the form that senders mean by it is UTF-8.
  unicode: 'utf-8',
  unicodeutf8: 'utf-8',
  utf8: 'utf-8',
  isoir192: 'utf-8',
  unicodeutf16: 'utf-16be',
  utf16: 'utf-16be',
  utf16be: 'utf-16be',
  utf16le: 'utf-16le',
  latin1: 'iso-8859-1',
  latin2: 'iso-8859-2',
  latin9: 'iso-8859-15',
  isoir100: 'iso-8859-1',
  isoir101: 'iso-8859-2',
  isoir109: 'iso-8859-3',
  isoir110: 'iso-8859-4',
  isoir144: 'iso-8859-5',
  isoir127: 'iso-8859-6',
  isoir126: 'iso-8859-7',
  isoir138: 'iso-8859-8',
  isoir148: 'iso-8859-9',
  isoir203: 'iso-8859-15',
  // JIS X 0201: its Latin half is ASCII but for two signs, its katakana half is the single-byte part of Shift JIS.
  isoir13: 'shift_jis',
  isoir14: 'shift_jis',
  shiftjis: 'shift_jis',
  sjis: 'shift_jis',
  windows31j: 'shift_jis',
  cp932: 'shift_jis',
  eucjp: 'euc-jp',
  isoir87: 'iso-2022',
  isoir159: 'iso-2022',
  iso2022: 'iso-2022',
  iso2022jp: 'iso-2022',
  jisx0202: 'iso-2022',
  jas2020: 'iso-2022',
  isoir166: 'iso-8859-11',
  ksx1001: 'euc-kr',
  euckr: 'euc-kr',
  isoir149: 'euc-kr',
  gb18030: 'gb18030',
  gb180302000: 'gb18030',
  gb180302022: 'gb18030',
  gb2312: 'gb18030',
  gbk: 'gb18030',
  big5: 'big5',
}

/** The character set that a name means, or undefined for one that is not known here. */
export function charsetNamed(name: string): Charset | undefined {
  const key = name.toLowerCase().replace(/[\s/_-]/g, '')
  const other = Object.hasOwn(OTHER_NAMES, key) ? OTHER_NAMES[key] : undefined
  if (other !== undefined) return other
  const part = /^(?:iso)?8859(\d{1,2})$/.exec(key)?.[1]
  const page = /^(?:windows|cp|win|ansi)(125[0-8])$/.exec(key)?.[1]
  const wanted = part === undefined ? `windows-${page}` : `iso-8859-${Number(part)}`
  return SINGLE_BYTE.find((charset) => charset === wanted)
}

const HL7_NAMES: Readonly<Partial<Record<Charset, string>>> = {
  ascii: 'ASCII',
  'utf-8': 'UNICODE UTF-8',
  'utf-16be': 'UNICODE UTF-16',
  'utf-16le': 'UNICODE UTF-16',
  shift_jis: 'ISO IR14',
  'iso-2022': 'ISO IR87',
  'euc-kr': 'KS X 1001',
  gb18030: 'GB 18030-2000',
  big5: 'BIG-5',
}

/** What MSH-18 says for a character set: table 0211's name where it has one. */
export function hl7CharsetName(charset: Charset): string {
  const base = iso2022Base(charset)
  if (base !== undefined) return `${hl7CharsetName(base)}~ISO IR87`
  return HL7_NAMES[charset] ?? charset.replace(/^iso-8859-/, '8859/')
}

/**
 * What the repetitions of MSH-18 say together: the first is the set that the message begins in, later ones are
 * switched to by ISO 2022 escape sequences (MSH-20). `~ISO IR87` is the usual Japanese form.
 * An empty field gives `absent`, a name that is not known `unknown`.
 */
export function charsetOfNames(names: readonly string[]): Charset | 'absent' | 'unknown' {
  const [first = '', ...alternates] = names.map((name) => name.trim())
  const known = alternates.filter((name) => name !== '').map(charsetNamed)
  if (known.includes(undefined)) return 'unknown'
  const base = charsetNamed(first)
  if (isPartOf8859(base) && known.some(isDesignated)) return `iso-2022+${base}`
  if (known.includes('iso-2022')) return 'iso-2022'
  if (first === '') return known[0] ?? 'absent'
  return base ?? 'unknown'
}

/** The set of the upper half, of one that has its own; undefined for every other. */
export function iso2022Base(charset: Charset): SingleByteCharset | undefined {
  const name = charset.startsWith('iso-2022+') ? charset.slice('iso-2022+'.length) : undefined
  return SINGLE_BYTE.find((known) => known === name)
}

function isPartOf8859(charset: Charset | undefined): charset is SingleByteCharset {
  return charset?.startsWith('iso-8859-') ?? false
}

/** A set that an escape sequence can switch to. */
function isDesignated(charset: Charset | undefined): boolean {
  return charset === 'iso-2022' || charset === 'euc-kr' || charset === 'gb18030' || isPartOf8859(charset)
}
