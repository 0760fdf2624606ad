/**
 * Resources with everything that FHIR's JSON format allows: ids and extensions on every element, arrays of primitives
 * with gaps, resources in resources, odd text and decimals with their digits. Their values mean nothing.
 * https://hl7.org/fhir/R4/json.html
 */
import { exactNumber, type Json, type JsonObject } from '../../kernel/json.ts'
import type { Definitions, Property } from '../definitions/index.ts'
import { seededChoice } from './sample-resource.ts'

const MAX_DEPTH = 4

const DECIMALS = [
  '0',
  '1.10',
  '-0.0',
  '100',
  '1e3',
  '1E-7',
  '0.00000010',
  '12345678901234567890.12345678901234567890',
  '3.14',
]

/** @param text what strings are made of */
export function anyResource(definitions: Definitions, type: string, seed: number, text: string): JsonObject {
  const choose = seededChoice(seed)
  const writable = text === '' ? 'x' : text

  function resource(name: string, depth: number): JsonObject {
    const found = { resourceType: name, ...properties(name, depth) }
    return found
  }

  function properties(path: string, depth: number): JsonObject {
    const object: JsonObject = {}
    const definition = definitions.type(path)!
    for (const element of definition.elements.keys()) {
      const branches = [...definition.properties.values()].filter((each) => each.element === element)
      const property = branches[choose(branches.length)]!
      if (depth < MAX_DEPTH && choose(depth + 3) === 0) add(object, property, path, depth)
    }
    if (Object.keys(object).length === 0 && path === 'Extension') object['url'] = `urn:x:${choose(9)}`
    return object
  }

  function add(object: JsonObject, property: Property, owner: string, depth: number): void {
    const { name, many, primitive, type: of } = property
    const isAttribute = name === 'id' ? definitions.type(owner)!.kind !== 'resource' : isUrl(owner, name)
    const length = many ? 1 + choose(3) : 1
    if (!primitive || of === 'xhtml' || isAttribute) {
      const items = Array.from({ length }, () => value(property, depth)).filter((item) => !isEmpty(item))
      if (items.length > 0) object[name] = many ? items : items[0]!
      return
    }
    const kinds = Array.from({ length }, () => choose(4))
    const values = kinds.map((kind) => (kind === 0 ? null : value(property, depth)))
    const extras = kinds.map((kind) => (kind < 2 ? { id: `e${choose(99)}`, ...extensions(depth) } : null))
    if (values.some((item) => item !== null)) object[name] = many ? values : values[0]!
    if (extras.some((item) => item !== null)) object[`_${name}`] = many ? extras : extras[0]!
  }

  function extensions(depth: number): JsonObject {
    if (choose(2) === 0) return {}
    return { extension: [{ url: 'urn:e', ...properties('Extension', depth + 2) }] }
  }

  function value({ type: of, primitive }: Property, depth: number): Json {
    if (of === 'Resource')
      return resource(definitions.resourceTypes[choose(definitions.resourceTypes.length)]!, depth + 1)
    return primitive ? primitiveOf(of) : properties(of, depth + 1)
  }

  function primitiveOf(of: string): Json {
    switch (of) {
      case 'boolean':
        return choose(2) === 0
      case 'integer':
      case 'positiveInt':
      case 'unsignedInt':
        return choose(1_000_000)
      case 'decimal':
        return exactNumber(DECIMALS[choose(DECIMALS.length)]!)!
      case 'xhtml':
        return `<div xmlns="http://www.w3.org/1999/xhtml">\n <p title='a &quot; b'>&#160;${choose(9)}<br/></p><!-- c --></div>`
      default:
        return `${choose(9)}${writable}`
    }
  }

  return resource(type, 0)
}

function isUrl(owner: string, name: string): boolean {
  return owner === 'Extension' && name === 'url'
}

function isEmpty(value: Json): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}
