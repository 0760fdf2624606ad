/**
 * Shares commits: while one group is being committed the next one gathers, so a quiet line waits for nobody and a busy
 * one pays one fsync for all that came in meanwhile. Two items with one key never meet in a group.
 */

import { asFailure } from '../../kernel/failure.ts'

export interface BatchOptions<T, R> {
  readonly maxItems: number
  readonly keyOf: (item: T) => string
  /** All or nothing; one result for each item, in order. */
  readonly commit: (items: readonly T[]) => Promise<readonly R[]>
}

interface Waiting<T, R> {
  readonly item: T
  readonly resolve: (result: R) => void
  readonly reject: (error: unknown) => void
}

export function makeBatches<T, R>({ maxItems, keyOf, commit }: BatchOptions<T, R>): (item: T) => Promise<R> {
  let waiting: Waiting<T, R>[] = []
  let running = false

  function takeGroup(): Waiting<T, R>[] {
    const keys = new Set<string>()
    const group: Waiting<T, R>[] = []
    const left: Waiting<T, R>[] = []
    for (const one of waiting) {
      const key = keyOf(one.item)
      if (group.length < maxItems && !keys.has(key)) group.push(one)
      else left.push(one)
      keys.add(key)
    }
    waiting = left
    return group
  }

  async function commitGroup(group: readonly Waiting<T, R>[]): Promise<void> {
    try {
      const results = await commit(group.map(({ item }) => item))
      for (const [index, { resolve }] of group.entries()) resolve(results[index]!)
    } catch (error) {
      if (group.length === 1 || isOutage(error)) for (const { reject } of group) reject(error)
      // One that can't be committed must not take the others with it.
      else for (const one of group) await commitGroup([one])
    }
  }

  async function run(): Promise<void> {
    running = true
    while (waiting.length > 0) await commitGroup(takeGroup())
    running = false
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (!running) void run()
    })
}

/** With the database away or too slow, one by one would only take longer to fail. */
function isOutage(error: unknown): boolean {
  const { kind } = asFailure(error)
  return kind === 'unavailable' || kind === 'timeout'
}
