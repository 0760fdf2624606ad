/**
 * When what a message tells happened: what is newer is decided by that and not by what arrives later.
 * EVN-6 event occurred, EVN-2 recorded (HL7 v2.5 chapter 3, §3.4.1), MSH-7; a result by OBR-22 or OBX-19 (chapter 7).
 */
import type { Hl7Message, Hl7Segment } from '../../../hl7/index.ts'
import { toInstant as instantOf } from '../../../kernel/clock.ts'
import { toDateTime, type OffsetAt } from './dates.ts'
import { nearestSegment } from './groups.ts'
import type { Origin } from './identity.ts'

export interface EventTime {
  /** Epoch ms; of a day its beginning. */
  readonly at: number
  /** The same as a FHIR dateTime, with the precision that was sent. */
  readonly on: string
}

/** A clock that is ahead must not keep a record from ever being changed again. */
const AHEAD_MS = 24 * 60 * 60 * 1000

export interface Clocks {
  readonly offsetAt: OffsetAt
  readonly receivedAt: number
}

/** The message's own time; that of its arrival when it has none that can be. */
export function eventTimeOf(message: Hl7Message, clocks: Clocks): EventTime {
  const { receivedAt } = clocks
  const said = ['EVN-6.1', 'EVN-2.1', 'MSH-7.1'].map((path) => readTime(message.get(path), clocks))
  return said.find((time) => time !== undefined) ?? { at: receivedAt, on: instantOf(receivedAt) }
}

/** The time of a result or its report: when its status changed, else when it was analysed. */
export function resultTimeOf(
  type: string,
  origin: Origin | undefined,
  clocks: Clocks,
): EventTime | undefined {
  if (origin === undefined || (type !== 'Observation' && type !== 'DiagnosticReport')) return undefined
  const { segment, group } = origin
  const order = segment.name === 'OBR' ? segment : nearestSegment(group, 'OBR')
  const fields: [Hl7Segment | undefined, number][] = [
    [order, 22],
    [segment.name === 'OBX' ? segment : undefined, 19],
  ]
  for (const [from, field] of fields) {
    const time = readTime(from?.field(field).repetition(1).component(1).value, clocks)
    if (time !== undefined) return time
  }
  return undefined
}

function readTime(text: string | null | undefined, { offsetAt, receivedAt }: Clocks): EventTime | undefined {
  const on = text ? toDateTime(text.trim(), offsetAt) : undefined
  const at = on === undefined ? Number.NaN : Date.parse(on)
  return on === undefined || Number.isNaN(at) || at > receivedAt + AHEAD_MS ? undefined : { at, on }
}
