/** What a rule reads: one view on repetitions, components and subcomponents, so that data type tables fit all levels. */
import type { Hl7Component, Hl7Repetition, Value } from '../../../hl7/index.ts'

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

export function repetitionValue(repetition: Hl7Repetition): V2Value {
  return {
    text: repetition.value,
    whole: repetition.text,
    valued: !repetition.isEmpty && !repetition.isNull,
    part: (n) => componentValue(repetition.component(n)),
  }
}

function componentValue(component: Hl7Component): V2Value {
  return {
    text: component.value,
    whole: component.text,
    valued: !component.isEmpty && !component.isNull,
    part: (n) => leafValue(component.subcomponent(n)),
  }
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
