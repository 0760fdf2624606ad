/** DICOM dates and times → FHIR date and dateTime. A time needs an offset: the dataset's, else the channel's time zone. */
import {
  type Dataset,
  parseDate,
  parseOffset,
  parseTime,
  type PartialDate,
  textOf,
  type TagName,
  type TimeOfDay,
} from '../../dicom/index.ts'
import type { TimeZone } from '../../kernel/time-zone.ts'
import type { Warn } from './context.ts'

/** A DA as FHIR date, as precise as it is. */
export function fhirDate(dataset: Dataset, name: TagName, warn: Warn): string | undefined {
  const text = textOf(dataset, name)
  if (text === undefined) return undefined
  const date = parseDate(text)
  if (date === undefined) warn('date-not-readable')
  return date && formatDate(date)
}

interface DateAndTime {
  readonly date: TagName
  readonly time: TagName
}

/** A DA and a TM as one dateTime. Without a whole date, or without a time, only the date. */
export function fhirDateTime(
  dataset: Dataset,
  { date: dateName, time: timeName }: DateAndTime,
  offsetText: string | undefined,
  zone: TimeZone,
  warn: Warn,
): string | undefined {
  const dateText = textOf(dataset, dateName)
  const date = dateText === undefined ? undefined : parseDate(dateText)
  if (date === undefined) {
    if (dateText !== undefined) warn('date-not-readable')
    return undefined
  }
  const timeText = textOf(dataset, timeName)
  const time = timeText === undefined ? undefined : parseTime(timeText)
  if (timeText !== undefined && time === undefined) warn('time-not-readable')
  if (time === undefined || date.day === undefined) return formatDate(date)
  const offset = offsetText === undefined ? undefined : parseOffset(offsetText)
  if (offsetText !== undefined && offset === undefined) warn('offset-not-readable')
  return `${formatDate(date)}T${formatTime(time)}${formatOffset(offset ?? offsetIn(zone, date, time))}`
}

function formatDate({ year, month, day }: PartialDate): string {
  return [pad(year, 4), month, day]
    .filter((part) => part !== undefined)
    .map((part) => pad(part, 2))
    .join('-')
}

function formatTime({ hour, minute, second, fraction }: TimeOfDay): string {
  const whole = [hour, minute, second].map((part) => pad(part, 2)).join(':')
  return fraction === '' ? whole : `${whole}.${fraction}`
}

/** Minutes east of Greenwich. */
function offsetIn(
  zone: TimeZone,
  { year, month = 1, day = 1 }: PartialDate,
  { hour, minute, second }: TimeOfDay,
) {
  const local = new Date(0)
  local.setUTCFullYear(year, month - 1, day)
  local.setUTCHours(hour, minute, Math.min(second, 59))
  return Math.round((local.getTime() - zone.toEpoch(local.getTime())) / 60_000)
}

function formatOffset(minutes: number): string {
  const sign = minutes < 0 ? '-' : '+'
  const absolute = Math.abs(minutes)
  return `${sign}${pad(Math.floor(absolute / 60), 2)}:${pad(absolute % 60, 2)}`
}

function pad(value: number | string, width: number): string {
  return String(value).padStart(width, '0')
}
