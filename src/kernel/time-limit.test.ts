import { expect, test } from 'vitest'

import { makeTimeLimit } from './time-limit.ts'

test('what ends in time gives its result, what fails its error', () => {
  const limit = makeTimeLimit()
  expect(limit.within(1000, () => [1])).toEqual([1])
  expect(() =>
    limit.within(1000, () => {
      throw new TypeError('ours')
    }),
  ).toThrow(TypeError)
})

test('a loop and a regular expression without end are stopped, and the next one runs', () => {
  const limit = makeTimeLimit()
  expect(
    limit.within(50, () => {
      for (;;);
    }),
  ).toBeUndefined()
  const backtracking = /^(a+)+$/
  expect(limit.within(50, () => ({ found: backtracking.test(`${'a'.repeat(40)}b`) }))).toBeUndefined()
  expect(limit.within(50, () => [2])).toEqual([2])
})
