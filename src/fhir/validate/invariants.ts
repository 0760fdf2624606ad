/** R4's invariants as tests on plain JSON. https://hl7.org/fhir/R4/conformance-rules.html#constraints */
import { evalFhirPathTyped, parseFhirPath, toTypedValue } from '@medplum/core'
import type { Json } from '../../kernel/json.ts'
import type { Definitions, Invariant } from '../definitions/index.ts'
import { compilePath, Uncompilable } from '../path/index.ts'
import type { ValidationContext } from './context.ts'
import { BY_HAND, type Test } from './invariants-by-hand.ts'

export type InvariantCheck = (value: Json, context: ValidationContext) => void

/** These need another resource: the reader of a reference, which a validator of one resource does not have. */
const NEEDS_OTHERS: ReadonlySet<string> = new Set(['ctm-1'])

export function makeInvariantChecks(
  definitions: Definitions,
  invariants: readonly Invariant[],
  types: readonly string[],
): InvariantCheck[] {
  return invariants
    .filter(({ key, severity }) => severity === 'error' && !NEEDS_OTHERS.has(key))
    .map((invariant) => {
      const test = BY_HAND[invariant.key] ?? compiled(definitions, invariant, types) ?? evaluated(invariant)
      const message = `${invariant.key}: ${invariant.human}`
      return (value, context) => void (test(value, context) || context.error('invariant', message))
    })
}

function compiled(
  definitions: Definitions,
  { expression }: Invariant,
  types: readonly string[],
): Test | undefined {
  try {
    const run = compilePath(definitions, expression, types)
    return (value, context) => run([value], context)[0] === true
  } catch (error) {
    if (error instanceof Uncompilable) return undefined
    throw error
  }
}

/**
 * The general evaluator, for the few expressions that the compiler doesn't take. It throws on values of a type that the
 * expression doesn't expect; the structure's own checks report those.
 */
function evaluated({ expression }: Invariant): Test {
  const parsed = parseFhirPath(expression)
  return (value, context) => {
    const focus = toTypedValue(value)
    const variables = {
      '%context': focus,
      '%resource': toTypedValue(context.resource),
      '%rootResource': toTypedValue(context.rootResource),
    }
    try {
      const result = evalFhirPathTyped(parsed, [focus], variables)
      return result.length === 1 && result[0]!.value === true
    } catch {
      return true
    }
  }
}
