/** One IANA time zone: local clock ↔ UTC, right on the days when the clock changes. */

const DAY_MS = 86_400_000
/** 137 years of days. A guard for input with random years, not a working limit. */
const MAX_CACHED_DAYS = 50_000

export interface TimeZone {
  readonly name: string
  /** Local time minus UTC, in milliseconds, at this moment. */
  offsetAt(epochMs: number): number
  /**
   * The moment when local clocks show this time, given as if it were UTC. A time shown twice is the first one; one that is
   * skipped is taken with the offset before the change.
   */
  toEpoch(localMs: number): number
}

export const utc: TimeZone = { name: 'UTC', offsetAt: () => 0, toEpoch: (localMs) => localMs }

/** @throws RangeError when the name is no IANA zone */
export function makeTimeZone(name: string): TimeZone {
  const clock = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  // Offset of each UTC day that has only one; NaN for a day with a change in it.
  const ofDay = new Map<number, number>()

  function offsetAt(epochMs: number): number {
    const day = Math.floor(epochMs / DAY_MS)
    let offset = ofDay.get(day)
    if (offset === undefined) {
      if (ofDay.size >= MAX_CACHED_DAYS) ofDay.clear()
      const first = measure(clock, day * DAY_MS)
      offset = first === measure(clock, (day + 1) * DAY_MS - 1000) ? first : Number.NaN
      ofDay.set(day, offset)
    }
    return Number.isNaN(offset) ? measure(clock, epochMs) : offset
  }

  function toEpoch(localMs: number): number {
    const before = offsetAt(localMs - DAY_MS)
    const after = offsetAt(localMs + DAY_MS)
    if (before === after) return localMs - before
    const early = localMs - before
    if (offsetAt(early) === before) return early
    const late = localMs - after
    return offsetAt(late) === after ? late : early
  }

  return { name, offsetAt, toEpoch }
}

function measure(clock: Intl.DateTimeFormat, epochMs: number): number {
  const seconds = Math.floor(epochMs / 1000) * 1000
  const parts: Record<string, string> = {}
  for (const { type, value } of clock.formatToParts(seconds)) parts[type] = value
  const year = parts['era'] === 'BC' ? 1 - Number(parts['year']) : Number(parts['year'])
  const local = new Date(0)
  local.setUTCFullYear(year, Number(parts['month']) - 1, Number(parts['day']))
  local.setUTCHours(Number(parts['hour']), Number(parts['minute']), Number(parts['second']))
  return local.getTime() - seconds
}
