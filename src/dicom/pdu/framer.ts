/**
 * Cuts a byte stream into whole PDUs. The six bytes that announce a PDU are judged before anything is kept, so a
 * length of 4 GB costs nothing; chunks are joined once, when the PDU is whole. PS3.8 §9.3.1
 */
import { Failure } from '../../kernel/failure.ts'
import { PDU_HEADER_LENGTH } from './pdu.ts'

export interface PduFramer {
  push(chunk: Buffer): void
  /**
   * The next whole PDU with its header; undefined means: wait for more bytes.
   * @throws Failure `too-large`/`pdu-too-long`, `invalid`/`pdu-unrecognized` as soon as the header is there
   */
  next(): Buffer | undefined
  /** Bytes waiting for the rest of their PDU. */
  pending(): number
}

/** @param limitOf the longest variable part that a PDU of this type may have now; undefined: such a type is unknown */
export function makePduFramer(limitOf: (type: number) => number | undefined): PduFramer {
  let chunks: Buffer[] = []
  let length = 0
  let needed = PDU_HEADER_LENGTH

  function join(): Buffer {
    if (chunks.length > 1) chunks = [Buffer.concat(chunks, length)]
    return chunks[0]!
  }

  return {
    push(chunk) {
      chunks.push(chunk)
      length += chunk.length
    },
    next() {
      if (length < needed) return undefined
      const bytes = join()
      const whole = PDU_HEADER_LENGTH + announcedLength(bytes, limitOf)
      if (length < whole) {
        needed = whole
        return undefined
      }
      length -= whole
      needed = PDU_HEADER_LENGTH
      chunks = length === 0 ? [] : [bytes.subarray(whole)]
      return bytes.subarray(0, whole)
    },
    pending: () => length,
  }
}

function announcedLength(header: Buffer, limitOf: (type: number) => number | undefined): number {
  const type = header[0]!
  const limit = limitOf(type)
  if (limit === undefined) throw new Failure('invalid', 'pdu-unrecognized', { type })
  const length = header.readUInt32BE(2)
  if (length > limit) throw new Failure('too-large', 'pdu-too-long', { length, limit })
  return length
}
