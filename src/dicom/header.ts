/**
 * Reads what comes before the pixels from the first bytes of a dataset, so that an object of any size costs the memory
 * of its head. PS3.5 §7; sequences are read by dicom-parser.
 *
 * The top level is walked here: only so can "needs more bytes", "ends early" and "is garbled" be told apart, and the
 * 64-bit VRs (OV, SV, UV) be read, which dicom-parser doesn't know.
 */
import dicomParser, { type ByteStream, type Element } from 'dicom-parser'

import type { Dataset, DatasetElement } from './dataset.ts'
import { vrOf } from './dictionary.ts'
import { inflateHead } from './inflate.ts'
import { bulk, toDataset } from './json.ts'
import { plausibleEncoding } from './sniff.ts'
import { type Encoding, encodingOf } from './uid.ts'

export interface Header {
  readonly dataset: Dataset
  /** False when elements before the pixels could not be read: too far in, or garbled. */
  readonly complete: boolean
  /** The dataset ends before an element that it announced: bytes are missing. */
  readonly endsEarly: boolean
  /** Where the last element that was read must end, counted from the start of the dataset; undefined when it is open. */
  readonly mustReach: number | undefined
  /** Stable codes without patient data. */
  readonly warnings: readonly string[]
}

export interface HeadOptions {
  readonly transferSyntax: string
  /** No more bytes will come, because the dataset ends here (`whole`) or because this is all that is kept of it. */
  readonly last: boolean
  readonly whole: boolean
}

/** First size of the head buffer, by what it grows, and where it ends. Nearly all headers fit the first. */
export const HEAD_SIZES = [65_536, 262_144, 1_048_576, 4_194_304] as const

/** @returns undefined: the head ends within the header and more may come */
export function readHeader(head: Buffer, options: HeadOptions): Header | undefined {
  const declared = encodingOf(options.transferSyntax)
  if (declared.deflated) {
    const inflated = inflateHead(head, HEAD_SIZES.at(-1)!)
    const header = readPlain(inflated.bytes, declared, { ...options, whole: options.whole && inflated.whole })
    // Where it must end is known in inflated bytes only.
    return header && { ...header, mustReach: undefined }
  }
  return readPlain(head, declared, options)
}

const PIXELS = new Set(['7FE00008', '7FE00009', '7FE00010'])

function readPlain(bytes: Buffer, declared: Encoding, { last, whole }: HeadOptions): Header | undefined {
  const encoding = plausibleEncoding(bytes, declared)
  const warnings = encoding === declared ? [] : ['encoding-is-not-the-negotiated-one']
  const elements: Record<string, Element> = {}
  const pixels: Record<string, DatasetElement> = {}
  let mustReach: number | undefined
  let stop: Stop = 'end'
  for (let at = 0; at < bytes.length;) {
    // Fewer bytes than any element has: padding of a careless writer.
    if (whole && bytes.length - at < 8) break
    const next = elementAt(bytes, at, encoding)
    if (next === 'short' || next === 'garbled') {
      stop = next
      break
    }
    mustReach = next.open ? undefined : next.dataOffset + next.length
    if (PIXELS.has(next.tag)) {
      pixels[next.tag] = bulk(next.vr ?? 'OW', next)
      stop = 'pixels'
      break
    }
    const parsed = parseElement(bytes, at, next, encoding)
    if (parsed === 'short' || parsed === 'garbled') {
      stop = parsed
      break
    }
    if (parsed.element !== undefined) elements[`x${next.tag.toLowerCase()}`] = parsed.element
    else warnings.push('sequence-not-readable')
    at = parsed.end
  }
  if (stop !== 'pixels' && stop !== 'garbled' && !last) return undefined
  const { dataset, unknownCharacterSets } = toDataset({ bytes, bigEndian: encoding.bigEndian, elements })
  if (stop === 'garbled') warnings.push('header-not-readable')
  if (unknownCharacterSets.length > 0) warnings.push('unknown-character-set')
  const complete = stop === 'pixels' || (stop === 'end' && whole)
  return {
    dataset: { ...dataset, ...pixels },
    complete,
    endsEarly: stop === 'short' && whole,
    mustReach,
    warnings,
  }
}

