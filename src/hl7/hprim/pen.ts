/** Writes v2 segments in the separators of an HPRIM file, from raw texts: nothing is decoded or escaped on the way. */
import type { Delimiters } from '../delimiters.ts'
import { encodeEscapes } from '../escape.ts'
import type { Hl7Segment } from '../segment.ts'
import type { HprimMessage } from './message.ts'

/** Raw texts by their number: fields of a segment, components of a field. */
export type Numbered = Readonly<Record<number, string>>

/** Who sends or receives (7.5, 7.10). A name alone is its code too. */
export interface Party {
  readonly code: string
  readonly name: string
}

export interface Pen {
  readonly delimiters: Delimiters
  readonly sender: Party
  readonly receiver: Party
  /** Text of our own, with its separators escaped. */
  literal(text: string): string
  composite(components: Numbered): string
  segment(name: string, fields: Numbered): string
  /** A CX; '' without a value. */
  identifier(value: string, authority: string, type: string): string
}

export function makePen({ delimiters, segments }: HprimMessage): Pen {
  const { field, component } = delimiters
  const literal = (text: string): string => encodeEscapes(text, delimiters)
  // Where nothing separates components, the first stands for all.
  const composite = (given: Numbered): string =>
    component === undefined ? (given[1] ?? '') : joined(given, 1, component)
  return {
    delimiters,
    sender: partyOf(segments[0]!, 4),
    receiver: partyOf(segments[0]!, 9),
    literal,
    composite,
    segment: (name, fields) => joined({ ...fields, 0: name }, 0, field),
    identifier: (value, authority, type) =>
      value === '' ? '' : composite({ 1: value, 4: authority, 5: literal(type) }),
  }
}

function partyOf(header: Hl7Segment, n: number): Party {
  const [code = '', name = ''] = componentsOf(header, n)
  return { code: code || name, name }
}

function joined(given: Numbered, from: number, separator: string): string {
  const last = Math.max(...Object.keys(given).map(Number))
  const all = Array.from({ length: last + 1 - from }, (_, at) => given[at + from] ?? '')
  return all.slice(0, all.findLastIndex((each) => each !== '') + 1).join(separator)
}

/** The first repetition of a field, as sent. */
export function first(segment: Hl7Segment, n: number): string {
  return segment.field(n).repetition(1).raw
}

/** A component of the first repetition, as sent. */
export function component(segment: Hl7Segment, n: number, at: number): string {
  return segment.field(n).repetition(1).component(at).raw
}

export function componentsOf(segment: Hl7Segment, n: number): string[] {
  return segment
    .field(n)
    .repetition(1)
    .components.map(({ raw }) => raw)
}

/** All fields of a segment, as sent. */
export function fieldsOf(segment: Hl7Segment): Record<number, string> {
  const numbers = Array.from({ length: segment.lastField }, (_, at) => at + 1)
  return Object.fromEntries(numbers.map((n) => [n, segment.field(n).raw]))
}
