/**
 * Sends what comes in while a send is under way as one group with the next: a bulk insert of a hundred jobs
 * costs as much as thirty single ones. When it is quiet nothing waits.
 *
 * A large send costs the database work of its own, so after each one there is a rest, the longer the longer it took: at
 * most a tenth of the time goes to them, however many items come. They wait here meanwhile, each key once.
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

/** Rest between two groups of a busy time, and for each item that there was: few large ones are better. */
const REST_MS = 20
const REST_PER_ITEM_MS = 2
/** After a large one so many times as long as it took, but not for a queue that was long in coming back. */
const RESTS = 9
const LONGEST_REST_MS = 1_000
const MAX_GROUP = 100
/** Fewer are no load. */
export const MANY = 25

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
      await sleep(restAfter(group.items.size, performance.now() - begun))
    }
    busy = false
  }

  return async (items) => {
    const sent = new Set(items.flatMap((item) => place(item)?.sent.promise ?? []))
    if (!busy) void run()
    await Promise.all(sent)
  }
}

function restAfter(items: number, tookMs: number): number {
  if (items < MANY) return REST_MS + items * REST_PER_ITEM_MS
  return Math.min(LONGEST_REST_MS, Math.max(REST_MS, RESTS * tookMs))
}

const turn = () => new Promise((resolve) => setImmediate(resolve))
