/**
 * An element as FHIR's JSON writes it: its value under the name, the id and extensions of a primitive beside it under
 * `_name`, and both side by side in arrays. https://hl7.org/fhir/R4/json.html#primitive
 */
import { isObject, type Json, type JsonObject, numberText } from '../../kernel/json.ts'

export interface Element {
  readonly value?: Json | undefined
  /** What stands under `_name`. */
  readonly beside?: Json | undefined
}

/** One step from an object into it. */
export interface Step {
  /** The JSON name, without `_`. */
  readonly name: string
  /** undefined: not a list. */
  readonly index: number | undefined
}

/** From the resource to an element; none is the resource itself. */
export type Place = readonly Step[]

export function readList(owner: JsonObject, name: string): Element[] {
  const values = listOf(owner[name])
  const besides = listOf(owner[`_${name}`])
  return Array.from({ length: Math.max(values.length, besides.length) }, (_, i) => ({
    value: values[i] ?? undefined,
    beside: besides[i] ?? undefined,
  }))
}

function listOf(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : []
}

/** The owner with this list of elements, or without it when there are none. */
export function writeList(owner: JsonObject, name: string, elements: readonly Element[]): JsonObject {
  const column = (of: (element: Element) => Json | undefined) =>
    elements.some((element) => of(element) !== undefined)
      ? elements.map((element) => of(element) ?? null)
      : undefined
  return write(owner, name, { value: column(({ value }) => value), beside: column(({ beside }) => beside) })
}

/** The owner with this element, or without it when it has neither value nor anything beside it. */
export function write(owner: JsonObject, name: string, { value, beside }: Element): JsonObject {
  return withProperty(withProperty(owner, name, value), `_${name}`, beside)
}

function withProperty(owner: JsonObject, name: string, value: Json | undefined): JsonObject {
  if (value !== undefined) return { ...owner, [name]: value }
  if (!Object.hasOwn(owner, name)) return owner
  const { [name]: _without, ...rest } = owner
  return rest
}

export function read(owner: JsonObject, { name, index }: Step): Element {
  if (index !== undefined) return readList(owner, name)[index] ?? {}
  return { value: owner[name], beside: owner[`_${name}`] }
}

/** The object that the element's own elements stand in: itself, or what is beside a primitive. */
export function inside({ value, beside }: Element): JsonObject {
  return isComplex(value) ? value : isComplex(beside) ? beside : {}
}

export function isPrimitive({ value }: Element): boolean {
  return !isComplex(value)
}

function isComplex(value: Json | undefined): value is JsonObject {
  return isObject(value) && numberText(value) === undefined
}

/** The resource with what `edit` makes of the object at the place; what becomes empty goes, up to the resource. */
export function editInside(
  owner: JsonObject,
  place: Place,
  edit: (owner: JsonObject) => JsonObject,
): JsonObject {
  const [step, ...rest] = place
  if (step === undefined) return edit(owner)
  const element = read(owner, step)
  const edited = editInside(inside(element), rest, edit)
  const content = Object.keys(edited).length === 0 ? undefined : edited
  return replaceAt(
    owner,
    step,
    isPrimitive(element) ? { ...element, beside: content } : { value: content, beside: undefined },
  )
}

/** The owner with the element in place of the one at the step; one without content leaves a list. */
export function replaceAt(owner: JsonObject, { name, index }: Step, element: Element): JsonObject {
  if (index === undefined) return write(owner, name, element)
  const isEmpty = element.value === undefined && element.beside === undefined
  const list = readList(owner, name)
  return writeList(owner, name, isEmpty ? list.toSpliced(index, 1) : list.with(index, element))
}
