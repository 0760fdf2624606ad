/**
 * Date and time values: DT, TM, DTM and the older TS. HL7 v2.5 chapter 2A, §2.A.21–22 and §2.A.75–77:
 * YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]. What is written, no more: precision and offset are kept.
 */

export type DtmPrecision = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'fraction'

export interface Dtm {
  readonly precision: DtmPrecision
  readonly year: number
  readonly month: number | undefined
  readonly day: number | undefined
  readonly hour: number | undefined
  readonly minute: number | undefined
  readonly second: number | undefined
  /** The digits behind the point, as sent: `0400`. */
  readonly fraction: string | undefined
  /** Minutes east of UTC; undefined when the sender gave none. */
  readonly offsetMinutes: number | undefined
}

const DTM = /^(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:\.(\d{1,9}))?)?)?)?)?)?([+-]\d{4})?$/

/**
 * Reads a date or date-time; undefined when it is none. Zeros for an unknown month or day (`19800000`), as many
 * systems send them, lower the precision; a year of zeros is no date.
 */
export function parseDtm(text: string): Dtm | undefined {
  const found = DTM.exec(text.trim())
  if (found === null) return undefined
  const [year, month, day, hour, minute, second] = found
    .slice(1, 7)
    .map((digits) => (digits === undefined ? undefined : Number(digits)))
  const fraction = found[7]
  const offsetMinutes = parseOffset(found[8])
  if (!year || offsetMinutes === null) return undefined
  const nothing = { month: undefined, day: undefined, ...NO_TIME, offsetMinutes: undefined }
  const timeIsZero = !hour && !minute && !second
  if (month === undefined) return { ...nothing, precision: 'year', year }
  if (month === 0) return !day && timeIsZero ? { ...nothing, precision: 'year', year } : undefined
  if (month > 12) return undefined
  if (day === undefined) return { ...nothing, precision: 'month', year, month }
  if (day === 0) return timeIsZero ? { ...nothing, precision: 'month', year, month } : undefined
  if (day > daysIn(year, month) || !isTime(hour, minute, second)) return undefined
  const precision = timePrecision(hour, minute, second, fraction) ?? 'day'
  return { precision, year, month, day, hour, minute, second, fraction, offsetMinutes }
}

/** A time of day: TM. */
export type Tm = Pick<Dtm, 'minute' | 'second' | 'fraction' | 'offsetMinutes'> & {
  readonly precision: 'hour' | 'minute' | 'second' | 'fraction'
  readonly hour: number
}

const TM = /^(\d\d)(?:(\d\d)(?:(\d\d)(?:\.(\d{1,9}))?)?)?([+-]\d{4})?$/

/** Reads a time of day, HH[MM[SS[.S[S[S[S]]]]]][+/-ZZZZ]; undefined when it is none. */
export function parseTm(text: string): Tm | undefined {
  const found = TM.exec(text.trim())
  if (found === null) return undefined
  const [hour, minute, second] = found
    .slice(1, 4)
    .map((digits) => (digits === undefined ? undefined : Number(digits)))
  const fraction = found[4]
  const offsetMinutes = parseOffset(found[5])
  if (hour === undefined || offsetMinutes === null || !isTime(hour, minute, second)) return undefined
  return {
    precision: timePrecision(hour, minute, second, fraction) ?? 'hour',
    hour,
    minute,
    second,
    fraction,
    offsetMinutes,
  }
}

/** A moment as DTM, to the second, in the given offset (default UTC): `20260102030405+0000`. */
export function formatDtm(epochMs: number, offsetMinutes = 0): string {
  const local = new Date(epochMs + offsetMinutes * 60_000).toISOString().replace(/\D/g, '').slice(0, 14)
  const distance = Math.abs(offsetMinutes)
  const hours = String(Math.floor(distance / 60)).padStart(2, '0')
  const minutes = String(distance % 60).padStart(2, '0')
  return `${local}${offsetMinutes < 0 ? '-' : '+'}${hours}${minutes}`
}

const NO_TIME = { hour: undefined, minute: undefined, second: undefined, fraction: undefined }

type TimePart = number | undefined

function timePrecision(hour: TimePart, minute: TimePart, second: TimePart, fraction: string | undefined) {
  if (fraction !== undefined) return 'fraction'
  if (second !== undefined) return 'second'
  if (minute !== undefined) return 'minute'
  return hour === undefined ? undefined : 'hour'
}

/** A leap second counts as 60. */
function isTime(hour = 0, minute = 0, second = 0): boolean {
  return hour <= 23 && minute <= 59 && second <= 60
}

/** Minutes; undefined without an offset, null for one that no place on earth has. */
function parseOffset(text: string | undefined): number | undefined | null {
  if (text === undefined) return undefined
  const hours = Number(text.slice(1, 3))
  const minutes = Number(text.slice(3))
  if (hours > 14 || minutes > 59) return null
  const distance = hours * 60 + minutes
  return text.startsWith('-') && distance > 0 ? -distance : distance
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year < 100 ? year + 2000 : year, month, 0)).getUTCDate()
}
