/** One parameter's criterion as a condition, by the kind of parameter. https://hl7.org/fhir/R4/search.html#ptypes */
import {
  type Definitions,
  type ParameterCriterion,
  type SearchParameters,
  type SearchValue,
} from '../../fhir/index.ts'
import type { TenantId } from '../../kernel/ids.ts'
import { paramHash, presentHash } from '../hash.ts'
import { compileComposite } from './compile-composite.ts'
import { quantityCondition } from './compile-quantity.ts'
import { referenceCondition } from './compile-reference.ts'
import { stringCondition, textCondition } from './compile-text.ts'
import { codings, mimeCondition, tokenCondition, type TokenDeps } from './compile-token.ts'
import { uriCondition } from './compile-uri.ts'
import { type Condition, NOTHING, type RangeCondition } from './condition.ts'
import { as, type IndexNames, namesIn } from './index-names.ts'
import { nearCondition } from './near.ts'
import { dateTest, numberTest } from './range-test.ts'
import { pathsIn, type Within } from './within.ts'

export interface ParameterDeps extends TokenDeps {
  readonly definitions: Definitions
  readonly parameters: SearchParameters
}

/** @param within where the parameter is not of the resource itself */
export async function compileParameter(
  deps: ParameterDeps,
  tenant: TenantId,
  type: string,
  criterion: ParameterCriterion,
  within?: Within,
): Promise<Condition> {
  const { param, modifier, values, missing } = criterion
  const index = namesIn(deps.parameters, { tenant, type, within }, param)
  if (modifier === 'missing') return presence(index.code, missing !== true)
  if (modifier === 'not' || modifier === 'not-in') {
    const plain = { ...criterion, modifier: modifier === 'not' ? undefined : ('in' as const) }
    return { by: 'not', of: await compileParameter(deps, tenant, type, plain, within) }
  }
  if (index.code === '_id') return { by: 'id', type, ids: values.flatMap((value) => idOf(value)) }
  if (index.code === '_lastUpdated')
    return { by: 'last-updated', tests: values.map((value) => dateTest(as('date', value))) }
  if (modifier === 'text') return textCondition(deps.parameters, param, values, within)
  switch (param.type) {
    case 'token':
      return modifier === 'below' && deps.parameters.places(param).isMimeType
        ? mimeCondition(index, values)
        : tokenCondition(index, modifier, await codings(deps.terminology, tenant, criterion))
    case 'reference':
      return referenceCondition(deps.parameters, index, param, modifier, values)
    case 'uri':
      return uriCondition(index, modifier, values)
    case 'string':
      return stringCondition(index, modifier, values)
    case 'date':
      return rangesOf(index, values, (value) => dateTest(as('date', value)))
    case 'number':
      return rangesOf(index, values, (value) => numberTest(as('number', value), Number))
    case 'quantity': {
      const places = pathsIn(within, deps.parameters.places(param).unitSystems)
      return quantityCondition(index, places, values)
    }
    case 'composite': {
      const compile = (one: ParameterCriterion) => compileParameter(deps, tenant, type, one, within)
      return compileComposite(deps.parameters, index, criterion, compile)
    }
    case 'special':
      return { by: 'any', of: values.map((value) => nearCondition(type, index.code, as('near', value))) }
  }
}

/** Every resource has an id and a time of change. */
function presence(code: string, present: boolean): Condition {
  if (code === '_id' || code === '_lastUpdated') return present ? { by: 'all', of: [] } : NOTHING
  const has: Condition = { by: 'present', param: presentHash(code) }
  return present ? has : { by: 'not', of: has }
}

function idOf(value: SearchValue): string[] {
  // `_id` has no system: `system|id` matches nothing.
  const { system, code } = as('token', value)
  return code !== undefined && !system ? [code] : []
}

function rangesOf(
  { type, sources }: IndexNames,
  values: readonly SearchValue[],
  test: (value: SearchValue) => Omit<RangeCondition['tests'][number], 'param'>,
): Condition {
  const tests = values.map(test)
  return {
    by: 'range',
    tests: sources.flatMap((name) => tests.map((one) => ({ param: paramHash(type, name), ...one }))),
  }
}
