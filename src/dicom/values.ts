/**
 * The value representations that are text with a grammar: dates, times, numbers, names. PS3.5 §6.2.
 * Tolerant of what devices send (ACR-NEMA `1993.04.30`, `12:30:00`); what makes no sense is undefined, never a guess.
 */

/** A date that may lack its day, or its month and day. */
export interface PartialDate {
  readonly year: number
  readonly month?: number
  readonly day?: number
}

export interface TimeOfDay {
  readonly hour: number
  readonly minute: number
  readonly second: number
  /** Digits after the decimal point, as sent; '' if none. */
  readonly fraction: string
}

/** DA. Also `YYYY.MM.DD` (ACR-NEMA 300), `YYYY-MM-DD`, and the partial dates `YYYY` and `YYYYMM`. */
export function parseDate(text: string): PartialDate | undefined {
  const match = /^(\d{4})(?:([.-]?)(\d\d)(?:\2(\d\d))?)?$/.exec(text.trim())
  if (match === null) return undefined
  const [year, month, day] = [match[1], match[3], match[4]].map((part) =>
    part === undefined ? undefined : Number(part),
  )
  if (year === undefined || year < 1) return undefined
  if (month === undefined) return { year }
  if (month < 1 || month > 12) return undefined
  if (day === undefined) return { year, month }
  if (day < 1 || day > daysIn(year, month)) return undefined
  return { year, month, day }
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate()
}

/** TM. Parts that are missing are zero; also `HH:MM:SS`. 24:00 and a second of 60 as the standard allows. */
export function parseTime(text: string): TimeOfDay | undefined {
  const match = /^(\d\d)(?::?(\d\d)(?::?(\d\d)(?:\.(\d{1,6}))?)?)?$/.exec(text.trim())
  if (match === null) return undefined
  const [hour, minute, second] = [match[1], match[2], match[3]].map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
  ]
  if (hour > 23 || minute > 59 || second > 60) return undefined
  return { hour, minute, second, fraction: match[4] ?? '' }
}

/** Timezone Offset From UTC (0008,0201), `&ZZXX` of DT: minutes east of Greenwich. */
export function parseOffset(text: string): number | undefined {
  const match = /^([+-])(\d\d):?(\d\d)$/.exec(text.trim())
  if (match === null) return undefined
  const minutes = Number(match[2]) * 60 + Number(match[3])
  if (minutes > 14 * 60 || Number(match[3]) > 59) return undefined
  return match[1] === '-' ? -minutes : minutes
}

/** DT: date, time and offset in one. */
export interface DateTime {
  readonly date: PartialDate
  readonly time?: TimeOfDay
  readonly offset?: number
}

export function parseDateTime(text: string): DateTime | undefined {
  const match = /^(\d{4,8})(\d{2,6}(?:\.\d{1,6})?)?([+-]\d{4})?$/.exec(text.trim())
  if (match === null) return undefined
  const date = parseDate(match[1]!)
  const time = match[2] === undefined ? undefined : parseTime(match[2])
  const offset = match[3] === undefined ? undefined : parseOffset(match[3])
  if (date === undefined || (match[2] !== undefined && time === undefined)) return undefined
  if (match[3] !== undefined && offset === undefined) return undefined
  return { date, ...(time && { time }), ...(offset !== undefined && { offset }) }
}

/** IS */
export function parseInteger(text: string): number | undefined {
  const value = /^[+-]?\d{1,12}$/.test(text.trim()) ? Number(text) : undefined
  return value !== undefined && Math.abs(value) < 2 ** 31 ? value : undefined
}

/** DS */
export function parseDecimal(text: string): number | undefined {
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text.trim()) ? Number(text) : undefined
}

/** One representation of a PN: five components. PS3.5 §6.2.1.1 */
export interface NameComponents {
  readonly family?: string
  readonly given?: string
  readonly middle?: string
  readonly prefix?: string
  readonly suffix?: string
}

const COMPONENTS = ['family', 'given', 'middle', 'prefix', 'suffix'] as const

/** The components of one group; undefined when all are empty (`^^^^`). */
export function parseNameGroup(text: string): NameComponents | undefined {
  const parts = text.split('^').map((part) => part.trim())
  const found = COMPONENTS.flatMap((name, index) => {
    const part = parts[index]
    return part === undefined || part === '' ? [] : [[name, part] as const]
  })
  return found.length === 0 ? undefined : Object.fromEntries(found)
}
