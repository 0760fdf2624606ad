/** Finding out how a dataset is encoded by its first element, where nobody says so or what is said can't be. PS3.5 §7.1 */
import {
  type Encoding,
  encodingOf,
  EXPLICIT_VR_BIG_ENDIAN,
  EXPLICIT_VR_LITTLE_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
} from './uid.ts'

const UNCOMPRESSED = [EXPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN]

/** The transfer syntax of a bare dataset; undefined when it doesn't begin like one. */
export function sniffTransferSyntax(bytes: Buffer): string | undefined {
  return UNCOMPRESSED.find((uid) => isPlausible(bytes, encodingOf(uid)))
}

/** What was declared, unless the first element contradicts it and agrees with another encoding. */
export function plausibleEncoding(bytes: Buffer, declared: Encoding): Encoding {
  if (isPlausible(bytes, declared)) return declared
  const sniffed = sniffTransferSyntax(bytes)
  return sniffed === undefined ? declared : encodingOf(sniffed)
}

/** A dataset begins in group 0008 (or 0004 of a directory, 0002 of a misplaced meta), its first value is short. */
function isPlausible(bytes: Buffer, { explicit, bigEndian }: Encoding): boolean {
  if (bytes.length < 8) return false
  const group = bigEndian ? bytes.readUInt16BE(0) : bytes.readUInt16LE(0)
  if (group === 0 || group > 0x0010) return false
  if (explicit) return /^[A-Z]{2}$/.test(bytes.toString('latin1', 4, 6))
  const length = bigEndian ? bytes.readUInt32BE(4) : bytes.readUInt32LE(4)
  return length < 0x10000 || length === 0xffffffff
}
