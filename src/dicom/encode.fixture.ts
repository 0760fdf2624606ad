/** Datasets byte by byte, for tests: any transfer syntax, any character set, right or wrong. */
import { deflateRawSync } from 'node:zlib'

import { type Encoding, encodingOf } from './uid.ts'
import { vrOf } from './dictionary.ts'

/** Text as Latin-1, bytes as they are, numbers as 16 bits, lists of elements as the items of a sequence. */
type FixtureValue = string | Buffer | number | readonly FixtureElement[][]
export type FixtureElement = readonly [tag: string, value: FixtureValue, vr?: string]

export interface FixtureOptions {
  /** Sequences and items with delimiters in place of lengths. */
  readonly openLengths?: boolean
}

export function encodeFixture(
  elements: readonly FixtureElement[],
  transferSyntax: string,
  options: FixtureOptions = {},
): Buffer {
  const encoding = encodingOf(transferSyntax)
  const bytes = encodeElements(elements, encoding, options)
  return encoding.deflated ? deflateRawSync(bytes) : bytes
}

function encodeElements(
  elements: readonly FixtureElement[],
  encoding: Encoding,
  options: FixtureOptions,
): Buffer {
  return Buffer.concat(elements.map((element) => encodeElement(element, encoding, options)))
}

const LONG_VRS = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV'])

function encodeElement(
  [tag, value, given]: FixtureElement,
  encoding: Encoding,
  options: FixtureOptions,
): Buffer {
  const isSequence = Array.isArray(value)
  const vr = given ?? (isSequence ? 'SQ' : vrOf(tag))
  const body = isSequence ? encodeItems(value, encoding, options) : encodeValue(value as string, vr, encoding)
  const length = isSequence && options.openLengths === true ? 0xffffffff : body.length
  return Buffer.concat([header(tag, vr, length, encoding), body])
}

function encodeValue(value: string | Buffer | number, vr: string, { bigEndian }: Encoding): Buffer {
  if (Buffer.isBuffer(value)) return value
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(2)
    if (bigEndian) bytes.writeUInt16BE(value)
    else bytes.writeUInt16LE(value)
    return bytes
  }
  const text = Buffer.from(value, 'latin1')
  return text.length % 2 === 0 ? text : Buffer.concat([text, Buffer.from(vr === 'UI' ? '\0' : ' ')])
}

function encodeItems(
  items: readonly FixtureElement[][],
  encoding: Encoding,
  options: FixtureOptions,
): Buffer {
  const isOpen = options.openLengths === true
  const parts = items.flatMap((item) => {
    const body = encodeElements(item, encoding, options)
    const start = delimiter('FFFEE000', isOpen ? 0xffffffff : body.length, encoding)
    return isOpen ? [start, body, delimiter('FFFEE00D', 0, encoding)] : [start, body]
  })
  return Buffer.concat(isOpen ? [...parts, delimiter('FFFEE0DD', 0, encoding)] : parts)
}

function delimiter(tag: string, length: number, encoding: Encoding): Buffer {
  return header(tag, 'none', length, { ...encoding, explicit: false })
}

function header(tag: string, vr: string, length: number, { explicit, bigEndian }: Encoding): Buffer {
  const isLong = explicit && LONG_VRS.has(vr)
  const bytes = Buffer.alloc(isLong ? 12 : 8)
  const u16 = (value: number, at: number) =>
    bigEndian ? bytes.writeUInt16BE(value, at) : bytes.writeUInt16LE(value, at)
  const u32 = (value: number, at: number) =>
    bigEndian ? bytes.writeUInt32BE(value, at) : bytes.writeUInt32LE(value, at)
  u16(Number.parseInt(tag.slice(0, 4), 16), 0)
  u16(Number.parseInt(tag.slice(4), 16), 2)
  if (explicit) bytes.write(vr, 4, 'latin1')
  if (isLong) u32(length, 8)
  else if (explicit) u16(length, 6)
  else u32(length, 4)
  return bytes
}
