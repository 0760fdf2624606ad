/** Parsed elements → the DICOM JSON model. PS3.18 Annex F; text by PS3.5 §6.1 and §6.2 */
import dicomParser, { type ByteArrayParser, type Element } from 'dicom-parser'

import { type TextDecoding, textDecoding } from './charset/index.ts'
import type { Dataset, DatasetElement, ElementValue, PersonName } from './dataset.ts'
import { vrOf } from './dictionary.ts'
import { parseDecimal } from './values.ts'

export interface ParsedElements {
  readonly bytes: Buffer
  readonly bigEndian: boolean
  /** By the parser's own tags: x and eight lower-case digits. */
  readonly elements: Readonly<Record<string, Element>>
}

export interface JsonResult {
  readonly dataset: Dataset
  /** Character sets that nobody knows; they name no patient. */
  readonly unknownCharacterSets: readonly string[]
}

/** PS3.5 §6.1.2.2: the VRs whose text is in the Specific Character Set; in the others it is ASCII. */
const CHARSET_VRS = new Set(['SH', 'LO', 'ST', 'PN', 'LT', 'UC', 'UT'])
const ASCII_VRS = new Set(['AE', 'AS', 'CS', 'DA', 'DS', 'DT', 'IS', 'TM', 'UI', 'UR'])
/** One value, in which a backslash is a backslash and leading spaces count. */
const PROSE_VRS = new Set(['ST', 'LT', 'UT', 'UR'])

/** Longer values are pointed at, not copied: the index is for what is searched. Bytes. */
const INLINE_TEXT = 65_536
const INLINE_NUMBERS = 8_192
const INLINE_BINARY = 1_024

/** Sequences in sequences: structured reports go to about 10. */
const MAX_DEPTH = 32

export function toDataset(parsed: ParsedElements): JsonResult {
  const unknown = new Set<string>()
  const context: Context = {
    bytes: parsed.bytes,
    bigEndian: parsed.bigEndian,
    numbers: parsed.bigEndian
      ? dicomParser.bigEndianByteArrayParser
      : dicomParser.littleEndianByteArrayParser,
    text: textDecoding([]),
    depth: 0,
    unknown,
  }
  return { dataset: datasetOf(parsed.elements, context), unknownCharacterSets: [...unknown] }
}

interface Context {
  readonly bytes: Buffer
  readonly bigEndian: boolean
  readonly numbers: ByteArrayParser
  readonly text: TextDecoding
  readonly depth: number
  readonly unknown: Set<string>
}

function datasetOf(elements: Readonly<Record<string, Element>>, outer: Context): Dataset {
  const context = withCharacterSet(elements, outer)
  const dataset: Record<string, DatasetElement> = {}
  for (const key of Object.keys(elements).toSorted()) {
    const tag = key.slice(1).toUpperCase()
    // Group lengths are retired (PS3.5 §7.2), delimiters are syntax.
    if (tag.endsWith('0000') || tag.startsWith('FFFE')) continue
    const element = elementOf(elements[key]!, tag, context)
    if (element !== undefined) dataset[tag] = element
  }
  return dataset
}

/** Items inherit the character set of what surrounds them unless they bring their own. PS3.3 §C.12.1.1.2 */
function withCharacterSet(elements: Readonly<Record<string, Element>>, context: Context): Context {
  const element = elements['x00080005']
  if (element === undefined) return context
  const text = textDecoding(split(valueBytes(element, context).toString('latin1')))
  for (const term of text.unknown) context.unknown.add(term)
  return { ...context, text }
}

function elementOf(element: Element, tag: string, context: Context): DatasetElement | undefined {
  const vr = element.vr ?? (element.items === undefined ? vrOf(tag) : 'SQ')
  if (element.items !== undefined) return sequenceOf(element, context)
  if (element.length === 0) return undefined
  if (CHARSET_VRS.has(vr) || ASCII_VRS.has(vr)) {
    if (element.length > INLINE_TEXT) return bulk(vr, element)
    const Value = textValues(vr, valueBytes(element, context), context.text)
    return Value.length === 0 ? undefined : { vr, Value }
  }
  const width = NUMBER_WIDTH[vr]
  if (width !== undefined) {
    if (element.length > INLINE_NUMBERS) return bulk(vr, element)
    const Value = numberValues(vr, width, element, context)
    return Value.length === 0 ? undefined : { vr, Value }
  }
  if (vr === 'SQ') return undefined
  if (element.length > INLINE_BINARY || element.hadUndefinedLength === true) return bulk(vr, element)
  return { vr, InlineBinary: valueBytes(element, context).toString('base64') }
}

