/** A time that a message gives as a beginning and a length: its end, in the words of v2 (DTM). HL7 v2.5 chapter 2A, §2.A.22. */
import { ucumCode } from './units.ts'

const MINUTES: ReadonlyMap<string, number> = new Map([
  ['s', 1 / 60],
  ['min', 1],
  ['h', 60],
  ['d', 1440],
  ['wk', 10_080],
])

/** Minutes of one unit of time; undefined when it is none. */
export function minutesOf(unit: string): number | undefined {
  return MINUTES.get(ucumCode(unit) ?? '')
}

/** Undefined for what is no time to the minute, or no length. */
export function timeAfter(start: string, length: number, unit: string): string | undefined {
  const found = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(?:\.\d+)?([+-]\d{4})?$/.exec(start.trim())
  const factor = minutesOf(unit)
  if (found === null || factor === undefined || !Number.isFinite(length) || length < 0) return undefined
  const [year, month, day, hour, minute, second = 0] = found.slice(1, 7).map((part) => Number(part ?? 0))
  const end = Date.UTC(year!, month! - 1, day, hour, minute, second) + Math.round(length * factor * 60_000)
  if (!Number.isFinite(new Date(end).getTime())) return undefined
  const digits = new Date(end)
    .toISOString()
    .replaceAll(/\D/g, '')
    .slice(0, found[6] === undefined ? 12 : 14)
  return `${digits}${found[7] ?? ''}`
}
