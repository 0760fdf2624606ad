/** Elements of a resource as a profile meets them: a value with its type, found by the element's name in R4. */
import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { Definitions, Property } from '../definitions/index.ts'

export interface Instance {
  /** R4 type, a path for backbone elements: `Quantity`, `Patient.contact`. */
  readonly type: string
  /** undefined for a primitive that has only an id or extensions. */
  readonly value: Json | undefined
  /** Of a primitive: what stands in `_name`. */
  readonly extended: JsonObject | undefined
  /** Name in JSON: `valueQuantity`. Empty for a whole resource. */
  readonly jsonName: string
  /** FHIRPath steps from its parent. */
  readonly steps: readonly (string | number)[]
  /** Of a resource in another one: contained in it, or as a whole, as in the entry of a Bundle. */
  readonly within?: 'contained' | 'entry'
}

export function resourceInstance(
  resource: JsonObject,
  steps: readonly (string | number)[],
  within?: Instance['within'],
): Instance {
  const type = String(resource['resourceType'])
  const instance: Instance = { type, value: resource, extended: undefined, jsonName: '', steps }
  return within === undefined ? instance : { ...instance, within }
}

export interface Navigator {
  /** All that `parent` has of an element, of whatever type where there is a choice. */
  children(parent: Instance, name: string): Instance[]
}

export function makeNavigator(definitions: Definitions): Navigator {
  const known = new Map<string, readonly Property[]>()

  function propertiesOf(type: string, name: string): readonly Property[] {
    const key = `${type} ${name}`
    let found = known.get(key)
    if (!found) {
      const definition = definitions.type(type)
      const at = definition?.kind === 'primitive' ? definitions.type('Element') : definition
      found = [...(at?.properties.values() ?? [])].filter(({ element }) => element === name)
      known.set(key, found)
    }
    return found
  }

  return {
    children({ type, value, extended }, name) {
      const owner = isObject(value) ? value : extended
      if (!owner) return []
      return propertiesOf(type, name).flatMap((property) => instancesOf(owner, property))
    },
  }
}

function instancesOf(owner: JsonObject, property: Property): Instance[] {
  const { name, primitive, many, entry, element, type } = property
  const value = owner[name]
  const extension = primitive ? owner[`_${name}`] : undefined
  if (value === undefined && extension === undefined) return []
  const step = entry.choice ? `${element}.ofType(${type})` : element
  if (!many) return [instanceOf(property, value, extension, [step])]
  const values = Array.isArray(value) ? value : []
  const extensions = Array.isArray(extension) ? extension : []
  return Array.from({ length: Math.max(values.length, extensions.length) }, (_, i) =>
    instanceOf(property, values[i], extensions[i], [step, i]),
  )
}

function instanceOf(
  { type, name }: Property,
  value: Json | undefined,
  extension: Json | undefined,
  steps: readonly (string | number)[],
): Instance {
  if (type === 'Resource' && isObject(value) && typeof value.resourceType === 'string')
    return resourceInstance(value, steps, name === 'contained' ? 'contained' : 'entry')
  return {
    type,
    value: value === null ? undefined : value,
    extended: isObject(extension) ? extension : undefined,
    jsonName: name,
    steps,
  }
}
