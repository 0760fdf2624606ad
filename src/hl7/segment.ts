/**
 * One segment, kept as the text that was sent until it is changed; then only the changed part is written anew.
 * HL7 v2.5 chapter 2, §2.5.2. In MSH, FHS and BHS the separator itself is field 1 and field 2 is not split (§2.5.4).
 */
import { Failure } from '../kernel/failure.ts'
import { encodeEscapes, type Syntax } from './escape.ts'
import { Hl7Field, NULL, valueOf, type Value } from './field.ts'
import { part, replacePart } from './parts.ts'
import { parseFieldPath, type FieldPath } from './path.ts'

/** Where a segment stands; its message keeps it up to date. */
export interface SegmentPlace {
  index: number
  sequence: number
}

/** No segment of the standard has a tenth of it, and no path goes further. */
const MAX_FIELDS = 1000

export class Hl7Segment {
  readonly name: string
  readonly #place: Readonly<SegmentPlace>
  readonly #syntax: Syntax
  #text: string
  #fields: string[] | undefined
  #touched = false

  constructor(text: string, syntax: Syntax, place: Readonly<SegmentPlace>) {
    this.#text = text
    this.#syntax = syntax
    this.#place = place
    this.name = nameOf(text, syntax.delimiters.field)
  }

  /** Position among the lines of the message, from 0. */
  get index(): number {
    return this.#place.index
  }

  /** Which one of its name it is, from 1: the 3 of `OBX[3]`. */
  get sequence(): number {
    return this.#place.sequence
  }

  /** The segment's text without its end. */
  get raw(): string {
    return this.#text
  }

  /** True once it was changed. */
  get touched(): boolean {
    return this.#touched
  }

  /** The number of the last field that was sent, 999 at most. */
  get lastField(): number {
    return this.#split().length - (this.#isHeader ? 0 : 1)
  }

  /** The n-th field, from 1. */
  field(n: number): Hl7Field {
    return new Hl7Field(this.#rawField(n), this.#isHeader && n <= 2 ? literal(this.#syntax) : this.#syntax)
  }

  /** The value at a place such as `3[2].4.1` (see parsePath). */
  get(path: string | FieldPath): Value {
    const { field, repetition, component, subcomponent } =
      typeof path === 'string' ? parseFieldPath(path) : path
    const raw = this.#rawField(field)
    if (raw === '') return undefined
    if (this.#isHeader && field <= 2) return repetition * component * subcomponent === 1 ? raw : undefined
    const { delimiters } = this.#syntax
    const repeated = part(raw, delimiters.repetition, repetition) ?? ''
    const within = part(repeated, delimiters.component, component) ?? ''
    return valueOf(part(within, delimiters.subcomponent, subcomponent) ?? '', this.#syntax)
  }

  /**
   * Writes a value at a place: text is escaped, `null` writes `""`, `undefined` empties it.
   * @throws Failure `invalid`/`hl7-path` for the delimiters themselves or a level for which the message has none
   */
  set(path: string | FieldPath, value: Value): void {
    const at = typeof path === 'string' ? parseFieldPath(path) : path
    if (this.#isHeader && at.field <= 2)
      throw new Failure('invalid', 'hl7-path', { segment: this.name, field: at.field })
    const { delimiters } = this.#syntax
    const raw = value === undefined ? '' : value === null ? NULL : encodeEscapes(value, delimiters)
    const changed = replaceWithin(this.#rawField(at.field), raw, at, [
      [delimiters.repetition, at.repetition],
      [delimiters.component, at.component],
      [delimiters.subcomponent, at.subcomponent],
    ])
    const position = at.field + (this.#isHeader ? 0 : 1)
    this.#text = replacePart(this.#text, delimiters.field, position, () => changed)!
    this.#fields = undefined
    this.#touched = true
  }

  /**
   * Writes a whole field as it is to be sent, its delimiters and escapes included: `4711^^^HOSP&1.2.3&ISO^PI`.
   * @throws Failure `invalid`/`hl7-path` for the delimiters themselves, and for text that would end the field or segment
   */
  setField(n: number, raw: string): void {
    const { field } = this.#syntax.delimiters
    const isWrong = !Number.isInteger(n) || n < (this.#isHeader ? 3 : 1) || n >= MAX_FIELDS
    // oxlint-disable-next-line no-control-regex
    if (isWrong || raw.includes(field) || /[\0\x0b\x1c\r\n]/.test(raw))
      throw new Failure('invalid', 'hl7-path', { segment: this.name, field: n })
    this.#text = replacePart(this.#text, field, n + (this.#isHeader ? 0 : 1), () => raw)!
    this.#fields = undefined
    this.#touched = true
  }

  get #isHeader(): boolean {
    return this.name === 'MSH' || this.name === 'BHS' || this.name === 'FHS'
  }

  #split(): string[] {
    return (this.#fields ??= this.#text.split(this.#syntax.delimiters.field, MAX_FIELDS))
  }

  #rawField(n: number): string {
    if (!this.#isHeader) return (n >= 1 && this.#split()[n]) || ''
    return n === 1 ? this.#syntax.delimiters.field : (n >= 2 && this.#split()[n - 1]) || ''
  }
}

type Level = readonly [separator: string | undefined, n: number]

function replaceWithin(
  text: string,
  raw: string,
  at: FieldPath,
  [level, ...deeper]: readonly Level[],
): string {
  if (level === undefined) return raw
  const [separator, n] = level
  const changed = replacePart(text, separator, n, (old) => replaceWithin(old, raw, at, deeper))
  if (changed === undefined)
    throw new Failure('invalid', 'hl7-path', { field: at.field, reason: 'no delimiter' })
  return changed
}

function nameOf(text: string, fieldSeparator: string): string {
  if (text[3] === fieldSeparator && text[1] !== fieldSeparator && text[2] !== fieldSeparator)
    return text.slice(0, 3)
  const end = text.indexOf(fieldSeparator)
  return end === -1 ? text : text.slice(0, end)
}

function literal({ charset, delimiters }: Syntax): Syntax {
  const none = { component: undefined, repetition: undefined, escape: undefined, subcomponent: undefined }
  return { charset, delimiters: { ...none, field: delimiters.field, truncation: undefined } }
}
