/**
 * What a parameter of a FHIRPath Patch carries, as the element that it becomes: a value[x], or parts where the element
 * has no type of its own. https://hl7.org/fhir/R4/fhirpatch.html
 */
import { Failure } from '../../kernel/failure.ts'
import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { Definitions, Property } from '../definitions/index.ts'
import { type Element, readList, write, writeList } from './element.ts'

/** An element and the JSON property that it goes to. */
export interface Filled {
  readonly property: Property
  readonly element: Element
}

/**
 * The JSON properties of an element of this type: one, or the branches of a choice. An element may be named as in the
 * definition (`value`, `value[x]`) or as in JSON (`valueQuantity`).
 */
export function propertiesNamed(definitions: Definitions, type: string, name: string): Property[] {
  const definition = definitions.type(type)
  if (definition === undefined) return []
  // Only its id and extensions stand inside a primitive.
  const owner = definition.kind === 'primitive' ? definitions.type('Element')! : definition
  const element = name.replace(/\[x\]$/, '')
  const properties = [...owner.properties.values()]
  const branches = properties.filter((property) => property.element === element)
  return branches.length > 0 ? branches : properties.filter((property) => property.name === name)
}

/** @throws Failure `invalid`/`patch-value`, `invalid`/`patch-value-type`, `invalid`/`patch-element-unknown` */
export function fill(definitions: Definitions, part: JsonObject, wanted: readonly Property[]): Filled {
  const { resource, part: parts } = part
  if (isObject(resource))
    return { property: resourceProperty(definitions, resource, wanted), element: { value: resource } }
  if (Array.isArray(parts)) {
    const [property] = wanted.filter(({ primitive }) => !primitive)
    if (property === undefined || wanted.length > 1) throw wrongType()
    return { property, element: { value: assemble(definitions, property.type, parts) } }
  }
  const carried = carriedValue(definitions, part)
  if (carried === undefined) throw new Failure('invalid', 'patch-value')
  const property = wanted.find(({ type }) => fits(definitions, carried.type, type))
  if (property === undefined) throw wrongType()
  return { property, element: carried.element }
}

function wrongType(): Failure {
  return new Failure('invalid', 'patch-value-type')
}

function resourceProperty(
  definitions: Definitions,
  { resourceType }: JsonObject,
  wanted: readonly Property[],
): Property {
  const property = wanted.find(
    ({ type }) => typeof resourceType === 'string' && definitions.isA(resourceType, type),
  )
  if (property === undefined) throw wrongType()
  return property
}

/** An object from parts that are named after its elements. */
function assemble(definitions: Definitions, type: string, parts: readonly Json[]): JsonObject {
  return parts.reduce((object: JsonObject, part) => {
    if (!isObject(part) || typeof part['name'] !== 'string') throw new Failure('invalid', 'patch-value')
    return put(definitions, object, type, part['name'], part)
  }, {})
}

/**
 * The owner with one element more: at the end of a list, or where there was none.
 * @throws Failure `invalid`/`patch-element-unknown`, `invalid`/`patch-element-exists`, and those of fill
 */
export function put(
  definitions: Definitions,
  owner: JsonObject,
  type: string,
  name: string,
  part: JsonObject,
): JsonObject {
  const wanted = propertiesNamed(definitions, type, name)
  if (wanted.length === 0) throw new Failure('invalid', 'patch-element-unknown')
  const { property, element } = fill(definitions, part, wanted)
  if (property.many) return writeList(owner, property.name, [...readList(owner, property.name), element])
  const branches = propertiesNamed(definitions, type, property.element)
  if (branches.some((branch) => has(owner, branch.name))) throw new Failure('invalid', 'patch-element-exists')
  return write(owner, property.name, element)
}

function has(owner: JsonObject, name: string): boolean {
  return Object.hasOwn(owner, name) || Object.hasOwn(owner, `_${name}`)
}

function carriedValue(
  definitions: Definitions,
  part: JsonObject,
): { type: string; element: Element } | undefined {
  for (const { name, type } of propertiesNamed(definitions, 'Parameters.parameter', 'value')) {
    if (has(part, name)) return { type, element: { value: part[name], beside: part[`_${name}`] } }
  }
  return undefined
}

/** "The type of the value must be correct": the same or a narrower one; for what no parameter can be, the nearest. */
function fits(definitions: Definitions, given: string, wanted: string): boolean {
  return definitions.isA(given, wanted) || (NEAREST[wanted]?.includes(given) ?? false)
}

const NEAREST: Readonly<Record<string, readonly string[]>> = {
  xhtml: ['string'],
  // A date is a dateTime without its time.
  dateTime: ['date', 'instant'],
}
