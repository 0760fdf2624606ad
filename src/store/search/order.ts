/** The order of a search, as the database has it, where matches are put in order here. */
import type { Cursor } from './cursor.ts'
import type { SortPart } from './query.ts'

/** The least of the values, or the greatest. */
export function extreme(values: readonly string[], descending: boolean): string | null {
  if (values.length === 0) return null
  return values.reduce((best, value) => (compareKeys(value, best) > 0 === descending ? value : best))
}

/**
 * By each key in turn, then by number in the direction of the last key, newest first where that is missing or a token;
 * what lacks a key comes after what has it.
 */
export function makeOrder(sort: readonly SortPart[]): (a: Cursor, b: Cursor) => number {
  return (a, b) => {
    for (const [i, { kind, descending }] of sort.entries()) {
      const x = a.keys[i] ?? null
      const y = b.keys[i] ?? null
      if (x === null || y === null) {
        if (x !== y) return x === null ? 1 : -1
        continue
      }
      const order = kind.by === 'number' ? compareNumbers(x, y) : compareKeys(x, y)
      if (order !== 0) return descending ? -order : order
    }
    const { kind, descending } = sort.at(-1)!
    const newestFirst = descending || kind.by === 'token' || a.keys[sort.length - 1] === null
    return newestFirst ? b.rid - a.rid : a.rid - b.rid
  }
}

/** The database's "C" order: that of UTF-8 bytes, which JavaScript's `<` on UTF-16 units is not beyond U+FFFF. */
function compareKeys(a: string | number, b: string | number): number {
  if (typeof a === 'number' || typeof b === 'number') return Number(a) - Number(b)
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

/** Numbers come as the text of 64 bits, which a JavaScript number does not hold. */
function compareNumbers(a: string | number, b: string | number): number {
  const [x, y] = [BigInt(a), BigInt(b)]
  return x < y ? -1 : x > y ? 1 : 0
}
