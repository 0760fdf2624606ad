/**
 * What stands in a field: repetitions, components, subcomponents, as views on the text that was sent. HL7 v2.5 chapter
 * 2, §2.5.3. A value is the decoded text, `null` for `""` (the sender deletes it), `undefined` for nothing (the
 * sender says nothing). A view beyond what was sent is empty, never missing.
 */
import { decodeEscapes, type Syntax } from './escape.ts'
import { part, parts } from './parts.ts'

export type Value = string | null | undefined

export const NULL = '""'

export function valueOf(raw: string, syntax: Syntax): Value {
  if (raw === '') return undefined
  // Escapes may leave nothing: \H\\N\ says as much as an empty value.
  return raw === NULL ? null : decodeEscapes(raw, syntax) || undefined
}

abstract class View {
  /** The text as sent, escapes and delimiters included. */
  readonly raw: string
  protected readonly syntax: Syntax

  constructor(raw: string, syntax: Syntax) {
    this.raw = raw
    this.syntax = syntax
  }

  /** True for `""`: the sender deletes what the receiver has. */
  get isNull(): boolean {
    return this.raw === NULL
  }

  /** True when nothing but delimiters is there. `""` is not empty. */
  get isEmpty(): boolean {
    const { component, subcomponent, repetition } = this.syntax.delimiters
    for (const character of this.raw) {
      if (character !== component && character !== subcomponent && character !== repetition) return false
    }
    return true
  }

  /** True when the sender cut the value (v2.7, §2.5.5.2): it ends in the truncation character, which stays in it. */
  get isTruncated(): boolean {
    const { truncation } = this.syntax.delimiters
    return truncation !== undefined && this.raw.endsWith(truncation)
  }

  /** The whole text decoded, with the delimiters below this level left in it. For ST, TX and FT values of careless senders. */
  get text(): Value {
    return valueOf(this.raw, this.syntax)
  }
}

export class Hl7Component extends View {
  /** The first subcomponent: what the component was before it got subcomponents (§2.5.3.4). */
  get value(): Value {
    return this.subcomponent(1)
  }

  get subcomponents(): Value[] {
    return parts(this.raw, this.syntax.delimiters.subcomponent).map((raw) => valueOf(raw, this.syntax))
  }

  /** The n-th subcomponent, from 1. */
  subcomponent(n: number): Value {
    return valueOf(part(this.raw, this.syntax.delimiters.subcomponent, n) ?? '', this.syntax)
  }
}

export class Hl7Repetition extends View {
  /** The first subcomponent of the first component. */
  get value(): Value {
    return this.component(1).value
  }

  get components(): Hl7Component[] {
    return parts(this.raw, this.syntax.delimiters.component).map((raw) => new Hl7Component(raw, this.syntax))
  }

  /** The n-th component, from 1. Of a repetition that is `""` every component is absent but the first, which is null. */
  component(n: number): Hl7Component {
    return new Hl7Component(part(this.raw, this.syntax.delimiters.component, n) ?? '', this.syntax)
  }
}

export class Hl7Field extends View {
  /** The value of the first repetition. */
  get value(): Value {
    return this.repetition(1).value
  }

  /** Every repetition, empty ones between others too; none when the field is empty. */
  get repetitions(): Hl7Repetition[] {
    if (this.raw === '') return []
    return parts(this.raw, this.syntax.delimiters.repetition).map(
      (raw) => new Hl7Repetition(raw, this.syntax),
    )
  }

  /** The n-th repetition, from 1. */
  repetition(n: number): Hl7Repetition {
    return new Hl7Repetition(part(this.raw, this.syntax.delimiters.repetition, n) ?? '', this.syntax)
  }
}
