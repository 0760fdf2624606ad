/** Part of a content. RFC 9110 §14; one range, several are answered with the whole, as §14.2 allows. */
import { Failure } from '../../../kernel/failure.ts'

export interface ContentRange {
  readonly offset: number
  readonly length: number
}

/**
 * undefined: the whole is to be sent, because no range is asked for, or none that is understood.
 * @throws Failure `invalid`/`range-not-satisfiable`
 */
export function rangeOf(header: string | undefined, size: number): ContentRange | undefined {
  const found = /^bytes=\s*(\d{0,15})-(\d{0,15})\s*$/i.exec(header ?? '')
  if (found === null || found[0].endsWith('=-')) return undefined
  const [from, to] = [found[1]!, found[2]!]
  if (from === '' && to === '') return undefined
  const first = from === '' ? Math.max(0, size - Number(to)) : Number(from)
  const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1)
  if (from !== '' && to !== '' && Number(to) < Number(from)) return undefined
  if (first > last) throw new Failure('invalid', 'range-not-satisfiable', { size })
  return { offset: first, length: last - first + 1 }
}

/**
 * Whether what the client has is still what is here, so that a part of it fits on. The bytes of a version never change,
 * so FHIR's weak ETags do here what §13.1.5 wants a strong one for.
 */
export function ifRangeHolds(ifRange: string | undefined, etag: string, lastModified: string): boolean {
  if (ifRange === undefined) return true
  const bare = (tag: string) => tag.trim().replace(/^W\//, '')
  return ifRange.includes('"') ? bare(ifRange) === bare(etag) : ifRange.trim() === lastModified
}
