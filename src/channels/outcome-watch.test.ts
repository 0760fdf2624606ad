import { expect, test } from 'vitest'

import type { MessageProgress } from '../store/index.ts'
import { makeOutcomeWatch } from './outcome-watch.ts'

const clock = { now: () => Date.now() }
const row = (id: string, state: MessageProgress['state'], more: Partial<MessageProgress> = {}) => ({
  id,
  state,
  lastError: undefined,
  behindHeld: false,
  ...more,
})

test('thousands that wait are asked about in parts, and those that take long keep nobody waiting', async () => {
  const sizes: number[] = []
  const watch = makeOutcomeWatch({
    clock,
    progress(ids) {
      sizes.push(ids.length)
      // The first 900 are never done.
      return Promise.resolve(ids.map((id) => row(id, Number(id) < 900 ? 'received' : 'done')))
    },
  })
  const slow = Array.from({ length: 900 }, (_, id) => watch.processed(String(id), 60_000))
  const quick = Array.from({ length: 2000 }, (_, id) => watch.processed(String(900 + id), 60_000))
  expect(new Set((await Promise.all(quick)).map(({ did }) => did))).toEqual(new Set(['handled']))
  expect(Math.max(...sizes)).toBeLessThanOrEqual(500)
  watch.stop()
  expect(new Set((await Promise.all(slow)).map(({ did }) => did))).toEqual(new Set(['waiting']))
})

test('each way that a message ends, and why', async () => {
  const ends: Record<string, MessageProgress> = {
    1: row('1', 'filtered', { lastError: 'message-ignored' }),
    2: row('2', 'held', { lastError: 'validation-failed' }),
    3: row('3', 'skipped', { lastError: 'validation-failed' }),
    4: row('4', 'received', { behindHeld: true }),
    5: row('5', 'received', { lastError: 'database-unavailable' }),
  }
  let away = true
  const watch = makeOutcomeWatch({
    clock,
    progress(ids) {
      // A database that is away for a moment is waited for.
      away = !away
      return away ? Promise.resolve(ids.map((id) => ends[id]!)) : Promise.reject(new Error('away'))
    },
  })
  expect(await Promise.all(['1', '2', '3', '4', '5'].map((id) => watch.processed(id, 150)))).toEqual([
    { did: 'handled' },
    { did: 'failed', code: 'validation-failed' },
    { did: 'failed', code: 'message-skipped' },
    { did: 'failed', code: 'message-behind-held' },
    { did: 'waiting', code: 'database-unavailable' },
  ])
})
