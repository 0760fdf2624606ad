/**
 * The port to the queue. The journal knows what is to do; a wake only says "look at this lane", carries no patient
 * data, and may be lost, doubled or late without harm: the drain reads the journal, and the sweeper wakes again.
 */
import type { TenantId } from '../kernel/ids.ts'
import type { Lane } from '../store/index.ts'

export interface Wake {
  readonly tenant: TenantId
  readonly channel: string
  readonly lane: Lane
}

interface WakeOptions {
  /** Not before so many milliseconds. */
  readonly delayMs?: number
}

export interface LaneHandler {
  /** Does what is due in the lane. Answers in how many milliseconds it wants to be called again, if it does. */
  drain(wake: Wake): Promise<number | undefined>
  /** Whether something became due while the drain was ending: its wake may have been taken for a double. */
  isDue(wake: Wake): Promise<boolean>
}

interface QueueDepth {
  readonly waiting: number
  readonly active: number
  readonly delayed: number
}

export interface WakeQueue extends AsyncDisposable {
  /** Resolves when the queue has them. A lane that waits already is mostly not queued twice. */
  wake(wakes: readonly Wake[], options?: WakeOptions): Promise<void>
  /** Starts to handle wakes, `concurrency` lanes side by side. */
  process(handler: LaneHandler, options: { readonly concurrency: number }): void
  /** Takes no further wakes and resolves when those being handled are done. */
  pause(): Promise<void>
  depth(): Promise<QueueDepth>
}
