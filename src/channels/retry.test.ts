import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { Failure, type FailureKind } from '../kernel/failure.ts'
import { afterFailure } from './retry.ts'

const policy = { firstDelaySeconds: 1, maxDelaySeconds: 60, attempts: 5 }
const after = (kind: FailureKind, attempts: number, random = 1) =>
  afterFailure(new Failure(kind, 'x'), attempts, policy, () => random)

test('what the message itself causes is held at the first attempt', () => {
  for (const kind of ['invalid', 'unsupported', 'not-found', 'too-large'] as const)
    expect(after(kind, 1)).toBe('hold')
})

test('what may pass is tried so often, then held', () => {
  expect(after('internal', 4)).toEqual({ delayMs: 8_000 })
  expect(after('internal', 5)).toBe('hold')
})

test('a part that is away is waited for without end', () => {
  expect(after('unavailable', 1_000_000)).toEqual({ delayMs: 60_000 })
})

test('delays double up to the limit, and chance takes away at most half', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (attempts, random) => {
        const full = Math.min(1_000 * 2 ** (attempts - 1), 60_000)
        const next = after('timeout', attempts, random)
        expect(next).toMatchObject({ delayMs: expect.closeTo(full * (0.5 + random / 2), -1) })
      },
    ),
  )
})
