/** The file format around a dataset: preamble, DICM, file meta information (always explicit VR little endian). PS3.10 §7 */
import { sniffTransferSyntax } from './sniff.ts'
import { EXPLICIT_VR_LITTLE_ENDIAN } from './uid.ts'

/** Who wrote: a UID under 2.25 (PS3.5 §B.2), made once for this program. */
export const IMPLEMENTATION_CLASS_UID = '2.25.233509710673616389728449745321464091430'
/** Without a version: it is part of each stored file, whose digest must be the same when the object is sent again. */
export const IMPLEMENTATION_VERSION_NAME = 'PASSERELLE'

export interface FileMeta {
  readonly sopClassUid: string
  readonly sopInstanceUid: string
  readonly transferSyntax: string
}

const PREAMBLE_LENGTH = 128

/** Preamble, prefix and meta: what goes before the dataset's own bytes to make them a file. */
export function encodeFileStart(meta: FileMeta): Buffer {
  const elements = Buffer.concat([
    metaElement(0x0001, 'OB', Buffer.from([0, 1])),
    metaElement(0x0002, 'UI', meta.sopClassUid),
    metaElement(0x0003, 'UI', meta.sopInstanceUid),
    metaElement(0x0010, 'UI', meta.transferSyntax),
    metaElement(0x0012, 'UI', IMPLEMENTATION_CLASS_UID),
    metaElement(0x0013, 'SH', IMPLEMENTATION_VERSION_NAME),
  ])
  const length = Buffer.alloc(4)
  length.writeUInt32LE(elements.length)
  const prefix = Buffer.alloc(PREAMBLE_LENGTH + 4)
  prefix.write('DICM', PREAMBLE_LENGTH, 'latin1')
  return Buffer.concat([prefix, metaElement(0x0000, 'UL', length), elements])
}

function metaElement(element: number, vr: 'OB' | 'UI' | 'SH' | 'UL', value: string | Buffer): Buffer {
  const bytes = typeof value === 'string' ? evenText(value, vr === 'UI' ? '\0' : ' ') : value
  const header = Buffer.alloc(vr === 'OB' ? 12 : 8)
  header.writeUInt16LE(0x0002, 0)
  header.writeUInt16LE(element, 2)
  header.write(vr, 4, 'latin1')
  if (vr === 'OB') header.writeUInt32LE(bytes.length, 8)
  else header.writeUInt16LE(bytes.length, 6)
  return Buffer.concat([header, bytes])
}

function evenText(text: string, pad: string): Buffer {
  return Buffer.from(text.length % 2 === 0 ? text : text + pad, 'latin1')
}

export interface FileStart {
  /** Where the dataset begins. */
  readonly datasetOffset: number
  readonly transferSyntax: string
  readonly sopClassUid?: string
  readonly sopInstanceUid?: string
}

/**
 * Reads the start of a file: with or without preamble, with or without meta, with or without a transfer syntax in it.
 * @param bytes the first 4 KB or the whole file
 * @returns undefined: this is no DICOM file
 */
export function decodeFileStart(bytes: Buffer): FileStart | undefined {
  const hasPrefix = bytes.toString('latin1', PREAMBLE_LENGTH, PREAMBLE_LENGTH + 4) === 'DICM'
  const start = hasPrefix ? PREAMBLE_LENGTH + 4 : 0
  const { values, end } = readMeta(bytes, start)
  const transferSyntax = values.get(0x0010) || sniffTransferSyntax(bytes.subarray(end))
  if (transferSyntax === undefined && !hasPrefix) return undefined
  const sopClassUid = values.get(0x0002)
  const sopInstanceUid = values.get(0x0003)
  return {
    datasetOffset: end,
    transferSyntax: transferSyntax ?? EXPLICIT_VR_LITTLE_ENDIAN,
    ...(sopClassUid && { sopClassUid }),
    ...(sopInstanceUid && { sopInstanceUid }),
  }
}

/** Follows group 0002 to its end; the group length is not believed, files carry wrong ones. */
function readMeta(bytes: Buffer, start: number): { values: ReadonlyMap<number, string>; end: number } {
  const values = new Map<number, string>()
  let at = start
  while (bytes.length >= at + 12 && bytes.readUInt16LE(at) === 0x0002) {
    const vr = bytes.toString('latin1', at + 4, at + 6)
    const long = vr === 'OB' || vr === 'UN' || vr === 'UT'
    const dataOffset = at + (long ? 12 : 8)
    const end = dataOffset + (long ? bytes.readUInt32LE(at + 8) : bytes.readUInt16LE(at + 6))
    if (end > bytes.length) break
    const text = bytes.toString('latin1', dataOffset, end).replace(/\0.*$/s, '').trim()
    values.set(bytes.readUInt16LE(at + 2), text)
    at = end
  }
  return { values, end: at }
}
