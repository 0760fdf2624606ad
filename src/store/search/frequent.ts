/**
 * What is known to be met by many, so that it is not counted again for each search. What is told here only chooses where
 * a search begins: should it have become rare meanwhile, the answer is right and a little slower.
 */
import type { TenantId } from '../../kernel/ids.ts'
import type { Condition, RangeCondition } from './condition.ts'

export interface Frequent {
  /** So many meet the condition at least, as far as is known. */
  atLeast(tenant: TenantId, condition: Condition): number
  /** So many were counted. */
  counted(tenant: TenantId, condition: Condition, count: number): void
}

/** So many meet what asks as much as this. */
interface Sighting {
  readonly asks: bigint
  readonly count: number
}

/** @param max so many tokens and parameters are remembered, those that were asked for last */
export function makeFrequent(max: number): Frequent {
  const known = new Map<string, readonly Sighting[]>()
  return {
    atLeast(tenant, condition) {
      const key = keyOf(tenant, condition)
      const sightings = key && known.get(key.name)
      if (!sightings) return 0
      known.delete(key.name)
      known.set(key.name, sightings)
      return mostOf(sightings, key.asks)
    },
    counted(tenant, condition, count) {
      const key = keyOf(tenant, condition)
      if (!key || count < WORTH) return
      const sightings = known.get(key.name) ?? []
      if (count <= mostOf(sightings, key.asks)) return
      const others = sightings.filter((one) => one.asks > key.asks || one.count > count)
      known.set(key.name, [{ asks: key.asks, count }, ...others].slice(0, MAX_SIGHTINGS))
      if (known.size > max) known.delete(known.keys().next().value!)
    },
  }
}

/** Fewer are counted in no time, and change. */
const WORTH = 200

/** Lists of many tokens hardly come again. */
const MAX_HASHES = 3

/** Counts have a few limits, so that hardly more differ. */
const MAX_SIGHTINGS = 8

/** What meets a condition that asks more meets one that asks less. */
function mostOf(sightings: readonly Sighting[], asks: bigint): number {
  return sightings.reduce((most, one) => (one.asks >= asks && one.count > most ? one.count : most), 0)
}

interface Key {
  readonly name: string
  /** How much is asked: of bounds of one parameter, the more the narrower. */
  readonly asks: bigint
}

function keyOf(tenant: TenantId, condition: Condition): Key | undefined {
  if (condition.by === 'range') return keyOfRange(tenant, condition)
  if (condition.by !== 'token' || condition.spans.length > 0 || condition.hashes.length > MAX_HASHES)
    return undefined
  return { name: `${tenant}:${condition.hashes.join()}`, asks: 0n }
}

/** Of what has one bound: `value-quantity=gt5`, `date=lt2020`. */
function keyOfRange(tenant: TenantId, { tests, rowOnly }: RangeCondition): Key | undefined {
  const [test] = tests
  if (tests.length !== 1 || !test || test.not || test.anyOf.length !== 1 || rowOnly) return undefined
  const bounds = Object.entries(test.anyOf[0]!).filter(([, bound]) => bound !== undefined)
  if (bounds.length !== 1) return undefined
  const [end, bound] = bounds[0] as [string, bigint]
  const name = `${tenant}:${test.param}:${test.among ?? ''}:${end}`
  return { name, asks: end.endsWith('Min') ? bound : -bound }
}
