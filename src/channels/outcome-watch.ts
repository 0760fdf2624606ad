/**
 * Waits until messages are handled. Who handles them may be another thread or another machine, so the journal is asked:
 * one statement for all that wait, often at first and then less often. (A notification of PostgreSQL would take a lock
 * that all commits of the server share.)
 */
import { setTimeout as sleep } from 'node:timers/promises'

import type { Clock } from '../kernel/clock.ts'
import type { MessageNumber, MessageProgress } from '../store/index.ts'
import type { Processed } from './answers.ts'

export interface OutcomeWatch {
  /** Resolves when the message is handled or held, or when the time is over. Never rejects. */
  processed(message: MessageNumber, timeoutMs: number): Promise<Processed>
  /** Lets nobody wait any longer. */
  stop(): void
}

export interface OutcomeWatchDeps {
  progress(messages: readonly MessageNumber[]): Promise<readonly MessageProgress[]>
  readonly clock: Clock
}

interface Waiter {
  readonly until: number
  /** Why the last attempt failed, if one did. */
  lastError: string | undefined
  resolve(processed: Processed): void
}

const STILL_WAITING = 'message-not-handled-yet'
/** Messages asked about at once; those that are not done go to the end of the row. */
const AT_ONCE = 500

export function makeOutcomeWatch({ progress, clock }: OutcomeWatchDeps): OutcomeWatch {
  const waiting = new Map<MessageNumber, Waiter[]>()
  let polling = false
  let stopped = false
  let youngest = 0

  function end(id: MessageNumber, processed: Processed): void {
    for (const waiter of waiting.get(id) ?? []) waiter.resolve(processed)
    waiting.delete(id)
  }

  function take(row: MessageProgress): void {
    const processed = processedOf(row)
    if (processed !== undefined) return end(row.id, processed)
    for (const waiter of waiting.get(row.id) ?? []) waiter.lastError = row.lastError
  }

  function expire(): void {
    const now = stopped ? Infinity : clock.now()
    for (const [id, waiters] of waiting) {
      const left = waiters.filter((waiter) => waiter.until > now)
      for (const waiter of waiters) {
        if (waiter.until <= now) waiter.resolve({ did: 'waiting', code: waiter.lastError ?? STILL_WAITING })
      }
      if (left.length === 0) waiting.delete(id)
      else waiting.set(id, left)
    }
  }

  /** Young waiters are likely to be done soon. */
  function pauseMs(): number {
    const age = clock.now() - youngest
    return age < 250 ? 10 : age < 2_000 ? 50 : 250
  }

  /** The next in the row, put at its end. */
  function nextInRow(): MessageNumber[] {
    const ids = waiting.keys().take(AT_ONCE).toArray()
    for (const id of ids) {
      const waiters = waiting.get(id)!
      waiting.delete(id)
      waiting.set(id, waiters)
    }
    return ids
  }

  async function poll(): Promise<void> {
    polling = true
    let tookMs = 0
    while (waiting.size > 0) {
      // Most of the database's time is for handling what is asked about.
      await sleep(Math.max(pauseMs(), 4 * tookMs))
      const asked = performance.now()
      // The database may be away: who waits goes on waiting, up to the time.
      const rows = await progress(nextInRow()).catch(() => [])
      tookMs = Math.min(performance.now() - asked, 1_000)
      for (const row of rows) take(row)
      expire()
    }
    polling = false
  }

  return {
    processed(id, timeoutMs) {
      return new Promise((resolve) => {
        youngest = clock.now()
        const waiter = { until: youngest + timeoutMs, lastError: undefined, resolve }
        waiting.set(id, [...(waiting.get(id) ?? []), waiter])
        if (stopped) expire()
        else if (!polling) void poll()
      })
    },
    stop() {
      stopped = true
      expire()
    },
  }
}

/** Undefined while it is still to do. */
function processedOf({ state, lastError, behindHeld }: MessageProgress): Processed | undefined {
  switch (state) {
    case 'done':
    case 'filtered':
      return { did: 'handled' }
    case 'held':
      return { did: 'failed', code: lastError ?? 'message-held' }
    case 'skipped':
      return { did: 'failed', code: 'message-skipped' }
    case 'refused':
      return { did: 'failed', code: lastError ?? 'message-refused' }
    case 'received':
      return behindHeld ? { did: 'failed', code: 'message-behind-held' } : undefined
  }
}