function sequenceOf(element: Element, context: Context): DatasetElement | undefined {
  if (context.depth >= MAX_DEPTH) return undefined
  const inner = { ...context, depth: context.depth + 1 }
  const items = (element.items ?? []).map((item) => datasetOf(item.dataSet?.elements ?? {}, inner))
  return items.length === 0 ? undefined : { vr: 'SQ', Value: items }
}

/** Where a value is that isn't copied; a length of 0xFFFFFFFF (encapsulated) is open. */
export function bulk(
  vr: string,
  { dataOffset, length }: Pick<Element, 'dataOffset' | 'length'>,
): DatasetElement {
  return { vr, BulkDataURI: `bulk/${dataOffset}/${length === 0xffffffff ? '' : length}` }
}

function valueBytes(element: Element, context: Context): Buffer {
  return context.bytes.subarray(element.dataOffset, element.dataOffset + element.length)
}

function textValues(vr: string, bytes: Buffer, text: TextDecoding): ElementValue[] {
  if (vr === 'PN') return nameValues(text.decode(bytes, '\\^='))
  const decoded = CHARSET_VRS.has(vr)
    ? text.decode(bytes, PROSE_VRS.has(vr) ? '' : '\\')
    : bytes.toString('latin1')
  if (PROSE_VRS.has(vr)) return present([clean(decoded).trimEnd()])
  const values = present(split(decoded).map((value) => clean(value).trim()))
  return vr === 'DS' || vr === 'IS' ? values.map(numberIfSame) : values
}

/** An empty value keeps its place among others, as '' (the model would write null); a list of only empty ones is none. */
function present(values: readonly string[]): string[] {
  return values.every((value) => value === '') ? [] : [...values]
}

/** PostgreSQL's jsonb takes neither NUL nor half a surrogate pair. */
function clean(text: string): string {
  return text.replaceAll('\0', '').toWellFormed()
}

function split(text: string): string[] {
  return text.split('\\')
}

/** A number only if it reads back as sent: `1.10` stays text, which the model allows. PS3.18 §F.2.3 */
function numberIfSame(text: string): string | number {
  const value = parseDecimal(text)
  return value !== undefined && String(value) === text ? value : text
}

function nameValues(text: string): PersonName[] {
  return split(clean(text)).flatMap((name) => {
    const [alphabetic, ideographic, phonetic] = name
      .split('=')
      .map((group) => group.trim().replace(/\^+$/, ''))
    const person: PersonName = {
      ...(alphabetic && { Alphabetic: alphabetic }),
      ...(ideographic && { Ideographic: ideographic }),
      ...(phonetic && { Phonetic: phonetic }),
    }
    return Object.keys(person).length === 0 ? [] : [person]
  })
}

const NUMBER_WIDTH: Readonly<Record<string, number>> = {
  US: 2,
  SS: 2,
  UL: 4,
  SL: 4,
  AT: 4,
  FL: 4,
  FD: 8,
  SV: 8,
  UV: 8,
}

function numberValues(vr: string, width: number, element: Element, context: Context): ElementValue[] {
  const count = Math.floor(element.length / width)
  return Array.from({ length: count }, (_, index) =>
    numberAt(vr, element.dataOffset + index * width, context),
  )
}

function numberAt(vr: string, at: number, { bytes, bigEndian, numbers }: Context): number | string {
  switch (vr) {
    case 'US':
      return numbers.readUint16(bytes, at)
    case 'SS':
      return numbers.readInt16(bytes, at)
    case 'UL':
      return numbers.readUint32(bytes, at)
    case 'SL':
      return numbers.readInt32(bytes, at)
    case 'FL':
      return finite(numbers.readFloat(bytes, at))
    case 'FD':
      return finite(numbers.readDouble(bytes, at))
    case 'AT': {
      const half = (offset: number) =>
        numbers.readUint16(bytes, offset).toString(16).toUpperCase().padStart(4, '0')
      return half(at) + half(at + 2)
    }
    case 'SV':
      return safe(bigEndian ? bytes.readBigInt64BE(at) : bytes.readBigInt64LE(at))
    default:
      return safe(bigEndian ? bytes.readBigUInt64BE(at) : bytes.readBigUInt64LE(at))
  }
}

/** JSON has no NaN and no infinity. PS3.18 §F.2.3 */
function finite(value: number): number | string {
  if (Number.isFinite(value)) return value
  if (Number.isNaN(value)) return 'NaN'
  return value > 0 ? 'inf' : '-inf'
}

function safe(value: bigint): number | string {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : String(value)
}
