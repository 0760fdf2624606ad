/**
 * FHIR dates: a partial date is the interval of all moments that it may mean.
 * https://hl7.org/fhir/R4/datatypes.html#dateTime, https://hl7.org/fhir/R4/search.html#date
 */
import type { TimeZone } from './time-zone.ts'

/** Milliseconds since 1970, `from` included, `to` excluded; ±Infinity where an end is open. */
export interface Interval {
  readonly from: number
  readonly to: number
}

type DatePrecision = 'year' | 'month' | 'day' | 'minute' | 'second' | 'fraction'

interface PartialDate {
  readonly year: number
  /** 1–12 */
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  /** 60 is a leap second. */
  readonly second: number
  readonly millisecond: number
  readonly precision: DatePrecision
  /** Digits of the second's fraction as written. */
  readonly fractionDigits: number
  /** Offset in minutes; undefined when none is written. */
  readonly offset: number | undefined
}

const PARTIAL_DATE =
  /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:[0-5]\d)?)?)?)?$/

/** Reads `2024`, `2024-05`, `2024-05-01`, `2024-05-01T10:30`, with seconds, a fraction and an offset; undefined for any other text. */
function parsePartialDate(text: string): PartialDate | undefined {
  const match = PARTIAL_DATE.exec(text)
  if (!match) return undefined
  const [, year, month, day, hour, minute, second, fraction, zone] = match
  const date: PartialDate = {
    year: Number(year),
    month: Number(month ?? 1),
    day: Number(day ?? 1),
    hour: Number(hour ?? 0),
    minute: Number(minute ?? 0),
    second: Number(second ?? 0),
    millisecond: fraction === undefined ? 0 : Number(fraction.padEnd(3, '0').slice(0, 3)),
    precision: fraction
      ? 'fraction'
      : second
        ? 'second'
        : hour
          ? 'minute'
          : day
            ? 'day'
            : month
              ? 'month'
              : 'year',
    fractionDigits: fraction?.length ?? 0,
    offset: zone === undefined ? undefined : offsetMinutes(zone),
  }
  return isOnTheCalendar(date) ? date : undefined
}

/** A `date`: year, month or day. https://hl7.org/fhir/R4/datatypes.html#date */
export function isDate(text: string): boolean {
  return text.length <= 10 && parsePartialDate(text) !== undefined
}

/** A `dateTime`: with a time it has seconds and an offset. https://hl7.org/fhir/R4/datatypes.html#dateTime */
export function isDateTime(text: string): boolean {
  return text.length <= 10 ? isDate(text) : isInstant(text)
}

/** An `instant`: to the second at least, with an offset. https://hl7.org/fhir/R4/datatypes.html#instant */
export function isInstant(text: string): boolean {
  const date = text.length < 20 ? undefined : parsePartialDate(text)
  return date?.offset !== undefined && (date.precision === 'second' || date.precision === 'fraction')
}

/** A `time` of day: hours to seconds, no offset. https://hl7.org/fhir/R4/datatypes.html#time */
export function isTime(text: string): boolean {
  return /^(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d{1,9})?$/.test(text)
}

/** The moments that a date may mean; a text without an offset is local time of the zone. undefined: not a date. */
export function toInterval(text: string, zone: TimeZone): Interval | undefined {
  const date = parsePartialDate(text)
  return date && intervalOf(date, zone)
}

function intervalOf(date: PartialDate, zone: TimeZone): Interval {
  const from = localMs(date)
  if (date.offset !== undefined) {
    const start = from - date.offset * 60_000
    return { from: start, to: start + widthMs(date) }
  }
  if (date.precision === 'year' || date.precision === 'month' || date.precision === 'day') {
    return { from: zone.toEpoch(from), to: zone.toEpoch(localMs(nextOf(date))) }
  }
  const start = zone.toEpoch(from)
  return { from: start, to: start + widthMs(date) }
}

/** From the first moment of `start` to the last of `end`; a missing end is open. undefined: neither can be read. */
export function periodInterval(
  start: string | undefined,
  end: string | undefined,
  zone: TimeZone,
): Interval | undefined {
  const first = start === undefined ? undefined : toInterval(start, zone)
  const last = end === undefined ? undefined : toInterval(end, zone)
  if (!first && !last) return undefined
  return { from: first?.from ?? Number.NEGATIVE_INFINITY, to: last?.to ?? Number.POSITIVE_INFINITY }
}

function offsetMinutes(zone: string): number {
  if (zone === 'Z') return 0
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6))
  return zone.startsWith('-') ? -minutes : minutes
}

const MAX_OFFSET_MINUTES = 14 * 60

function isOnTheCalendar(date: PartialDate): boolean {
  return (
    date.year >= 1 &&
    date.month >= 1 &&
    date.month <= 12 &&
    date.day >= 1 &&
    date.day <= daysInMonth(date.year, date.month) &&
    date.hour <= 23 &&
    date.minute <= 59 &&
    date.second <= 60 &&
    (date.offset === undefined || Math.abs(date.offset) <= MAX_OFFSET_MINUTES)
  )
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

function localMs(date: Omit<PartialDate, 'precision' | 'fractionDigits' | 'offset'>): number {
  const { year, month, day, hour, minute, second, millisecond } = date
  if (year >= 100) return Date.UTC(year, month - 1, day, hour, minute, second, millisecond)
  // Date.UTC reads 0–99 as 1900–1999.
  const moment = new Date(0)
  moment.setUTCFullYear(year, month - 1, day)
  return moment.setUTCHours(hour, minute, second, millisecond)
}

function nextOf(date: PartialDate): PartialDate {
  if (date.precision === 'year') return { ...date, year: date.year + 1 }
  if (date.precision === 'month') return { ...date, month: date.month + 1 }
  return { ...date, day: date.day + 1 }
}

function widthMs({ precision, fractionDigits }: PartialDate): number {
  if (precision === 'minute') return 60_000
  return precision === 'fraction' ? Math.max(1, 10 ** (3 - fractionDigits)) : 1000
}