type Stop = 'end' | 'pixels' | 'short' | 'garbled'

interface NextElement {
  readonly tag: string
  /** undefined in implicit VR where the dictionary doesn't know it. */
  readonly vr: string | undefined
  readonly length: number
  readonly dataOffset: number
  readonly open: boolean
}

/** VRs with a reserved field and a 32-bit length. PS3.5 §7.1.2 */
const LONG_VRS = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV'])

function elementAt(bytes: Buffer, at: number, encoding: Encoding): NextElement | 'short' | 'garbled' {
  if (bytes.length < at + 8) return 'short'
  const u16 = (offset: number) =>
    encoding.bigEndian ? bytes.readUInt16BE(offset) : bytes.readUInt16LE(offset)
  const u32 = (offset: number) =>
    encoding.bigEndian ? bytes.readUInt32BE(offset) : bytes.readUInt32LE(offset)
  const tag = hex(u16(at)) + hex(u16(at + 2))
  if (tag.startsWith('FFFE')) return 'garbled'
  const from = (vr: string | undefined, length: number, dataOffset: number): NextElement => {
    return { tag, vr, length, dataOffset, open: length === 0xffffffff }
  }
  if (!encoding.explicit) return from(knownVr(tag), u32(at + 4), at + 8)
  const vr = bytes.toString('latin1', at + 4, at + 6)
  if (!/^[A-Z]{2}$/.test(vr)) return 'garbled'
  if (!LONG_VRS.has(vr)) return from(vr, u16(at + 6), at + 8)
  return bytes.length < at + 12 ? 'short' : from(vr, u32(at + 8), at + 12)
}

function hex(value: number): string {
  return value.toString(16).toUpperCase().padStart(4, '0')
}

function knownVr(tag: string): string | undefined {
  const vr = vrOf(tag)
  return vr === 'UN' ? undefined : vr
}

type ParsedElement = { readonly end: number; readonly element: Element | undefined }

function parseElement(
  bytes: Buffer,
  at: number,
  next: NextElement,
  encoding: Encoding,
): ParsedElement | 'short' | 'garbled' {
  const end = next.dataOffset + next.length
  if (!next.open && end > bytes.length) return 'short'
  if (!next.open && next.vr !== 'SQ') {
    const { vr, length, dataOffset, tag } = next
    return {
      end,
      element: { tag: `x${tag.toLowerCase()}`, length, dataOffset, ...(vr !== undefined && { vr }) },
    }
  }
  // A sequence of known length is given its own bytes only, so that a wrong length inside can't reach beyond it.
  const view = next.open ? bytes : bytes.subarray(0, end)
  const parser = encoding.bigEndian
    ? dicomParser.bigEndianByteArrayParser
    : dicomParser.littleEndianByteArrayParser
  const stream = new dicomParser.ByteStream(parser, view, at)
  try {
    const element = readWithParser(stream, encoding)
    const ranOut =
      stream.position > view.length || stream.warnings.some((warning) => warning.startsWith('eof'))
    if (next.open) return ranOut ? 'short' : { end: stream.position, element }
    return { end, element }
  } catch {
    // The parser throws both at the end of the buffer and on nonsense (and the engine at too deep a nesting).
    if (!next.open) return { end, element: undefined }
    return stream.position + 8 >= bytes.length ? 'short' : 'garbled'
  }
}

function readWithParser(stream: ByteStream, encoding: Encoding): Element {
  return encoding.explicit
    ? dicomParser.readDicomElementExplicit(stream, stream.warnings)
    : dicomParser.readDicomElementImplicit(stream, undefined, parserVr as (tag: string) => string)
}

/** To undefined the parser answers with a look at the bytes, which finds private sequences of open length. */
function parserVr(tag: string): string | undefined {
  return knownVr(tag.slice(1).toUpperCase())
}
