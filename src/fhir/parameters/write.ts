/** Parameters resources as answers. https://hl7.org/fhir/R4/parameters.html */
import type { Json, JsonObject } from '../../kernel/json.ts'

export function parametersResource(parameters: readonly JsonObject[]): JsonObject {
  // An array must not be empty.
  return { resourceType: 'Parameters', ...(parameters.length > 0 && { parameter: [...parameters] }) }
}

/** `{ name, valueCoding: … }` for the type `Coding`. */
export function valueParameter(name: string, type: string, value: Json): JsonObject {
  return { name, [`value${type[0]!.toUpperCase()}${type.slice(1)}`]: value }
}
