/** The first part of a deflated dataset (PS3.5 §A.5), however much it would inflate to. */
import { constants, inflateRawSync } from 'node:zlib'

/** A deflate stream can't inflate to more than 1032 times its size. */
const MAX_RATIO = 1032

export interface Inflated {
  readonly bytes: Buffer
  /** All of `head` was inflated. */
  readonly whole: boolean
}

/** Inflates as much of `head` as gives at most `limit` bytes; what is damaged gives nothing. */
export function inflateHead(head: Buffer, limit: number): Inflated {
  let best: Inflated = { bytes: Buffer.alloc(0), whole: false }
  let take = Math.min(head.length, Math.floor(limit / MAX_RATIO))
  for (;;) {
    const bytes = inflate(head.subarray(0, take), limit)
    if (bytes === undefined) return best
    best = { bytes, whole: take === head.length }
    if (best.whole) return best
    take = Math.min(head.length, take * 4)
  }
}

function inflate(bytes: Buffer, maxOutputLength: number): Buffer | undefined {
  try {
    return inflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength })
  } catch {
    return undefined
  }
}
