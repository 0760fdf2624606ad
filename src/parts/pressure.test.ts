import { expect, test, vi } from 'vitest'

import type { Repository } from '../store/index.ts'
import { throttleCommits, watchPressure } from './pressure.ts'

const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms))

/** Notes how many commits run at once; each takes a while. */
function counting(): { repository: Repository; most: () => number } {
  let running = 0
  let most = 0
  const commit: Repository['commit'] = async () => {
    most = Math.max(most, ++running)
    await sleep(5)
    running--
    return []
  }
  return { repository: { commit } as Repository, most: () => most }
}

const commits = (repository: Repository, count: number) =>
  Promise.all(Array.from({ length: count }, () => repository.commit(1 as never, [])))

test('commits go one at a time while the doors are busy, and side by side when they are not', async () => {
  const busy = counting()
  const throttled = throttleCommits(busy.repository)
  throttled.setPace(1)
  await commits(throttled.repository, 5)
  expect(busy.most()).toBe(1)

  const quiet = counting()
  const free = throttleCommits(quiet.repository)
  await commits(free.repository, 5)
  expect(quiet.most()).toBe(5)
})

test('what waits goes on when the doors become quiet, and a commit that fails lets the next one in', async () => {
  let calls = 0
  const commit: Repository['commit'] = async () => {
    if (calls++ === 0) throw new Error('first')
    return []
  }
  const throttled = throttleCommits({ commit } as Repository)
  throttled.setPace(1)
  const results = Promise.allSettled(
    Array.from({ length: 4 }, () => throttled.repository.commit(1 as never, [])),
  )
  throttled.setPace(0)
  expect((await results).map(({ status }) => status)).toEqual([
    'rejected',
    'fulfilled',
    'fulfilled',
    'fulfilled',
  ])
})

test('the faster messages come the longer the rest between two commits, which ends with the pressure', async () => {
  vi.useFakeTimers()
  try {
    let calls = 0
    const commit: Repository['commit'] = async () => {
      calls++
      await sleep(10)
      return []
    }
    const throttled = throttleCommits({ commit } as Repository)
    throttled.setPace(4)
    const all = Promise.all(Array.from({ length: 3 }, () => throttled.repository.commit(1 as never, [])))
    await vi.advanceTimersByTimeAsync(10)
    expect(calls).toBe(1)
    await vi.advanceTimersByTimeAsync(28)
    expect(calls).toBe(1)
    await vi.advanceTimersByTimeAsync(2)
    expect(calls).toBe(2)
    await vi.advanceTimersByTimeAsync(10)
    throttled.setPace(0)
    await vi.advanceTimersByTimeAsync(0)
    expect(calls).toBe(3)
    await vi.advanceTimersByTimeAsync(10)
    await all
  } finally {
    vi.useRealTimers()
  }
})

test('each change of the pace is told once, and never is the slowest a standstill', () => {
  vi.useFakeTimers()
  try {
    const told: number[] = []
    using pressure = watchPressure((pace) => told.push(pace))
    for (const count of [0, 19, 20, 29, 60, 60, 1000, 0, 0]) {
      for (let i = 0; i < count; i++) pressure.count()
      vi.advanceTimersByTime(100)
    }
    expect(told).toEqual([1, 5, 10, 0])
  } finally {
    vi.useRealTimers()
  }
})
