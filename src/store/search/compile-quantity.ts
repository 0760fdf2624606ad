/** https://hl7.org/fhir/R4/search.html#quantity */
import { canonicalUnit, type QuantityValue, type SearchValue, unitKey } from '../../fhir/index.ts'
import { paramHash, unitHash } from '../hash.ts'
import type { Condition, RangeCondition } from './condition.ts'
import { as, type IndexNames } from './index-names.ts'
import { numberTest } from './range-test.ts'

/**
 * A system without a code is looked up where it is written: no index has it.
 * @param places of the systems of the parameter's units, as SQL/JSON paths
 */
export function quantityCondition(
  { type, sources }: IndexNames,
  places: readonly string[],
  values: readonly SearchValue[],
): Condition {
  const of = values.map((value): RangeCondition | Extract<Condition, { by: 'all' | 'any' }> => {
    const quantity = as('quantity', value)
    const tests = sources.map((name) => quantityTest(type, name, quantity))
    const { system, code } = quantity
    if (system === undefined || code !== undefined || places.length === 0) return { by: 'range', tests }
    return {
      by: 'all',
      of: [
        { by: 'range', tests },
        { by: 'written', paths: places, values: [system] },
      ],
    }
  })
  const ranges = of.filter((one) => one.by === 'range')
  if (ranges.length === of.length) return { by: 'range', tests: ranges.flatMap(({ tests }) => tests) }
  return of.length === 1 ? of[0]! : { by: 'any', of }
}

/** In the canonical unit where UCUM has the unit; without a system by the unit as it is written; without both any. */
function quantityTest(type: string, param: string, value: QuantityValue): RangeCondition['tests'][number] {
  const { system, code } = value
  const any = paramHash(type, param)
  if (code === undefined) return { param: any, ...numberTest(value, Number) }
  const canonical = canonicalUnit(system, code)
  if (canonical) {
    const name = unitHash(type, param, canonical.dimension)
    return { param: name, ...numberTest(value, (text) => canonical.toBase(Number(text))) }
  }
  const name = unitHash(type, param, unitKey(system, code))
  return { param: name, ...(system === undefined && { among: any }), ...numberTest(value, Number) }
}
