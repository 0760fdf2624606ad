/** Invariants of profiles, in FHIRPath. https://hl7.org/fhir/R4/conformance-rules.html#constraints */
import type { Json } from '../../kernel/json.ts'
import type { Definitions } from '../definitions/index.ts'
import { compilePath, type PathContext, pathTest, type PathTest, Uncompilable } from '../path/index.ts'
import type { ConstraintRule } from './element.ts'
import type { InstanceCheck } from './profile.ts'

export function makeConstraintCheck(
  definitions: Definitions,
): (constraint: ConstraintRule, rule: string) => InstanceCheck {
  return ({ key, severity, human, expression }, rule) => {
    const tests = new Map<string, PathTest | undefined>()
    const code = severity === 'error' ? 'profile-constraint' : 'profile-constraint-advice'

    function testFor(type: string): PathTest | undefined {
      if (!tests.has(type)) tests.set(type, testOf(definitions, expression, type))
      return tests.get(type)
    }

    return ({ type, value }, run) => {
      if (value === undefined || (severity === 'warning' && run.depth === 'write')) return
      const test = testFor(type)
      const holds = test && outcomeOf(test, value, run)
      if (holds === undefined) run.report('profile-constraint-unchecked', { key }, rule)
      else if (!holds) run.report(code, { key, human }, rule)
    }
  }
}

/** undefined: the expression can't be evaluated on this value. */
function outcomeOf(test: PathTest, value: Json, context: PathContext): boolean | undefined {
  try {
    return test(value, context)
  } catch {
    return undefined
  }
}

/** undefined for what is no FHIRPath. */
function testOf(definitions: Definitions, expression: string, type: string): PathTest | undefined {
  try {
    const run = compilePath(definitions, expression, [type])
    return (value, context) => run([value], context)[0] === true
  } catch (error) {
    if (!(error instanceof Uncompilable)) return undefined
  }
  try {
    return pathTest(expression, type)
  } catch {
    return undefined
  }
}
