import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'

import type { Repository } from '../store/index.ts'
import { throttleCommits, watchPressure } from './pressure.ts'

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
  throttled.setBusy(true)
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
  throttled.setBusy(true)
  const results = Promise.allSettled(
    Array.from({ length: 4 }, () => throttled.repository.commit(1 as never, [])),
  )
  throttled.setBusy(false)
  expect((await results).map(({ status }) => status)).toEqual([
    'rejected',
    'fulfilled',
    'fulfilled',
    'fulfilled',
  ])
})

test('many messages make the doors busy, none make them quiet again; each change is told once', () => {
  vi.useFakeTimers()
  try {
    const told: boolean[] = []
    using pressure = watchPressure((busy) => told.push(busy))
    for (let interval = 0; interval < 3; interval++) {
      for (let i = 0; i < 50; i++) pressure.count()
      vi.advanceTimersByTime(100)
    }
    vi.advanceTimersByTime(300)
    expect(told).toEqual([true, false])
  } finally {
    vi.useRealTimers()
  }
})
