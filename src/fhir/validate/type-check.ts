/** One type compiled to a check of its JSON object: names, cardinality, choices, then the type's invariants. */
import { isObject, type Json } from '../../kernel/json.ts'
import type { Definitions, TypeDefinition } from '../definitions/index.ts'
import type { ValidationContext } from './context.ts'
import { makeInvariantChecks } from './invariants.ts'
import { PROSE, PROSE_ADVICE } from './prose.ts'
import { compileProperty, type PropertyCheck } from './property-check.ts'

export type Check = (value: Json, context: ValidationContext) => void

export interface CheckCompiler {
  readonly definitions: Definitions
  /** What is only advice is checked too. */
  readonly advice: boolean
  checkOf(type: string): Check
}

export function compileType(type: TypeDefinition, compiler: CheckCompiler): Check {
  const checks = new Map<string, PropertyCheck>()
  for (const property of type.properties.values()) {
    checks.set(property.name, compileProperty(property, compiler))
  }
  const required = requiredElements(type)
  const invariants = makeInvariantChecks(compiler, type.invariants, [type.path])
  const isResource = type.kind === 'resource'
  const prose = [PROSE[type.path], compiler.advice ? PROSE_ADVICE[type.path] : undefined].filter(
    (check) => check !== undefined,
  )
  // A snapshot and a differential have the same elements under the same ids.
  const hasUniqueId = type.path !== 'ElementDefinition'

  return (value, context) => {
    if (!isObject(value)) return context.error('structure', `Must be a JSON object (${type.path})`)
    let members = 0
    // Of each choice met, the property that was met first.
    let chosen: Map<string, string> | undefined
    for (const name in value) {
      if (isResource && name === 'resourceType') continue
      members++
      const isExtension = name.charCodeAt(0) === UNDERSCORE
      const plain = isExtension ? name.slice(1) : name
      const check = checks.get(plain)
      if (!check || (isExtension && !check.primitive)) {
        context.error('structure', `${nameable(name)} is not an element of ${type.path} in R4`)
        continue
      }
      if (check.choice) {
        chosen ??= new Map()
        const first = chosen.get(check.element) ?? plain
        chosen.set(check.element, first)
        if (first !== plain) context.error('structure', 'Only one type of value is allowed', check.element)
      }
      if (isExtension) check.checkExtension(value[name]!, value, context)
      else check.checkValue(value[name]!, value, context)
    }
    if (members === 0) context.error('invariant', 'ele-1: must have a value or children')
    for (const { element, names } of required) {
      if (!names.some((name) => name in value)) context.error('required', `${element} is required`, element)
    }
    for (const check of invariants) check(value, context)
    for (const check of prose) check(value, context)
    if (hasUniqueId && 'id' in value) context.checkId(value['id']!, isResource)
  }
}

const UNDERSCORE = 95

/** Each required element with every JSON name under which it may come. */
function requiredElements(type: TypeDefinition): { element: string; names: string[] }[] {
  return [...type.elements]
    .filter(([, { min }]) => min)
    .map(([element]) => ({
      element,
      names: [...type.properties.values()]
        .filter((property) => property.element === element)
        .flatMap(({ name, primitive }) => (primitive ? [name, `_${name}`] : [name])),
    }))
}

/** A name that looks like an element's may be shown; anything else could be data in the wrong place. */
function nameable(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name) ? name : 'A member'
}
