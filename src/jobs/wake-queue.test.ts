import { setTimeout as sleep } from 'node:timers/promises'

import { describe, expect, test } from 'vitest'

import type { Wake, WakeQueue } from '../channels/index.ts'
import type { TenantId } from '../kernel/ids.ts'
import { silentLog } from '../kernel/log.ts'
import { openWakeQueue, type QueueBackend } from './index.ts'
import { backends } from './testing/backends.ts'

const tenant = 1 as TenantId
const lane = (number: number): Wake => ({ tenant, channel: 'lab', lane: String(number) })
/** Still, so that wakes of one lane share their id for the whole test. */
const clock = { now: () => 0 }
const notDue = () => Promise.resolve(false)

async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(5)
}

describe.each(Object.keys(backends))('the wake queue on %s', (name) => {
  const { missing, open } = backends[name]!

  async function withQueue(run: (queue: WakeQueue, backend: QueueBackend) => Promise<void>): Promise<void> {
    await using backing = await open()
    await using queue = await openWakeQueue({ backend: backing.backend, log: silentLog, clock })
    await run(queue, backing.backend)
  }

  test.skipIf(missing)('hands each lane that was woken to the drain', () =>
    withQueue(async (queue) => {
      const drained: Wake[] = []
      queue.process(
        {
          drain: async (wake) => {
            drained.push(wake)
            return undefined
          },
          isDue: notDue,
        },
        { concurrency: 4 },
      )
      await queue.wake([lane(1), lane(-2)])
      await queue.wake([lane(3)])
      await eventually(() => drained.length === 3)
      expect(drained.toSorted((a, b) => Number(a.lane) - Number(b.lane))).toEqual([
        lane(-2),
        lane(1),
        lane(3),
      ])
    }),
  )

  test.skipIf(missing)('queues a lane once, however often it is woken while it waits', () =>
    withQueue(async (queue) => {
      await queue.wake([lane(1), lane(2)])
      await queue.wake([lane(1), lane(1), lane(2)])
      await queue.wake([lane(1)])
      expect(await queue.depth()).toEqual({ waiting: 2, active: 0, delayed: 0 })
    }),
  )

  test.skipIf(missing)('the same of many lanes at once', () =>
    withQueue(async (queue) => {
      const lanes = Array.from({ length: 60 }, (_, number) => lane(number))
      await queue.wake(lanes.slice(0, 40))
      await queue.wake(lanes)
      await queue.wake(lanes.slice(55))
      expect(await queue.depth()).toEqual({ waiting: 60, active: 0, delayed: 0 })
    }),
  )

  test.skipIf(missing)('a wake that comes while its lane is being drained is not lost', () =>
    withQueue(async (queue) => {
      let todo = 1
      let drains = 0
      let atWork = Promise.withResolvers<void>()
      const goOn = Promise.withResolvers<void>()
      queue.process(
        {
          async drain() {
            drains += 1
            todo = 0 // it has looked, and what comes from now on it does not see
            atWork.resolve()
            if (drains === 1) await goOn.promise
            return undefined
          },
          isDue: () => Promise.resolve(todo > 0),
        },
        { concurrency: 2 },
      )
      await queue.wake([lane(1)])
      await atWork.promise
      atWork = Promise.withResolvers()
      todo = 1
      await queue.wake([lane(1)])
      goOn.resolve()
      await atWork.promise
      expect(drains).toBe(2)
      expect(todo).toBe(0)
    }),
  )

  test.skipIf(missing)('calls a lane again after the time that its drain asked for, others go first', () =>
    withQueue(async (queue) => {
      const drained: string[] = []
      const handler = {
        drain: async (wake: Wake) => {
          drained.push(wake.lane)
          return drained.length === 1 ? 500 : undefined
        },
        isDue: notDue,
      }
      queue.process(handler, { concurrency: 1 })
      await queue.wake([lane(1)])
      await eventually(() => drained.length === 1)
      await queue.wake([lane(2)])
      await eventually(() => drained.length === 3)
      expect(drained).toEqual(['1', '2', '1'])
    }),
  )

  test.skipIf(missing)('a lane that waits for its time can be woken before', () =>
    withQueue(async (queue) => {
      let drains = 0
      const handler = { drain: async () => void (drains += 1) as undefined, isDue: notDue }
      await queue.wake([lane(1)], { delayMs: 600_000 })
      await queue.wake([lane(1)], { delayMs: 600_000 })
      expect(await queue.depth()).toEqual({ waiting: 0, active: 0, delayed: 1 })
      queue.process(handler, { concurrency: 1 })
      await queue.wake([lane(1)])
      await eventually(() => drains === 1)
      expect((await queue.depth()).delayed).toBe(1)
    }),
  )

  test.skipIf(missing)('a job that hangs with a worker that died does not swallow the wakes of later', () =>
    withQueue(async (queue, backend) => {
      const atWork = Promise.withResolvers<void>()
      const dead = Promise.withResolvers<undefined>()
      const hangs = () => {
        atWork.resolve()
        return dead.promise
      }
      queue.process({ drain: hangs, isDue: notDue }, { concurrency: 1 })
      await queue.wake([lane(1)])
      await atWork.promise
      let drains = 0
      await using restarted = await openWakeQueue({ backend, log: silentLog, clock })
      restarted.process(
        { drain: async () => void (drains += 1) as undefined, isDue: notDue },
        { concurrency: 1 },
      )
      await restarted.wake([lane(1)])
      await eventually(() => drains === 1)
      dead.resolve(undefined)
      expect(drains).toBe(1)
    }),
  )

  test.skipIf(missing)('a drain that throws leaves the queue working and the lane waiting for later', () =>
    withQueue(async (queue) => {
      const drained: string[] = []
      queue.process(
        {
          drain: async (wake) => {
            drained.push(wake.lane)
            if (wake.lane === '1') throw new Error('database away')
            return undefined
          },
          isDue: notDue,
        },
        { concurrency: 1 },
      )
      await queue.wake([lane(1)])
      await eventually(() => drained.includes('1'))
      await queue.wake([lane(2)])
      await eventually(() => drained.includes('2'))
      await queue.pause()
      expect(await queue.depth()).toEqual({ waiting: 0, active: 0, delayed: 1 })
    }),
  )

  test.skipIf(missing)('pausing waits for the drains at work and leaves the rest to another worker', () =>
    withQueue(async (queue, backend) => {
      const atWork = Promise.withResolvers<void>()
      const goOn = Promise.withResolvers<void>()
      const drained: string[] = []
      queue.process(
        {
          drain: async (wake) => {
            atWork.resolve()
            await goOn.promise
            drained.push(wake.lane)
            return undefined
          },
          isDue: notDue,
        },
        { concurrency: 1 },
      )
      await queue.wake([lane(1), lane(2)])
      await atWork.promise
      const paused = queue.pause()
      goOn.resolve()
      await paused
      expect(drained).toEqual(['1'])

      await using other = await openWakeQueue({ backend, log: silentLog, clock })
      other.process(
        { drain: async (wake) => void drained.push(wake.lane) as undefined, isDue: notDue },
        { concurrency: 1 },
      )
      await eventually(() => drained.length === 2)
      expect(drained).toEqual(['1', '2'])
    }),
  )

  test.skipIf(missing)('two workers share the lanes', () =>
    withQueue(async (queue, backend) => {
      await using other = await openWakeQueue({ backend, log: silentLog, clock })
      const drained: [string[], string[]] = [[], []]
      for (const [index, one] of [queue, other].entries()) {
        const drain = async (wake: Wake): Promise<undefined> => {
          await sleep(2)
          drained[index]!.push(wake.lane)
        }
        one.process({ drain, isDue: notDue }, { concurrency: 4 })
      }
      const lanes = Array.from({ length: 200 }, (_, index) => lane(index))
      await queue.wake(lanes)
      await eventually(() => drained.flat().length === 200)
      expect(new Set(drained.flat()).size).toBe(200)
      expect(drained.map(({ length }) => length > 0)).toEqual([true, true])
    }),
  )
})
