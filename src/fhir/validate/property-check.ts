/** One JSON property of a type compiled to its checks: array or not, primitive or not, binding, target, invariants. */
import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { Property } from '../definitions/index.ts'
import { makeBindingCheck } from './bindings.ts'
import type { ValidationContext } from './context.ts'
import { makeInvariantChecks } from './invariants.ts'
import { PRIMITIVES } from './primitives.ts'
import { makeReferenceCheck } from './references.ts'
import type { Check, CheckCompiler } from './type-check.ts'

export interface PropertyCheck {
  readonly element: string
  readonly choice: boolean
  readonly primitive: boolean
  /** Checks `name`, a member of `owner`. */
  checkValue(value: Json, owner: JsonObject, context: ValidationContext): void
  /** Checks `_name`: ids and extensions of a primitive. https://hl7.org/fhir/R4/json.html#primitive */
  checkExtension(value: Json, owner: JsonObject, context: ValidationContext): void
}

export function compileProperty(property: Property, compiler: CheckCompiler): PropertyCheck {
  const { name, element, primitive, many, entry } = property
  const step = entry.choice ? `${element}.ofType(${property.type})` : element
  const one = primitive ? primitiveCheck(property, compiler) : complexCheck(property, compiler)

  function checkValue(value: Json, owner: JsonObject, context: ValidationContext): void {
    context.steps.push(step)
    if (!many) {
      if (Array.isArray(value)) context.error('structure', 'Must not be an array')
      else one(value, context)
    } else if (!Array.isArray(value)) {
      context.error('structure', 'Must be an array')
    } else if (value.length === 0) {
      context.error('structure', 'An array must not be empty')
    } else {
      const extensions = primitive ? owner[`_${name}`] : undefined
      for (let i = 0; i < value.length; i++) {
        // In an array of primitives null keeps the place of an item that has only extensions.
        if (value[i] === null && Array.isArray(extensions) && isObject(extensions[i])) continue
        if (context.full) break
        context.steps.push(i)
        one(value[i]!, context)
        context.steps.pop()
      }
    }
    context.steps.pop()
  }

  function checkExtension(value: Json, owner: JsonObject, context: ValidationContext): void {
    context.steps.push(step)
    const check = compiler.checkOf('Element')
    if (!many) {
      check(value, context)
    } else if (!Array.isArray(value) || value.every((item) => item === null)) {
      context.error('structure', 'Its extensions must be an array that is not empty')
    } else {
      const values = owner[name]
      value.forEach((item, i) => {
        if (item === null && Array.isArray(values) && values[i] !== null && values[i] !== undefined) return
        context.steps.push(i)
        check(item, context)
        context.steps.pop()
      })
    }
    context.steps.pop()
  }

  return { element, choice: entry.choice ?? false, primitive, checkValue, checkExtension }
}

function primitiveCheck({ type, entry }: Property, compiler: CheckCompiler): Check {
  const { expected, test } = PRIMITIVES[type]!
  const message = `Must be ${expected}`
  const set = entry.required === undefined ? undefined : compiler.definitions.codeSet(entry.required)
  const rules = [
    ...(set ? [makeBindingCheck(type, set)] : []),
    ...makeInvariantChecks(
      compiler,
      entry.invariants ?? [],
      (entry.types ?? []).map(({ code }) => code),
    ),
  ].filter((rule) => rule !== undefined)

  return (value, context) => {
    if (!test(value)) return context.error('value', message)
    for (const rule of rules) rule(value, context)
  }
}

function complexCheck(property: Property, compiler: CheckCompiler): Check {
  const { type, entry, targets } = property
  const { definitions } = compiler
  const check = compiler.checkOf(type)
  const set = entry.required === undefined ? undefined : definitions.codeSet(entry.required)
  const reference = type === 'Reference' ? makeReferenceCheck(definitions, targets) : undefined
  const types = entry.contentReference ? [type] : entry.types!.map(({ code }) => code)
  const rules = [
    ...(set ? [makeBindingCheck(type, set)] : []),
    ...makeInvariantChecks(compiler, entry.invariants ?? [], types),
  ].filter((rule) => rule !== undefined)

  return (value, context) => {
    check(value, context)
    if (reference && isObject(value)) reference(value, context)
    for (const rule of rules) rule(value, context)
  }
}
