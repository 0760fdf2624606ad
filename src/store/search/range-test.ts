/** How a resource's interval has to stand to a search value's. https://hl7.org/fhir/R4/search.html#prefix */
import type { DateValue, NumberValue } from '../../fhir/index.ts'
import { DAY_MS, epoch } from '../index-ranges.ts'
import { orderedNumber } from '../ordered-number.ts'
import { join, type Sql, sql } from './sql.ts'

/** Bounds of the interval's ends, all included; undefined: none. */
export interface Bounds {
  readonly loMin?: bigint | undefined
  readonly loMax?: bigint | undefined
  readonly hiMin?: bigint | undefined
  readonly hiMax?: bigint | undefined
}

/** One of the bounds holds, or none of them when it is turned round. */
export interface RangeTest {
  readonly anyOf: readonly Bounds[]
  readonly not?: true
}

const LEAST = -(2n ** 63n)
const GREATEST = 2n ** 63n - 1n

/** A resource's date is [lo, hi), the value's [from, to). */
export function dateTest({ prefix, from, to }: Pick<DateValue, 'prefix' | 'from' | 'to'>): RangeTest {
  const [a, b] = [BigInt(epoch(from)), BigInt(epoch(to))]
  const contained: Bounds = { loMin: a, hiMax: b }
  switch (prefix) {
    case 'eq':
      return { anyOf: [contained] }
    case 'ne':
      return { anyOf: [contained], not: true }
    case 'gt':
      return { anyOf: [{ hiMin: next(b) }] }
    case 'lt':
      return { anyOf: [{ loMax: previous(a) }] }
    // "Range above the value: the specified value and up": what begins before it and ends within it is not left out.
    case 'ge':
      return { anyOf: [{ hiMin: next(a) }] }
    case 'le':
      return { anyOf: [{ loMax: previous(b) }] }
    case 'sa':
      return { anyOf: [{ loMin: b }] }
    case 'eb':
      return { anyOf: [{ hiMax: a }] }
    case 'ap':
      return { anyOf: [{ loMax: previous(b), hiMin: next(a) }] }
    case 'co':
      return { anyOf: [{ loMax: a, hiMin: b }] }
  }
}

type Decimals = Pick<NumberValue, 'prefix' | 'value' | 'low' | 'high'>

/**
 * A resource's number is [lo, hi], most often a point. eq, ne and ap mean the range of the written precision; "when a
 * comparison prefix in the set gt, lt, ge, le, sa & eb is provided, the implicit precision of the number is ignored".
 * @param toNumber in the unit that the index keeps the values in
 */
export function numberTest(
  { prefix, value, low, high }: Decimals,
  toNumber: (text: string) => number,
): RangeTest {
  const at = (text: string) => orderedNumber(toNumber(text))
  // A negative unit or one that falls (none is known) would turn the range round.
  const [least, greatest] = [at(low), at(high)].toSorted((a, b) => (a < b ? -1 : 1)) as [bigint, bigint]
  const within: Bounds = { loMin: least, hiMax: previous(greatest) }
  const exact = at(value)
  switch (prefix) {
    case 'eq':
      return { anyOf: [within] }
    case 'ne':
      return { anyOf: [within], not: true }
    case 'gt':
      return { anyOf: [{ hiMin: next(exact) }] }
    case 'lt':
      return { anyOf: [{ loMax: previous(exact) }] }
    case 'ge':
      return { anyOf: [{ hiMin: exact }] }
    case 'le':
      return { anyOf: [{ loMax: exact }] }
    case 'sa':
      return { anyOf: [{ loMin: next(exact) }] }
    case 'eb':
      return { anyOf: [{ hiMax: previous(exact) }] }
    case 'co':
      return { anyOf: [{ loMax: exact, hiMin: exact }] }
    case 'ap': {
      const [from, to] = approximately(toNumber(value))
      return { anyOf: [{ loMax: to, hiMin: from }] }
    }
  }
}

/** "The recommended value is 10 % of the stated value." */
function approximately(value: number): [bigint, bigint] {
  const gap = Math.abs(value) / 10
  return [orderedNumber(value - gap), orderedNumber(value + gap)]
}

/** A test of `lo` and `hi`. */
export function rangeSql({ anyOf, not }: RangeTest, lo: Sql, hi: Sql): Sql {
  const any = sql`(${join(
    anyOf.map((bounds) => boundsSql(bounds, lo, hi)),
    ' or ',
    sql`false`,
  )})`
  return not ? sql`not ${any}` : any
}

function boundsSql({ loMin, loMax, hiMin, hiMax }: Bounds, lo: Sql, hi: Sql): Sql {
  const tests: Sql[] = []
  if (loMin !== undefined) tests.push(sql`${lo} >= ${String(loMin)}::bigint`)
  if (loMax !== undefined) tests.push(sql`${lo} <= ${String(loMax)}::bigint`)
  if (hiMin !== undefined) tests.push(sql`${hi} >= ${String(hiMin)}::bigint`)
  if (hiMax !== undefined) tests.push(sql`${hi} <= ${String(hiMax)}::bigint`)
  return sql`(${join(tests, ' and ', sql`true`)})`
}

interface RangePath {
  readonly long: boolean
  readonly test: RangeTest
}

/**
 * Where to look for intervals that meet the bounds, in an index that is ordered by their beginning. What bounds only
 * the end is looked for among the short intervals by their beginning, and among the long ones one by one.
 */
export function rangePaths(test: RangeTest): RangePath[] {
  if (test.not) return [{ long: false, test }]
  return test.anyOf.flatMap((given): RangePath[] => {
    const bounds = { ...given, loMax: least(given.loMax, given.hiMax) }
    const { loMin, hiMin } = bounds
    if (loMin !== undefined || hiMin === undefined) return [{ long: false, test: { anyOf: [bounds] } }]
    const short = { ...bounds, loMin: hiMin - BigInt(DAY_MS) < LEAST ? LEAST : hiMin - BigInt(DAY_MS) }
    return [
      { long: false, test: { anyOf: [short] } },
      { long: true, test: { anyOf: [bounds] } },
    ]
  })
}

function least(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  return a === undefined || (b !== undefined && b < a) ? b : a
}

function next(value: bigint): bigint {
  return value === GREATEST ? value : value + 1n
}

function previous(value: bigint): bigint {
  return value === LEAST ? value : value - 1n
}
