/**
 * Which tokens are known to be frequent, so that they are not counted again for each search. What is told here only
 * chooses where a search begins: should it have become rare meanwhile, the answer is right and a little slower.
 */
import type { TenantId } from '../../kernel/ids.ts'
import type { Condition } from './condition.ts'

export interface Frequent {
  /** So many meet the condition at least, as far as is known. */
  atLeast(tenant: TenantId, condition: Condition): number
  /** So many were counted. */
  counted(tenant: TenantId, condition: Condition, count: number): void
}

/** @param max so many tokens are remembered, those that were asked for last */
export function makeFrequent(max: number): Frequent {
  const known = new Map<string, number>()
  return {
    atLeast(tenant, condition) {
      const key = keyOf(tenant, condition)
      const count = key === undefined ? undefined : known.get(key)
      if (count === undefined) return 0
      known.delete(key!)
      known.set(key!, count)
      return count
    },
    counted(tenant, condition, count) {
      const key = keyOf(tenant, condition)
      if (key === undefined || count < (known.get(key) ?? WORTH)) return
      known.set(key, count)
      if (known.size > max) known.delete(known.keys().next().value!)
    },
  }
}

/** Fewer are counted in no time, and change. */
const WORTH = 200

/** Lists of many tokens hardly come again. */
const MAX_HASHES = 3

function keyOf(tenant: TenantId, condition: Condition): string | undefined {
  if (condition.by !== 'token' || condition.spans.length > 0 || condition.hashes.length > MAX_HASHES)
    return undefined
  return `${tenant}:${condition.hashes.join()}`
}
