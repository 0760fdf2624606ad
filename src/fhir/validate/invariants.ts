/** R4's invariants as tests on plain JSON. https://hl7.org/fhir/R4/conformance-rules.html#constraints */
import type { Json } from '../../kernel/json.ts'
import type { Definitions, Invariant } from '../definitions/index.ts'
import { compilePath, type PathTest, pathTest, Uncompilable } from '../path/index.ts'
import type { ValidationContext } from './context.ts'
import type { CheckCompiler } from './type-check.ts'
import { BY_HAND, type Test } from './invariants-by-hand.ts'

export type InvariantCheck = (value: Json, context: ValidationContext) => void

export function makeInvariantChecks(
  { definitions, advice }: Pick<CheckCompiler, 'definitions' | 'advice'>,
  invariants: readonly Invariant[],
  types: readonly string[],
): InvariantCheck[] {
  return invariants
    .filter(({ severity }) => advice || severity === 'error')
    .map((invariant) => {
      const { key, human, severity } = invariant
      const test = BY_HAND[key] ?? compiled(definitions, invariant, types) ?? evaluated(invariant, types)
      const issue = { severity, type: 'invariant', diagnostics: `${key}: ${human}` }
      return (value, context) => void (test(value, context) || context.add(issue))
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
 * By the general engine, for the few expressions that the compiler doesn't take. It throws on values of a form that the
 * expression doesn't expect; the structure's own checks report those.
 */
function evaluated({ expression }: Invariant, types: readonly string[]): Test {
  let test: PathTest | undefined
  return (value, context) => {
    test ??= pathTest(expression, types[0]!)
    try {
      return test(value, context)
    } catch {
      return true
    }
  }
}
