/** Required bindings: a code has to be of its value set. https://hl7.org/fhir/R4/terminologies.html#required */
import { isObject, type Json } from '../../kernel/json.ts'
import type { CodeSet } from '../definitions/index.ts'
import type { ValidationContext } from './context.ts'

export type BindingCheck = (value: Json, context: ValidationContext) => void

/** undefined for a type that a binding does not check here. */
export function makeBindingCheck(type: string, set: CodeSet): BindingCheck | undefined {
  const message = `Must have a code of the value set ${set.url}`
  const inSet: Readonly<Record<string, (value: Json) => boolean>> = {
    code: (value) => typeof value !== 'string' || set.codes.has(value),
    Coding: (value) => isCodingOf(value, set),
    CodeableConcept: (value) =>
      isObject(value) &&
      Array.isArray(value.coding) &&
      value.coding.some((coding) => isCodingOf(coding, set)),
  }
  const test = inSet[type]
  return test && ((value, context) => void (test(value) || context.error('code-invalid', message)))
}

function isCodingOf(value: Json, set: CodeSet): boolean {
  if (!isObject(value) || typeof value.system !== 'string' || typeof value.code !== 'string') return false
  return set.systems.get(value.system)?.has(value.code) ?? false
}
