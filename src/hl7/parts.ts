/** Taking and replacing the n-th part of a delimited text, counted from 1 as HL7 counts. No separator: one part. */
import { Failure } from '../kernel/failure.ts'

/** The n-th part, or undefined when there are fewer. */
export function part(text: string, separator: string | undefined, n: number): string | undefined {
  if (separator === undefined) return n === 1 ? text : undefined
  let from = 0
  for (let count = 1; ; count++) {
    const end = text.indexOf(separator, from)
    if (count === n) return end === -1 ? text.slice(from) : text.slice(from, end)
    if (end === -1) return undefined
    from = end + 1
  }
}

/** More than any message has; what goes beyond is an attack on the memory. */
const MAX_PARTS = 100_000

/**
 * All parts.
 * @throws Failure `too-large`/`hl7-parts`
 */
export function parts(text: string, separator: string | undefined): string[] {
  if (separator === undefined) return [text]
  const all = text.split(separator, MAX_PARTS + 1)
  if (all.length > MAX_PARTS) throw new Failure('too-large', 'hl7-parts', { max: MAX_PARTS })
  return all
}

/** The text with its n-th part changed; empty parts fill the gap when there were fewer. */
export function replacePart(
  text: string,
  separator: string | undefined,
  n: number,
  change: (old: string) => string,
): string | undefined {
  if (separator === undefined) return n === 1 ? change(text) : undefined
  const all = parts(text, separator)
  while (all.length < n) all.push('')
  all[n - 1] = change(all[n - 1]!)
  return all.join(separator)
}
