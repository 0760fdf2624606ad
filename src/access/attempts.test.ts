import { expect, test } from 'vitest'
import { makeAttempts, networkOf } from './attempts.ts'

test('a burst of failures is let through, then one at each refill', () => {
  let now = 1_000_000
  const attempts = makeAttempts({ now: () => now }, { burst: 3, refillMs: 6000 })
  for (let i = 0; i < 3; i += 1) {
    expect(attempts.waitSeconds('a')).toBe(0)
    attempts.failed('a')
  }
  expect(attempts.waitSeconds('a')).toBe(6)
  expect(attempts.waitSeconds('b')).toBe(0)
  now += 6000
  expect(attempts.waitSeconds('a')).toBe(0)
  attempts.failed('a')
  expect(attempts.waitSeconds('a')).toBe(6)
  now += 60_000
  for (let i = 0; i < 3; i += 1) {
    expect(attempts.waitSeconds('a')).toBe(0)
    attempts.failed('a')
  }
  expect(attempts.waitSeconds('a')).toBeGreaterThan(0)
})

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8:1:2::9', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
])('%s belongs to the network %s', (address, network) => {
  expect(networkOf(address)).toBe(network)
})
