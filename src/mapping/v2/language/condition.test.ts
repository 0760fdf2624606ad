import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { thrownBy } from '../../../../test/support/thrown.ts'
import { parseCondition, printCondition, type Condition } from './condition.ts'
import { LanguageError } from './tokens.ts'
import { parseV2Path } from './v2-path.ts'

const path = fc
  .constantFrom('OBX-5', 'PV1-2.1', 'PID-3[1]', 'CX.4', 'CX.4.1', 'ORC', 'TQ1-3.9')
  .map((text) => parseV2Path(text)!)
const text = fc.string({ maxLength: 12 })
const leaf: fc.Arbitrary<Condition> = fc.oneof(
  fc.record({ is: fc.constantFrom('valued' as const, 'absent' as const, 'numeric' as const), path }),
  fc.record({
    is: fc.constantFrom('in' as const, 'has' as const),
    path,
    values: fc.array(text, { minLength: 1, maxLength: 3 }),
  }),
  fc.record({
    is: fc.constantFrom('count' as const, 'length' as const),
    path,
    comparison: fc.constantFrom(
      '=' as const,
      '!=' as const,
      '<' as const,
      '<=' as const,
      '>' as const,
      '>=' as const,
    ),
    number: fc.nat(99),
  }),
  fc.record({
    is: fc.constant('switch' as const),
    name: fc.constant('next-of-kin'),
    values: fc.array(text, { minLength: 1, maxLength: 3 }),
  }),
)
const condition: fc.Arbitrary<Condition> = fc.letrec<{ any: Condition }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.record({ is: fc.constant('not' as const), of: tie('any') }),
    fc.record({
      is: fc.constantFrom('and' as const, 'or' as const),
      of: fc.array(tie('any'), { minLength: 2, maxLength: 3 }),
    }),
  ),
})).any

test('a condition that is printed and read again is the same condition', () => {
  fc.assert(
    fc.property(condition, (each) => {
      expect(parseCondition(printCondition(each))).toEqual(each)
    }),
  )
})

test('any text is a condition or a LanguageError, nothing else', () => {
  fc.assert(
    fc.property(fc.string(), (any) => {
      expect([undefined, LanguageError]).toContain(thrownBy(() => parseCondition(any))?.constructor)
    }),
  )
})

test('and binds closer than or', () => {
  expect(parseCondition('PID-1 valued or PID-2 valued and PID-3 absent')).toMatchObject({
    is: 'or',
    of: [{ is: 'valued' }, { is: 'and' }],
  })
})

test.each([
  'PID-8 =',
  'PID-8 = M',
  'valued',
  '(PID-8 valued',
  'PID-8 valued valued',
  'PID-8 count > x',
  'pid valued',
  '',
])('%j is refused', (wrong) => {
  expect(() => parseCondition(wrong)).toThrow(LanguageError)
})
