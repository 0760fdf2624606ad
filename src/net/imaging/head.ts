/** Keeps the first bytes of a dataset that goes by until its header is read: 64 KB mostly, never more than 4 MB. */
import { HEAD_SIZES, type Header, readHeader } from '../../dicom/index.ts'

export interface HeadReader {
  take(fragment: Buffer): void
  /** All has gone by. */
  end(): Header
}

export function makeHeadReader(transferSyntax: string): HeadReader {
  let kept: Buffer[] = []
  let keptBytes = 0
  let total = 0
  let step = 0
  let header: Header | undefined

  function attempt(whole: boolean): void {
    const limit = HEAD_SIZES[step]!
    const bytes = Buffer.concat(kept, keptBytes).subarray(0, limit)
    const isWhole = whole && bytes.length === total
    const last = isWhole || step === HEAD_SIZES.length - 1
    header = readHeader(bytes, { transferSyntax, last, whole: isWhole })
    if (header === undefined) step += 1
    else kept = []
  }

  return {
    take(fragment) {
      total += fragment.length
      if (header !== undefined) return
      kept.push(fragment)
      keptBytes += fragment.length
      while (header === undefined && keptBytes >= HEAD_SIZES[step]!) attempt(false)
    },
    end() {
      while (header === undefined) attempt(true)
      const endsEarly = header.endsEarly || (header.mustReach !== undefined && header.mustReach > total)
      return { ...header, endsEarly }
    },
  }
}
