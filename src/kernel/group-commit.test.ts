import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { Failure } from './failure.ts'
import { makeGroupCommit } from './group-commit.ts'

/** Commits groups of numbers, noting them; each commit takes a turn of the event loop. */
function noting(
  options: { fails?: (group: readonly number[]) => unknown; maxItems?: number; maxBytes?: number } = {},
) {
  const groups: number[][] = []
  const submit = makeGroupCommit<number, string>({
    maxItems: options.maxItems ?? 100,
    maxBytes: options.maxBytes ?? 1_000_000,
    bytesOf: (item) => item,
    async commit(items) {
      await new Promise((resolve) => setImmediate(resolve))
      const failure = options.fails?.(items)
      if (failure !== undefined) throw failure
      groups.push([...items])
      return items.map((item) => `stored ${item}`)
    },
  })
  return { groups, submit }
}

test('what comes in during a commit goes together into the next', async () => {
  const { groups, submit } = noting()
  await Promise.all([1, 2, 3, 4].map(submit))
  expect(groups).toEqual([[1], [2, 3, 4]])
})

test('those who come again a moment after each other go together, and who is alone goes at once', async () => {
  const groups: number[][] = []
  const submit = makeGroupCommit<number, number>({
    maxItems: 100,
    companyMs: 200,
    async commit(items) {
      await new Promise((resolve) => setImmediate(resolve))
      groups.push([...items])
      return items
    },
  })
  const client = async (name: number) => {
    for (let round = 0; round < 5; round++) {
      await submit(name)
      // Each needs longer than the other until it is back.
      for (let turns = 0; turns < name; turns++) await new Promise((resolve) => setImmediate(resolve))
    }
  }
  await submit(0)
  expect(groups).toEqual([[0]])
  await Promise.all([1, 2, 3].map(client))
  expect(groups.slice(2).filter((group) => group.length === 3)).toHaveLength(4)
})

test('each gets its own result, in the order of the calls, in groups within the limits', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(50)), fc.integer({ min: 1, max: 8 }), async (items, maxItems) => {
      const { groups, submit } = noting({ maxItems, maxBytes: 60 })
      expect(await Promise.all(items.map(submit))).toEqual(items.map((item) => `stored ${item}`))
      expect(groups.flat()).toEqual(items)
      for (const group of groups) {
        expect(group.length).toBeLessThanOrEqual(maxItems)
        const bytes = group.reduce((sum, item) => sum + item, 0)
        expect(bytes <= 60 || group.length === 1).toBe(true)
      }
    }),
  )
})

test('one that cannot be stored fails alone', async () => {
  const { submit } = noting({
    fails: (group) => (group.includes(3) ? new Failure('internal', 'database-error') : undefined),
  })
  const ends = await Promise.allSettled([1, 2, 3, 4].map(submit))
  expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
})

test('when the database is away all of a group fail at once, and the next group is tried', async () => {
  let away = true
  const { groups, submit } = noting({
    fails: () => (away ? new Failure('unavailable', 'database-unavailable') : undefined),
  })
  const ends = await Promise.allSettled([1, 2, 3].map(submit))
  expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  away = false
  expect(await submit(4)).toBe('stored 4')
  expect(groups).toEqual([[4]])
})

test('two items with one key never meet in a group, and keep their order', async () => {
  const groups: number[][] = []
  const submit = makeGroupCommit<number, number>({
    maxItems: 10,
    keyOf: (item) => String(Math.trunc(item)),
    async commit(items) {
      await new Promise((resolve) => setImmediate(resolve))
      groups.push([...items])
      return items.map((item) => -item)
    },
  })
  expect(await Promise.all([1, 2.1, 2.2, 2.3, 3].map(submit))).toEqual([-1, -2.1, -2.2, -2.3, -3])
  expect(groups).toEqual([[1], [2.1, 3], [2.2], [2.3]])
})
