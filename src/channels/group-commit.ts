/**
 * Group commit without timers: while one group is being committed the next gathers. A quiet line commits each message
 * at once; a busy one shares each fsync among all that came in during the previous one.
 */
import { asFailure } from '../kernel/failure.ts'

export interface GroupCommitOptions<T, R> {
  /** All or nothing; one result for each item, in order. */
  commit(items: readonly T[]): Promise<readonly R[]>
  bytesOf(item: T): number
  readonly maxItems: number
  readonly maxBytes: number
}

interface Waiting<T, R> {
  readonly item: T
  resolve(result: R): void
  reject(error: unknown): void
}

/** Items are committed in the order of the calls. */
export function makeGroupCommit<T, R>(options: GroupCommitOptions<T, R>): (item: T) => Promise<R> {
  const { commit, bytesOf, maxItems, maxBytes } = options
  let waiting: Waiting<T, R>[] = []
  let busy = false

  function takeGroup(): Waiting<T, R>[] {
    let count = 0
    let bytes = 0
    for (const { item } of waiting) {
      bytes += bytesOf(item)
      if (count > 0 && (count === maxItems || bytes > maxBytes)) break
      count += 1
    }
    const group = waiting.slice(0, count)
    waiting = waiting.slice(count)
    return group
  }

  async function commitGroup(group: readonly Waiting<T, R>[]): Promise<void> {
    try {
      const results = await commit(group.map(({ item }) => item))
      for (const [index, { resolve }] of group.entries()) resolve(results[index]!)
    } catch (error) {
      if (group.length === 1 || !isOneItemsFault(error)) {
        for (const { reject } of group) reject(error)
        return
      }
      // One of them can't be stored; the others must not fail with it.
      for (const one of group) await commitGroup([one])
    }
  }

  async function run(): Promise<void> {
    busy = true
    while (waiting.length > 0) await commitGroup(takeGroup())
    busy = false
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (!busy) void run()
    })
}

/** When the database is away or too slow, committing them one by one would only take longer to fail. */
function isOneItemsFault(error: unknown): boolean {
  const { kind } = asFailure(error)
  return kind !== 'unavailable' && kind !== 'timeout'
}
