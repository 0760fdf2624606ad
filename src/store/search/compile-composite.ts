/**
 * A composite: its components' own parameters find the candidates, and where its base stands several times the row
 * tells what stands together. https://hl7.org/fhir/R4/search.html#combining, fhir/search/components.ts
 */
import {
  canonicalUnit,
  normalise,
  type ParameterCriterion,
  type SearchParameters,
  type SearchValue,
  unitKey,
} from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import { presentHash, tupleHash, unitHash } from '../hash.ts'
import { NOT_ALONE, spell } from '../index-tuples.ts'
import type { Condition, RangeCondition } from './condition.ts'
import type { IndexNames } from './index-names.ts'
import { dateTest, numberTest, type RangeTest } from './range-test.ts'

export async function compileComposite(
  parameters: SearchParameters,
  { type, code }: IndexNames,
  { param, values }: ParameterCriterion,
  compile: (criterion: ParameterCriterion) => Promise<Condition>,
): Promise<Condition> {
  const components = parameters.components(param)
  const alone: Condition = {
    by: 'not',
    of: { by: 'present', param: presentHash(`${code}${NOT_ALONE}`) },
  }
  const of = await Promise.all(
    values.map(async (value): Promise<Condition> => {
      if (value.kind !== 'composite') throw new Failure('internal', 'search-not-compiled')
      const candidates = await Promise.all(
        components.map(({ cover }, i) => {
          if (!cover) throw new Failure('internal', 'search-not-compiled')
          return compile({ by: 'parameter', param: cover, modifier: undefined, values: [value.parts[i]!] })
        }),
      )
      const together: Condition = { by: 'any', of: [alone, tuple(type, code, value.parts)] }
      return { by: 'all', of: [...candidates, together] }
    }),
  )
  return of.length === 1 ? of[0]! : { by: 'any', of }
}

/** Some base has all the parts. */
function tuple(type: string, param: string, parts: readonly SearchValue[]): Condition {
  const discrete = parts.map(spellings).filter((texts) => texts !== undefined)
  const combinations = discrete.reduce<string[][]>(
    (found, texts) => found.flatMap((left) => texts.map((text) => [...left, text])),
    [[]],
  )
  const any = combinations.map((combination): Condition => {
    const of = parts.flatMap((part, i) =>
      ordered(part, String(i), (key) => tupleHash(type, param, combination, key)),
    )
    if (of.length > 0) return { by: 'all', of }
    const name = tupleHash(type, param, combination, '')
    return { by: 'range', rowOnly: true, tests: [{ param: name, anyOf: [{}] }] }
  })
  return { by: 'any', of: any }
}

/** undefined: its values have an order. See index-tuples.ts. */
function spellings(part: SearchValue): readonly string[] | undefined {
  switch (part.kind) {
    case 'token':
      if (part.code === undefined) return [spell.system(part.system ?? '')]
      return [part.system === undefined ? spell.code(part.code) : spell.token(part.system, part.code)]
    case 'reference':
      return part.targets.map(spell.reference)
    case 'uri':
      return [spell.uri(part.value)]
    default:
      return undefined
  }
}

function ordered(part: SearchValue, at: string, hashOf: (key: string) => string): Condition[] {
  const range = (key: string, test: RangeTest): RangeCondition => ({
    by: 'range',
    rowOnly: true,
    tests: [{ param: hashOf(key), ...test }],
  })
  switch (part.kind) {
    case 'date':
      return [range(at, dateTest(part))]
    case 'number':
      return [range(at, numberTest(part, Number))]
    case 'quantity': {
      const { system, code } = part
      if (code === undefined) return [range(at, numberTest(part, Number))]
      const canonical = canonicalUnit(system, code)
      const unit = canonical?.dimension ?? unitKey(system, code)
      const toNumber = (text: string) => (canonical ? canonical.toBase(Number(text)) : Number(text))
      return [range(`${at} ${unitHash('', '', unit)}`, numberTest(part, toNumber))]
    }
    case 'string': {
      const whole = normalise(part.value)
      const match = { how: 'starts', value: whole, whole, written: part.value } as const
      return [{ by: 'string', rowOnly: true, param: hashOf(at), matches: [match] }]
    }
    default:
      return []
  }
}
