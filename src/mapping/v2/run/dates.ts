/**
 * v2 dates as FHIR dates: with the precision that was sent, no more. A time needs an offset in FHIR: the sender's, else
 * that of the channel's time zone at that moment. https://hl7.org/fhir/R4/datatypes.html#dateTime
 */
import { parseDtm, parseTm, type Dtm } from '../../../hl7/index.ts'

export function toDate(text: string): string | undefined {
  const dtm = parseDtm(text)
  return dtm && dayOf(dtm)
}

export function toDateTime(text: string, offsetAt: OffsetAt): string | undefined {
  const dtm = parseDtm(text)
  if (!dtm) return undefined
  if (dtm.hour === undefined) return dayOf(dtm)
  return `${dayOf(dtm)}T${clock(dtm)}${offset(dtm, offsetAt)}`
}

/** An instant needs a time; undefined when only a day or an hour was sent. Seconds that were not sent are 00, as in a dateTime. */
export function toInstant(text: string, offsetAt: OffsetAt): string | undefined {
  return parseDtm(text)?.minute === undefined ? undefined : toDateTime(text, offsetAt)
}

/** A time of day, from a TM or from the time of a DTM. Seconds that were not sent are 00, as FHIR wants them. */
export function toTime(text: string): string | undefined {
  const tm = parseTm(text)
  if (tm) return clock(tm)
  const dtm = parseDtm(text)
  return dtm?.hour === undefined ? undefined : clock(dtm)
}

function dayOf({ year, month, day }: Dtm): string {
  const parts = [String(year).padStart(4, '0'), two(month), two(day)]
  return parts.filter((part) => part !== undefined).join('-')
}

function clock({
  hour = 0,
  minute = 0,
  second = 0,
  fraction,
}: Pick<Dtm, 'minute' | 'second' | 'fraction'> & { hour: number | undefined }): string {
  return `${two(hour)}:${two(minute)}:${two(Math.min(second, 59))}${fraction === undefined ? '' : `.${fraction}`}`
}

function two(number: number | undefined): string | undefined {
  return number === undefined ? undefined : String(number).padStart(2, '0')
}

function offset(dtm: Dtm, offsetAt: OffsetAt): string {
  const { year, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = dtm
  const minutes = dtm.offsetMinutes ?? offsetAt(Date.UTC(year, month - 1, day, hour, minute, second))
  const distance = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(distance / 60))}:${two(distance % 60)}`
}

/** Minutes east of UTC at a local time, given as if it were UTC. */
export type OffsetAt = (localMs: number) => number

/** The offsets of an IANA time zone, daylight saving included. */
export function makeOffsets(timeZone: string): OffsetAt {
  const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset', hourCycle: 'h23' })
  const offsetOf = (epochMs: number): number => {
    const name = format.formatToParts(epochMs).find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT'
    const found = /GMT([+-])(\d\d):(\d\d)/.exec(name)
    if (!found) return 0
    return (found[1] === '-' ? -1 : 1) * (Number(found[2]) * 60 + Number(found[3]))
  }
  const known = new Map<number, number>()
  return (localMs) => {
    // Offsets change on the hour at most: one look-up for each hour that occurs.
    const hour = Math.floor(localMs / 3_600_000)
    const cached = known.get(hour)
    if (cached !== undefined) return cached
    const first = offsetOf(localMs - offsetOf(localMs) * 60_000)
    if (known.size > 10_000) known.clear()
    known.set(hour, first)
    return first
  }
}
