/**
 * Group commit: while one group is being committed the next gathers. A quiet line commits each message at once; a busy
 * one shares each fsync among all that came in during the previous one.
 */
import { asFailure } from './failure.ts'

export interface GroupCommitOptions<T, R> {
  /** All or nothing; one result for each item, in order. */
  commit(items: readonly T[]): Promise<readonly R[]>
  readonly maxItems: number
  /** A group ends before it gets larger than `maxBytes`, but for its first item. */
  bytesOf?(item: T): number
  readonly maxBytes?: number
  /**
   * Those who got their results come again at once, as a rule, each a moment after the other: so long at most a group
   * waits for as many as there were last time. Who is alone never waits.
   */
  readonly companyMs?: number
  /** Two items with one key never meet in a group: the second waits for the next. */
  keyOf?(item: T): string
}

interface Waiting<T, R> {
  readonly item: T
  resolve(result: R): void
  reject(error: unknown): void
}

/** Items (of one key) are committed in the order of the calls. */
export function makeGroupCommit<T, R>(options: GroupCommitOptions<T, R>): (item: T) => Promise<R> {
  const { commit, maxItems, bytesOf, maxBytes = Infinity, keyOf, companyMs = 0 } = options
  let waiting: Waiting<T, R>[] = []
  let busy = false
  /** So many were there in the last round, committed or waiting behind. */
  let company = 1

  function takeGroup(): Waiting<T, R>[] {
    const group: Waiting<T, R>[] = []
    const left: Waiting<T, R>[] = []
    const keys = new Set<string>()
    let bytes = 0
    let full = false
    for (const one of waiting) {
      const key = keyOf?.(one.item)
      const isDouble = key !== undefined && keys.has(key)
      if (key !== undefined) keys.add(key)
      const size = bytesOf?.(one.item) ?? 0
      full ||= group.length === maxItems || (group.length > 0 && bytes + size > maxBytes)
      if (full || isDouble) {
        left.push(one)
      } else {
        bytes += size
        group.push(one)
      }
    }
    waiting = left
    return group
  }

  async function commitGroup(group: readonly Waiting<T, R>[]): Promise<void> {
    try {
      const results = await commit(group.map(({ item }) => item))
      for (const [index, { resolve }] of group.entries()) resolve(results[index]!)
    } catch (error) {
      if (group.length === 1 || isOutage(error)) {
        for (const { reject } of group) reject(error)
        return
      }
      // One of them can't be stored; the others must not fail with it.
      for (const one of group) await commitGroup([one])
    }
  }

  async function run(): Promise<void> {
    busy = true
    while (waiting.length > 0) {
      if (companyMs > 0) await gather()
      const group = takeGroup()
      await commitGroup(group)
      company = group.length + waiting.length
    }
    busy = false
  }

  /** Looks at the event loop's other work until as many wait as last time. */
  async function gather(): Promise<void> {
    const until = performance.now() + companyMs
    while (waiting.length < company && performance.now() < until) await turn()
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (!busy) void run()
    })
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** With the database away or too slow, committing one by one would only take longer to fail. */
export function isOutage(error: unknown): boolean {
  const { kind } = asFailure(error)
  return kind === 'unavailable' || kind === 'timeout'
}
