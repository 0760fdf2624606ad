import { expect, test } from 'vitest'

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
