/**
 * Which condition a search begins with, from bounded counts of the index: whatever the others are, no more resources are
 * looked at than meet the rarest.
 */
import type { TenantId } from '../../kernel/ids.ts'
import { type Condition, isPersonal, isStream } from './condition.ts'
import { enumerate } from './enumerate.ts'
import type { Frequent } from './frequent.ts'
import type { SearchQuery } from './query.ts'
import type { Run, Tell } from './run.ts'
import { boundedCounts } from './statements/index.ts'

/** So few that nothing else need be looked at. */
export const HANDFUL = 200
/** Up to here the matches are collected and sorted; beyond, tokens or the order's index are streamed. */
export const FEW = 2000
/** Up to here what can't be streamed is collected; beyond, so many match that the order's index soon fills a page. */
const MANY = 10_000

interface Driver {
  readonly driver: Condition
  readonly count: number
}

export interface Drivers {
  /** Of the conditions that an index can begin with, the one that the fewest meet, and how many (`limit` at most). */
  choose(tenant: TenantId, conditions: readonly Condition[], limit: number): Promise<Driver | undefined>
  /** What to begin with when no more than `limit` meet it. */
  fewest(tenant: TenantId, conditions: readonly Condition[], limit: number): Promise<Condition | undefined>
  /** What to begin with for an order of numbers; undefined: nothing does, or so many meet it that the type does. */
  forNumbers(
    tenant: TenantId,
    query: Pick<SearchQuery, 'conditions' | 'cursor'>,
  ): Promise<Condition | undefined>
}

export interface DriversDeps {
  readonly run: Run
  readonly frequent: Frequent
  readonly tell?: Tell | undefined
}

export function makeDrivers({ run, frequent, tell }: DriversDeps): Drivers {
  /** Most searches have a condition that a handful meet, so that is looked for first. */
  async function choose(
    tenant: TenantId,
    conditions: readonly Condition[],
    limit: number,
  ): Promise<Driver | undefined> {
    const able = conditions.filter((condition) => enumerate(tenant, condition) !== undefined)
    if (able.length === 0) return undefined
    for (const bound of limit > HANDFUL ? [HANDFUL, limit] : [limit]) {
      const counts = await counted(tenant, able, bound)
      const count = Math.min(...counts)
      if (count === bound && bound !== limit) continue
      const smallest = able.filter((_, i) => counts[i] === count)
      return {
        driver:
          smallest.find((one) => isStream(one) && one.leading) ?? smallest.find(isStream) ?? smallest[0]!,
        count,
      }
    }
    return undefined
  }

  /** Of each condition how many meet it, `bound` at most. */
  async function counted(
    tenant: TenantId,
    conditions: readonly Condition[],
    bound: number,
  ): Promise<readonly number[]> {
    const found = new Map<Condition, number>()
    for (const one of conditions) if (one.by === 'id') found.set(one, Math.min(one.ids.length, bound))
    const unknown = conditions.filter((one) => !found.has(one) && frequent.atLeast(tenant, one) < bound)
    if (unknown.length > 0) {
      const counting = boundedCounts(tenant, unknown, bound)
      const [row] = await run<{ counts: number[] }>(tenant, 'bounded counts', counting)
      for (const [i, one] of unknown.entries()) {
        found.set(one, row!.counts[i]!)
        frequent.counted(tenant, one, row!.counts[i]!)
      }
    }
    const counts = conditions.map((one) => found.get(one) ?? bound)
    tell?.({ by: 'counts', conditions, counts, limit: bound })
    return counts
  }

  async function fewest(tenant: TenantId, conditions: readonly Condition[], limit: number) {
    const chosen = await choose(tenant, conditions, limit + 1)
    return chosen && chosen.count <= limit ? chosen.driver : undefined
  }

  async function forNumbers(
    tenant: TenantId,
    { conditions, cursor }: Pick<SearchQuery, 'conditions' | 'cursor'>,
  ): Promise<Condition | undefined> {
    const personal = conditions.find(isPersonal)
    if (personal) return personal
    if (conditions.length === 1 && isStream(conditions[0]!)) return conditions[0]
    const chosen = await choose(tenant, conditions, FEW + 1)
    if (!chosen || chosen.count <= FEW) return chosen?.driver
    const stream = conditions.find(isStream)
    // Pages that began with it go on with it.
    if (stream || cursor) return stream ?? chosen.driver
    const again = await choose(tenant, [chosen.driver], MANY + 1)
    return again!.count <= MANY ? chosen.driver : undefined
  }

  return { choose, fewest, forNumbers }
}
