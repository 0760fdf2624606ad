/** Dates, numbers and quantities as intervals of 64 bits, both ends included in what a row says. */
import { canonicalUnit, unitKey, type NumberEntry, type QuantityEntry } from '../fhir/index.ts'
import { unitHash } from './hash.ts'
import { orderedNumber } from './ordered-number.ts'

export interface Range {
  /** 64 bits that name the parameter, and the unit where there is one. */
  readonly param: string
  readonly lo: string
  readonly hi: string
}

type Bounds = Pick<Range, 'lo' | 'hi'>

const LEAST = '-9223372036854775808'
const GREATEST = '9223372036854775807'

/** A day of 25 hours: the end of summer time. */
export const DAY_MS = 90_000_000

/** Epoch milliseconds as a bigint; open ends are the least and the greatest. */
export function epoch(ms: number): string {
  if (ms === Infinity) return GREATEST
  if (ms === -Infinity) return LEAST
  return String(Math.trunc(ms))
}

/** `hi` is the first millisecond that it no longer covers. */
export function dateRange(from: number, to: number): Bounds {
  return { lo: epoch(from), hi: epoch(to) }
}

export function numberRange({ low, high, without }: NumberEntry): Bounds {
  return bounds(low, high, without, Number)
}

/**
 * A quantity's values in canonical units where UCUM has its unit, else in its own; and by the unit as it is written,
 * for `5.4||mg`, which asks for that.
 */
export function unitRanges(type: string, entry: QuantityEntry): { found: Range[]; tested: Range[] } {
  const { param, system, code, unit, low, high, without } = entry
  const own = numberRange(entry)
  const found: Range[] = []
  const canonical = canonicalUnit(system, code)
  if (canonical) {
    const inBase = bounds(low, high, without, (text) => canonical.toBase(Number(text)))
    found.push({ param: unitHash(type, param, canonical.dimension), ...inBase })
  } else if (system !== undefined && code !== undefined) {
    found.push({ param: unitHash(type, param, unitKey(system, code)), ...own })
  }
  const written = [...new Set([code, unit])].filter((text) => text !== undefined)
  return {
    found,
    tested: written.map((text) => ({ param: unitHash(type, param, unitKey(undefined, text)), ...own })),
  }
}

/**
 * Longer than a day in milliseconds, and as a number anything but a point. A search that bounds only the end of an
 * interval can look among the short ones by their beginning; the long ones stand apart.
 */
export function isLong({ lo, hi }: Bounds): boolean {
  return BigInt(hi) - BigInt(lo) > BigInt(DAY_MS)
}

function bounds(
  low: string | undefined,
  high: string | undefined,
  without: 'low' | 'high' | undefined,
  toNumber: (text: string) => number,
): Bounds {
  const lo = low === undefined ? LEAST : String(orderedNumber(toNumber(low)) + (without === 'low' ? 1n : 0n))
  const hi =
    high === undefined ? GREATEST : String(orderedNumber(toNumber(high)) - (without === 'high' ? 1n : 0n))
  return { lo, hi }
}
