/**
 * Paths into a message, as HL7 counts: `PID-3[2].4.1` is the first subcomponent of the fourth component of the second
 * repetition of PID-3; `OBX[3]-5` is the value of the third OBX. What is left out is the first one.
 */
import { Failure } from '../kernel/failure.ts'

export interface Hl7Path {
  readonly segment: string
  /** Which segment of that name, from 1. */
  readonly occurrence: number
  readonly field: number
  readonly repetition: number
  readonly component: number
  readonly subcomponent: number
}

/** A place inside a segment. */
export type FieldPath = Omit<Hl7Path, 'segment' | 'occurrence'>

const SEGMENT = /^([A-Z][A-Z0-9]{2})(?:\[(\d{1,6})\])?-/
const FIELD = /^(\d{1,3})(?:\[(\d{1,4})\])?(?:\.(\d{1,3})(?:\.(\d{1,3}))?)?$/

/** @throws Failure `invalid`/`hl7-path` */
export function parsePath(path: string): Hl7Path {
  const found = SEGMENT.exec(path)
  if (found === null) throw wrong(path)
  const [start, segment, occurrence] = found
  return counted(path, {
    segment: segment!,
    occurrence: Number(occurrence ?? 1),
    ...parseFieldPath(path.slice(start.length)),
  })
}

/** The part of a path behind the segment's name: `3[2].4.1`. */
export function parseFieldPath(path: string): FieldPath {
  const found = FIELD.exec(path)
  if (found === null) throw wrong(path)
  const [, field, repetition, component, subcomponent] = found
  return counted(path, {
    field: Number(field),
    repetition: Number(repetition ?? 1),
    component: Number(component ?? 1),
    subcomponent: Number(subcomponent ?? 1),
  })
}

function counted<T extends FieldPath>(path: string, parsed: T): T {
  const numbers: unknown[] = Object.values(parsed)
  if (numbers.includes(0)) throw wrong(path)
  return parsed
}

function wrong(path: string): Failure {
  return new Failure('invalid', 'hl7-path', { path: path.slice(0, 40) })
}
