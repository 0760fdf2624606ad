import { describe, expect, test } from 'vitest'

import type { TenantId } from '../kernel/ids.ts'
import { silentLog } from '../kernel/log.ts'
import { openIdQueue } from './index.ts'
import { backends } from './testing/backends.ts'

const tenant = 7 as TenantId
/** Still, so that an id that is announced twice is told once. */
const clock = { now: () => 0 }

describe.each(Object.keys(backends))('the queue of ids on %s', (name) => {
  const { missing, open } = backends[name]!

  test.skipIf(missing)('tells each id that is announced, an id that is announced twice once', async () => {
    await using backing = await open()
    await using queue = await openIdQueue({ ...backing, name: 'ids', log: silentLog, clock })
    const told: string[] = []
    await queue.announce(tenant, 'a')
    await queue.announce(tenant, 'a')
    queue.process(async (to, id) => void told.push(`${to} ${id}`), 2)
    await queue.announce(tenant, 'b')
    await expect.poll(() => told.toSorted(), { timeout: 10_000 }).toEqual(['7 a', '7 b'])
  })

  test.skipIf(missing)('resolves a pause when what was being handled is done', async () => {
    await using backing = await open()
    await using queue = await openIdQueue({ ...backing, name: 'ids', log: silentLog })
    const gate = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    let done = false
    queue.process(async () => {
      begun.resolve()
      await gate.promise
      done = true
    }, 1)
    await queue.announce(tenant, 'a')
    await begun.promise
    const paused = queue.pause()
    gate.resolve()
    await paused
    expect(done).toBe(true)
  })
})
