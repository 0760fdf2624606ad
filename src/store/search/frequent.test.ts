import { describe, expect, test } from 'vitest'

import type { TenantId } from '../../kernel/ids.ts'
import type { Condition } from './condition.ts'
import { makeFrequent } from './frequent.ts'

const tenant = 1 as TenantId
const token = (...hashes: string[]): Condition => ({ by: 'token', hashes, spans: [] })

test('what was counted and is frequent need not be counted again', () => {
  const frequent = makeFrequent(10)
  frequent.counted(tenant, token('1'), 2001)
  frequent.counted(tenant, token('2'), 12)
  expect(frequent.atLeast(tenant, token('1'))).toBe(2001)
  expect(frequent.atLeast(tenant, token('2'))).toBe(0)
  // A lower bound says less than what is known.
  frequent.counted(tenant, token('1'), 200)
  expect(frequent.atLeast(tenant, token('1'))).toBe(2001)
})

test('tenants have counts of their own', () => {
  const frequent = makeFrequent(10)
  frequent.counted(tenant, token('1'), 2001)
  expect(frequent.atLeast(2 as TenantId, token('1'))).toBe(0)
})

test('those that nobody asks for make room', () => {
  const frequent = makeFrequent(2)
  frequent.counted(tenant, token('1'), 300)
  frequent.counted(tenant, token('2'), 300)
  frequent.atLeast(tenant, token('1'))
  frequent.counted(tenant, token('3'), 300)
  const known = ['1', '2', '3'].map((hash) => frequent.atLeast(tenant, token(hash)))
  expect(known).toEqual([300, 0, 300])
})

test('values that only the index knows, and long lists, are counted each time', () => {
  const frequent = makeFrequent(10)
  const many = token('1', '2', '3', '4')
  const system: Condition = { by: 'token', hashes: [], spans: [{ system: '5' }] }
  for (const condition of [many, system]) {
    frequent.counted(tenant, condition, 2001)
    expect(frequent.atLeast(tenant, condition)).toBe(0)
  }
})

describe('of what has one bound', () => {
  const range = (bounds: Record<string, bigint>, param = '7'): Condition => ({
    by: 'range',
    tests: [{ param, anyOf: [bounds] }],
  })

  test.each([
    ['hiMin', 100n, 99n, 101n],
    ['loMin', 100n, 99n, 101n],
    ['loMax', 100n, 101n, 99n],
    ['hiMax', 100n, 101n, 99n],
  ] as const)(
    '%s: a wider one is met by as many at least, of a narrower one nothing is known',
    (...given) => {
      const [end, seen, wider, narrower] = given
      const frequent = makeFrequent(10)
      frequent.counted(tenant, range({ [end]: seen }), 2001)
      const known = [seen, wider, narrower].map((bound) => frequent.atLeast(tenant, range({ [end]: bound })))
      expect(known).toEqual([2001, 2001, 0])
      expect(frequent.atLeast(tenant, range({ [end]: wider }, '8'))).toBe(0)
    },
  )

  test('the narrowest that were seen of each count are kept', () => {
    const frequent = makeFrequent(10)
    const counts: [bigint, number][] = [
      [10n, 2001],
      [5n, 10_001],
      [30n, 200],
      [8n, 2001],
      [20n, 200],
    ]
    for (const [bound, count] of counts) frequent.counted(tenant, range({ hiMin: bound }), count)
    const known = [40n, 30n, 20n, 10n, 8n, 5n].map((hiMin) => frequent.atLeast(tenant, range({ hiMin })))
    expect(known).toEqual([0, 200, 200, 2001, 2001, 10_001])
  })

  test('what has two bounds, or is turned round, is counted each time', () => {
    const frequent = makeFrequent(10)
    const not: Condition = { by: 'range', tests: [{ param: '7', anyOf: [{ hiMin: 1n }], not: true }] }
    for (const condition of [range({ loMin: 1n, hiMax: 2n }), not]) {
      frequent.counted(tenant, condition, 2001)
      expect(frequent.atLeast(tenant, condition)).toBe(0)
    }
  })
})
