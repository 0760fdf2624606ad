/**
 * Wakes the lanes that the journal says have something to do. The queue may forget (Redis restarted, a process died
 * between commit and wake), the journal doesn't.
 */
import type { Clock } from '../kernel/clock.ts'
import { every } from '../kernel/every.ts'
import { asFailure } from '../kernel/failure.ts'
import type { TenantId } from '../kernel/ids.ts'
import type { Log } from '../kernel/log.ts'
import type { Journal } from '../store/index.ts'
import type { WakeQueue } from './wake.ts'

export interface SweepDeps {
  readonly journal: Journal
  readonly wakeQueue: Pick<WakeQueue, 'wake' | 'depth'>
  /** Tenants with their channels: other channels' messages are left alone. */
  tenants(): Iterable<readonly [TenantId, ReadonlySet<string>]>
  readonly clock: Clock
  readonly log: Log
}

/** What came in just now has a wake on its way. */
const GRACE_MS = 10_000
const INTERVAL_MS = 15_000
const LANES_AT_ONCE = 5_000
/** With so many wakes waiting most lanes have theirs; those that haven't are found when it is quieter. */
const BUSY = 1_000

export interface Sweeper {
  /** Wakes all lanes that are due, but for those whose head arrived less than so long ago. Answers how many. */
  sweep(graceMs: number): Promise<number>
  /** From now on, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
}

export function makeSweeper({ journal, wakeQueue, tenants, clock, log }: SweepDeps): Sweeper {
  async function sweep(graceMs: number): Promise<number> {
    let woken = 0
    for (const [tenant, channels] of tenants()) {
      const now = clock.now()
      const due = await journal.dueLanes(tenant, { now, arrivedBefore: now - graceMs, limit: LANES_AT_ONCE })
      const wakes = due.filter(({ channel }) => channels.has(channel)).map((lane) => ({ tenant, ...lane }))
      await wakeQueue.wake(wakes)
      woken += wakes.length
    }
    return woken
  }

  async function sweepIfQuiet(): Promise<void> {
    const { waiting } = await wakeQueue.depth()
    if (waiting < BUSY) await sweep(GRACE_MS)
  }

  const run = (signal: AbortSignal): Promise<void> =>
    every(INTERVAL_MS, signal, async () => {
      await sweepIfQuiet().catch((error: unknown) =>
        log.warn({ code: asFailure(error).code }, 'journal not swept'),
      )
    })

  return { sweep, run }
}
