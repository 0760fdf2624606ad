/**
 * What ids are made of for an identifier system. An authority that is registered after its first message has another URI
 * from then on; ids go on being made of the first one, so that what is stored is found again with all that hangs on it.
 */
import type { Dictionary } from '../dictionary.ts'
import { universalUri } from './systems.ts'

export interface IdSystem {
  readonly system: string
  /** The system that ids are made of. */
  readonly made: string
}

export interface IdSystems {
  of(system: string): string
  /** Of the systems asked for those that others make the same ids as: what is stored may be known by these. */
  twins(): ReadonlyMap<string, readonly string[]>
  /** Of the systems asked for those that nobody has noted yet, with what else is the same from now on. */
  news(): readonly IdSystem[]
}

/** Of what the tenant registers: a name that a channel's settings explain may mean another authority elsewhere. */
export function makeIdSystems({
  idSystems: known,
  identifierSystems,
}: Pick<Dictionary, 'idSystems' | 'identifierSystems'>): IdSystems {
  const asked = new Map<string, string>()
  const fresh = new Map<string, string>()
  let names: ReadonlyMap<string, readonly string[]> | undefined

  /** What the names that lead to a system stood for, or would, unregistered. */
  function formerOf(system: string): readonly string[] {
    names ??= byTarget(identifierSystems)
    return names.get(system) ?? []
  }

  /** Whether all that makes such ids is called by the names of one registration: a name may have changed its authority. */
  function isOf(made: string | undefined, former: readonly string[]): boolean {
    return made !== undefined && [...known].every(([other, same]) => same !== made || former.includes(other))
  }

  function twinsOf(system: string, made: string): readonly string[] {
    return [...known].flatMap(([other, same]) => (same === made && other !== system ? [other] : []))
  }

  function of(system: string): string {
    const before = asked.get(system)
    if (before !== undefined) return before
    const made = madeOf(system)
    asked.set(system, made)
    return made
  }

  function madeOf(system: string): string {
    const made = known.get(system) ?? fresh.get(system)
    if (made !== undefined) return made
    const former = formerOf(system)
    const first = former.map((each) => known.get(each)).find((each) => isOf(each, former)) ?? system
    fresh.set(system, first)
    for (const each of former) if (!known.has(each) && !fresh.has(each)) fresh.set(each, first)
    return first
  }

  return {
    of,
    twins() {
      const found = [...asked].map(([system, made]) => [system, twinsOf(system, made)] as const)
      return new Map(found.filter(([, twins]) => twins.length > 0))
    },
    news: () => [...fresh].map(([system, made]) => ({ system, made })),
  }
}

function byTarget(namespaces: Iterable<readonly [string, string]>): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const [name, target] of namespaces) {
    const own = universalUri(name, undefined) ?? `urn:passerelle:ns:${encodeURIComponent(name)}`
    if (own !== target) found.set(target, [...(found.get(target) ?? []), own])
  }
  return found
}
