/** The bytes that Binary.data stands for. */
import { Readable } from 'node:stream'
import type { ByteRange } from '../blobs/index.ts'

/** Bytes that stay in the resource. Up to about here one row is quicker to write than a row and a file. */
export const INLINE_BYTES = 32 * 1024

export interface BinaryContent {
  /** Bytes. */
  readonly size: number
  /** @throws Failure `internal`/`binary-content-missing` */
  open(range?: ByteRange): Promise<Readable>
}

export function contentOf(bytes: Buffer): BinaryContent {
  return {
    size: bytes.length,
    async open(range) {
      const part = range ? bytes.subarray(range.offset, range.offset + range.length) : bytes
      return Readable.from(part.length === 0 ? [] : [part])
    },
  }
}

/** Characters of base64 that so many bytes have. */
export function base64Length(size: number): number {
  return Math.ceil(size / 3) * 4
}

/** Bytes as base64 text, whatever pieces they come in. */
export async function* asBase64(bytes: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of bytes) {
    const all = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const whole = all.length - (all.length % 3)
    rest = all.subarray(whole)
    if (whole > 0) yield all.toString('base64', 0, whole)
  }
  if (rest.length > 0) yield rest.toString('base64')
}
