/**
 * A resource against R4: each type is compiled once to a function that walks its JSON.
 * https://hl7.org/fhir/R4/validation.html, https://hl7.org/fhir/R4/json.html
 */
import type { Issue } from '../../kernel/failure.ts'
import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { Definitions } from '../definitions/index.ts'
import { ValidationContext } from './context.ts'
import { compileType, type Check, type CheckCompiler } from './type-check.ts'

export interface Validator {
  /**
   * What is wrong with a resource; empty when nothing is. The texts name elements and rules, never the data.
   * Takes plain numbers (`value` of an ExactJson), not the exact ones.
   */
  validate(resource: JsonObject, type: string): Issue[]
  /** The same, and what R4 only advises, as warnings. */
  review(resource: JsonObject, type: string): Issue[]
}

export function makeValidator(definitions: Definitions): Validator {
  return {
    validate: makeWalk({ definitions, advice: false }),
    review: makeWalk({ definitions, advice: true }),
  }
}

function makeWalk(how: Omit<CheckCompiler, 'checkOf'>): Validator['validate'] {
  const { definitions } = how
  const compiled = new Map<string, Check>()

  /** Compiled when first met, and called through the map: types refer to each other in circles. */
  function checkOf(type: string): Check {
    let check = compiled.get(type)
    if (!check) {
      compiled.set(type, (value, context) => compiled.get(type)!(value, context))
      check = type === 'Resource' ? checkAnyResource : compileType(definitions.type(type)!, compiler)
      compiled.set(type, check)
    }
    return check
  }
  const compiler: CheckCompiler = { ...how, checkOf }

  function checkAnyResource(value: Json, context: ValidationContext): void {
    if (!isObject(value)) return context.error('structure', 'Must be a resource: a JSON object')
    const { resourceType } = value
    if (typeof resourceType !== 'string' || !definitions.isResourceType(resourceType)) {
      return context.error('structure', 'Must have a resourceType of R4', 'resourceType')
    }
    const { resource, rootResource } = context
    context.resource = value
    if (context.steps.at(-2) !== 'contained') context.rootResource = value
    checkOf(resourceType)(value, context)
    context.resource = resource
    context.rootResource = rootResource
  }

  return (resource, type) => {
    const context = new ValidationContext(resource)
    context.steps.push(type)
    if (resource.resourceType !== type) context.error('structure', `Must be ${type}`, 'resourceType')
    else checkOf(type)(resource, context)
    return context.issues
  }
}
