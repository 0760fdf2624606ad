import { setTimeout as sleep } from 'node:timers/promises'

import { expect, test } from 'vitest'

import { Failure } from '../../kernel/failure.ts'
import { makeBatches } from './batches.ts'

/** Commits numbers as their negatives; the groups are kept. */
function batches(fail: (group: readonly number[]) => unknown = () => undefined, maxItems = 10) {
  const groups: (readonly number[])[] = []
  const submit = makeBatches<number, number>({
    maxItems,
    keyOf: (item) => String(Math.trunc(item)),
    async commit(items) {
      groups.push(items)
      await sleep(1)
      const error = fail(items)
      if (error !== undefined) throw error
      return items.map((item) => -item)
    },
  })
  return { groups, submit }
}

test('what comes while a group is committed shares the next one, and each gets its own result', async () => {
  const { groups, submit } = batches()
  expect(await Promise.all([1, 2, 3, 4].map(submit))).toEqual([-1, -2, -3, -4])
  expect(groups).toEqual([[1], [2, 3, 4]])
})

test('two items with one key never meet in a group', async () => {
  const { groups, submit } = batches()
  expect(await Promise.all([1, 2.1, 2.2, 3].map(submit))).toEqual([-1, -2.1, -2.2, -3])
  expect(groups).toEqual([[1], [2.1, 3], [2.2]])
})

test('groups have a limit', async () => {
  const { groups, submit } = batches(undefined, 2)
  await Promise.all([1, 2, 3, 4, 5].map(submit))
  expect(groups.map((group) => group.length)).toEqual([1, 2, 2])
})

test('one that cannot be committed fails alone', async () => {
  const { submit } = batches((group) => (group.includes(3) ? new Error('three') : undefined))
  const results = await Promise.allSettled([1, 2, 3, 4].map(submit))
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
})

test('an outage fails the whole group at once', async () => {
  const { groups, submit } = batches((group) =>
    group.length > 1 ? new Failure('unavailable', 'away') : undefined,
  )
  const results = await Promise.allSettled([1, 2, 3].map(submit))
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])
  expect(groups).toHaveLength(2)
})
