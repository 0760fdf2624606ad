import { setTimeout as sleep } from 'node:timers/promises'

import { expect, test } from 'vitest'

import { makeGrouping } from './grouping.ts'

const keyOf = (item: number) => String(item)
const range = (count: number) => Array.from({ length: count }, (_, index) => index)

test('what is given at the same time goes as one group', async () => {
  const groups: number[][] = []
  const give = makeGrouping<number>({ keyOf, send: async (items) => void groups.push([...items]) })
  await Promise.all(range(8).map((item) => give([item])))
  expect(groups).toEqual([range(8)])
})

test('sends what waits once, in the order in which it came, a hundred at a time', async () => {
  const groups: number[][] = []
  const give = makeGrouping<number>({ keyOf, send: async (items) => void groups.push([...items]) })
  await Promise.all([give(range(150)), give(range(150))])
  expect(groups).toEqual([range(100), range(150).slice(100)])
})

test('rests long after a send that took long', async () => {
  let sending = 0
  const give = makeGrouping<number>({
    keyOf,
    send: async () => {
      const begun = performance.now()
      await sleep(10)
      sending += performance.now() - begun
    },
  })
  const begun = performance.now()
  await Promise.all(range(4).map((group) => give(range(100).map((item) => group * 100 + item))))
  const took = performance.now() - begun
  // Three rests of nine times as long lie between the four.
  expect(sending / took).toBeLessThan(0.25)
})

test('tells of a group that could not be sent, and goes on with the next', async () => {
  let sends = 0
  const give = makeGrouping<number>({
    keyOf,
    send: async () => {
      if (sends++ === 0) throw new Error('away')
    },
  })
  await expect(give([1])).rejects.toThrow('away')
  await expect(give([2])).resolves.toBeUndefined()
})
