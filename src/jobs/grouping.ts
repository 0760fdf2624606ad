/**
 * Sends what comes in while a send is under way as one group with the next. Under load a bulk add of a hundred jobs
 * costs about as much as five single ones; when it is quiet nothing waits.
 */
import { setTimeout as sleep } from 'node:timers/promises'

export interface GroupingOptions<T> {
  /** Items of the same key are sent once a group. */
  keyOf(item: T): string
  send(items: readonly T[]): Promise<void>
}

/** Rest between two groups of a busy time: a bulk add costs the database milliseconds, so few large ones are better. */
const REST_MS = 20

/** How many may wait when the queue doesn't answer. What is more is dropped; the sweeper finds it. */
const MAX_WAITING = 100_000

const rest = () => sleep(REST_MS)

/** Resolves when the group that the items went with was sent; rejects when it failed. */
export function makeGrouping<T>({ keyOf, send }: GroupingOptions<T>): (items: readonly T[]) => Promise<void> {
  let waiting = new Map<string, T>()
  let group: Promise<void> | undefined
  let free: Promise<void> = Promise.resolve()

  async function sendWaiting(): Promise<void> {
    const items = [...waiting.values()]
    waiting = new Map()
    group = undefined
    await send(items)
  }

  return (items) => {
    for (const item of items) {
      if (waiting.size < MAX_WAITING) waiting.set(keyOf(item), item)
    }
    if (group === undefined) {
      group = free.then(sendWaiting)
      free = group.then(rest, rest)
    }
    return group
  }
}
