/**
 * Sends what comes in while a send is under way as one group with the next. Under load a bulk add of a hundred jobs
 * costs about as much as five single ones; when it is quiet nothing waits.
 *
 * A send costs the database work of its own, so after each one there is a rest, the longer the longer it took: at most a
 * tenth of the time goes to sends, however many items come. They wait here meanwhile, each key once.
 */
import { setTimeout as sleep } from 'node:timers/promises'

export interface GroupingOptions<T> {
  /** Items of the same key are sent once while they wait. */
  keyOf(item: T): string
  send(items: readonly T[]): Promise<void>
}

interface Group<T> {
  readonly items: Map<string, T>
  readonly sent: PromiseWithResolvers<void>
}

/** Rest between two groups of a busy time: a bulk add costs the database milliseconds, so few large ones are better. */
const REST_MS = 20
/** And so many times as long as the send took, but not after a queue that was long in coming back. */
const RESTS = 9
const LONGEST_REST_MS = 1_000
const MAX_GROUP = 100

/** How many may wait, when they come faster than they may be sent. What is more is dropped; the sweeper finds it. */
const MAX_WAITING = 20_000

/** Resolves when the groups that the items went with were sent; rejects when one failed. */
export function makeGrouping<T>({ keyOf, send }: GroupingOptions<T>): (items: readonly T[]) => Promise<void> {
  const groups: Group<T>[] = []
  const groupOf = new Map<string, Group<T>>()
  let busy = false

  function place(item: T): Group<T> | undefined {
    const key = keyOf(item)
    const known = groupOf.get(key)
    if (known !== undefined) return known
    if (groupOf.size >= MAX_WAITING) return undefined
    let group = groups.at(-1)
    if (group === undefined || group.items.size >= MAX_GROUP) {
      group = { items: new Map(), sent: Promise.withResolvers() }
      groups.push(group)
    }
    group.items.set(key, item)
    groupOf.set(key, group)
    return group
  }

  async function run(): Promise<void> {
    busy = true
    await turn() // What comes at the same time goes together.
    for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
      for (const key of group.items.keys()) groupOf.delete(key)
      const begun = performance.now()
      await send([...group.items.values()]).then(group.sent.resolve, group.sent.reject)
      await sleep(restAfter(performance.now() - begun))
    }
    busy = false
  }

  return async (items) => {
    const sent = new Set(items.flatMap((item) => place(item)?.sent.promise ?? []))
    if (!busy) void run()
    await Promise.all(sent)
  }
}

function restAfter(tookMs: number): number {
  return Math.min(LONGEST_REST_MS, Math.max(REST_MS, RESTS * tookMs))
}

const turn = () => new Promise((resolve) => setImmediate(resolve))
