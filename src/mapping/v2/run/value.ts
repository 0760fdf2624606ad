/** What a rule reads: one view on repetitions, components and subcomponents, so that data type tables fit all levels. */
import type { Hl7Component, Hl7Repetition, Hl7Segment, Value } from '../../../hl7/index.ts'

export interface V2Value {
  /** Text of the first leaf; null for `""`; undefined for nothing. */
  readonly text: Value
  /** The whole text with the delimiters below left in it. */
  readonly whole: Value
  /** Something is there, and it is no explicit null. */
  readonly valued: boolean
  /** The n-th part one level down, from 1. */
  part(n: number): V2Value
}

const NOTHING: V2Value = { text: undefined, whole: undefined, valued: false, part: () => NOTHING }

/** Splits and decodes when asked, and once: the rules of a table ask for the same parts again and again. */
class View implements V2Value {
  readonly valued: boolean
  readonly #source: Hl7Repetition | Hl7Component
  readonly #partOf: (n: number) => V2Value
  readonly #parts: V2Value[] = []
  #text: Value
  #isRead = false

  constructor(source: Hl7Repetition | Hl7Component, partOf: (n: number) => V2Value) {
    this.#source = source
    this.#partOf = partOf
    this.valued = !source.isNull && !source.isEmpty
  }

  get text(): Value {
    if (!this.#isRead) {
      this.#text = this.#source.value
      this.#isRead = true
    }
    return this.#text
  }

  get whole(): Value {
    return this.#source.text
  }

  part(n: number): V2Value {
    return (this.#parts[n] ??= this.#partOf(n))
  }
}

function repetitionValue(repetition: Hl7Repetition): V2Value {
  return new View(repetition, (n) => componentValue(repetition.component(n)))
}

function componentValue(component: Hl7Component): V2Value {
  if (component.raw === '') return NOTHING
  return new View(component, (n) => leafValue(component.subcomponent(n)))
}

function leafValue(text: Value): V2Value {
  if (text === undefined) return NOTHING
  const leaf: V2Value = {
    text,
    whole: text,
    valued: text !== null && text.trim() !== '',
    part: (n) => (n === 1 ? leaf : NOTHING),
  }
  return leaf
}

/** A text of the table itself. */
export function textValue(text: string): V2Value {
  return leafValue(text)
}

/** The trimmed text, or undefined for nothing, null and blanks. */
export function textOf({ text }: V2Value): string | undefined {
  const trimmed = text?.trim()
  return trimmed === undefined || trimmed === '' ? undefined : trimmed
}

/** The repetitions of a field, none when it is empty. */
export type FieldReader = (segment: Hl7Segment, field: number) => readonly V2Value[]

/** A reader that splits each field of a message once. */
export function makeFieldReader(): FieldReader {
  const known = new Map<Hl7Segment, V2Value[][]>()
  // The rules of a table read one segment, one after the other.
  let present: Hl7Segment | undefined
  let fields: V2Value[][] = []
  return (segment, field) => {
    if (segment !== present) {
      present = segment
      fields = known.get(segment) ?? []
      known.set(segment, fields)
    }
    return (fields[field] ??= segment.field(field).repetitions.map(repetitionValue))
  }
}
