/**
 * Wakes the lanes that the journal says have something to do. The queue may forget (Redis restarted, a process died
 * between commit and wake), the journal doesn't.
 */
import { setInterval } from 'node:timers/promises'

import type { Clock } from '../kernel/clock.ts'
import { asFailure } from '../kernel/failure.ts'
import type { TenantId } from '../kernel/ids.ts'
import type { Log } from '../kernel/log.ts'
import type { Journal } from '../store/index.ts'
import type { WakeQueue } from './wake.ts'

export interface SweepDeps {
  readonly journal: Journal
  readonly wakeQueue: Pick<WakeQueue, 'wake'>
  /** Tenants with their channels: other channels' messages are left alone. */
  tenants(): Iterable<readonly [TenantId, ReadonlySet<string>]>
  readonly clock: Clock
  readonly log: Log
}

/** What came in just now has a wake on its way. */
const GRACE_MS = 10_000
const INTERVAL_MS = 15_000
const LANES_AT_ONCE = 5_000

export interface Sweeper {
  /** Once: all that is due. `urgent` also wakes lanes whose job hangs with a worker that died. Answers how many. */
  sweep(options: { readonly urgent: boolean }): Promise<number>
  /** From now on, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
}

export function makeSweeper({ journal, wakeQueue, tenants, clock, log }: SweepDeps): Sweeper {
  async function sweep({ urgent }: { urgent: boolean }): Promise<number> {
    let woken = 0
    for (const [tenant, channels] of tenants()) {
      const now = clock.now()
      const arrivedBefore = urgent ? now : now - GRACE_MS
      const due = await journal.dueLanes(tenant, { now, arrivedBefore, limit: LANES_AT_ONCE })
      const wakes = due.filter(({ channel }) => channels.has(channel)).map((lane) => ({ tenant, ...lane }))
      await wakeQueue.wake(wakes, { urgent })
      woken += wakes.length
    }
    return woken
  }

  async function run(signal: AbortSignal): Promise<void> {
    try {
      for await (const _ of setInterval(INTERVAL_MS, undefined, { signal, ref: false })) {
        await sweep({ urgent: false }).catch((error: unknown) =>
          log.warn({ code: asFailure(error).code }, 'journal not swept'),
        )
      }
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  return { sweep, run }
}
