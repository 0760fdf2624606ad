/** https://hl7.org/fhir/R4/search.html#date */
import { periodInterval, toInterval } from '../../../kernel/dates.ts'
import type { TimeZone } from '../../../kernel/time-zone.ts'
import { isFields, type Emit, type EmitSpec, type Fields } from './emit.ts'

export function emitDate({ param, type }: EmitSpec): Emit | undefined {
  if (type === 'date' || type === 'dateTime' || type === 'instant') {
    return (value, into, { zone }) => {
      const interval = toInterval(String(value), zone)
      if (interval) into.dates.push({ param, ...interval })
    }
  }
  if (type === 'Period') {
    return (value, into, { zone }) => {
      const interval = intervalOfPeriod(value as Fields, zone)
      if (interval) into.dates.push({ param, ...interval })
    }
  }
  if (type === 'Timing') {
    return (value, into, { zone }) => {
      const interval = intervalOfTiming(value as Fields, zone)
      if (interval) into.dates.push({ param, ...interval })
    }
  }
  return undefined
}

function intervalOfPeriod({ start, end }: Fields, zone: TimeZone) {
  return periodInterval(
    typeof start === 'string' ? start : undefined,
    typeof end === 'string' ? end : undefined,
    zone,
  )
}

/** "Only the outer limits matter": of its events and of the period that bounds its repetition. */
function intervalOfTiming({ event, repeat }: Fields, zone: TimeZone) {
  const intervals = Array.isArray(event) ? event.map((each) => toInterval(String(each), zone)) : []
  const bounds = isFields(repeat) ? repeat['boundsPeriod'] : undefined
  if (isFields(bounds)) intervals.push(intervalOfPeriod(bounds, zone))
  const known = intervals.filter((interval) => interval !== undefined)
  if (known.length === 0) return undefined
  return { from: Math.min(...known.map(({ from }) => from)), to: Math.max(...known.map(({ to }) => to)) }
}
