/** Lists the codes of a value set where R4's own code systems suffice. https://hl7.org/fhir/R4/valueset.html#compositions */
import type {
  CodeSystem,
  CodeSystemConcept,
  ValueSet,
  ValueSetComposeInclude,
  ValueSetComposeIncludeFilter,
} from '@medplum/fhirtypes'
import { resourcesOf } from './package.ts'

type Expansion = Record<string, readonly string[]>

/** @returns a function from value set to its codes by system; undefined when they can't be listed (MIME types, units…) */
export function makeExpander(): (url: string) => Expansion | undefined {
  const files = ['valuesets', 'v3-codesystems', 'v2-tables']
  const systems = new Map<string, CodeSystem>()
  const sets = new Map<string, ValueSet>()
  for (const file of files) {
    for (const system of resourcesOf<CodeSystem>(file, 'CodeSystem')) systems.set(system.url!, system)
    for (const set of resourcesOf<ValueSet>(file, 'ValueSet')) sets.set(set.url!, set)
  }

  function expand(url: string): Expansion | undefined {
    const set = sets.get(url.split('|')[0]!)
    if (!set?.compose) return undefined
    const codes = new Map<string, Set<string>>()
    for (const include of set.compose.include) {
      const part = expandInclude(include)
      if (!part) return undefined
      for (const [system, values] of Object.entries(part)) {
        const known = codes.get(system) ?? new Set()
        for (const value of values) known.add(value)
        codes.set(system, known)
      }
    }
    for (const exclude of set.compose.exclude ?? []) {
      for (const [system, values] of Object.entries(expandInclude(exclude) ?? {})) {
        for (const value of values) codes.get(system)?.delete(value)
      }
    }
    return Object.fromEntries([...codes].map(([system, values]) => [system, [...values]]))
  }

  function expandInclude(include: ValueSetComposeInclude): Expansion | undefined {
    if (include.valueSet) return include.system ? undefined : expandSets(include.valueSet)
    if (include.concept) return { [include.system!]: include.concept.map(({ code }) => code!) }
    const system = systems.get(include.system!)
    if (!system?.concept || system.content === 'not-present') return undefined
    const codes = include.filter ? filtered(system, include.filter) : flatten(system.concept)
    return codes && { [system.url!]: codes.map(({ code }) => code!) }
  }

  function expandSets(urls: readonly string[]): Expansion | undefined {
    const [first, ...others] = urls
    return others.length > 0 || !first ? undefined : expand(first)
  }

  return expand
}

function flatten(concepts: readonly CodeSystemConcept[]): CodeSystemConcept[] {
  return concepts.flatMap((concept) => [concept, ...flatten(concept.concept ?? [])])
}

/** Only what the required bindings of R4 use: is-a and descendent-of on the hierarchy. */
function filtered(
  system: CodeSystem,
  filters: readonly ValueSetComposeIncludeFilter[],
): CodeSystemConcept[] | undefined {
  const [filter, ...others] = filters
  if (!filter || others.length > 0 || filter.property !== 'concept') return undefined
  const top = flatten(system.concept!).find(({ code }) => code === filter.value)
  if (!top) return undefined
  if (filter.op === 'is-a') return flatten([top])
  if (filter.op === 'descendent-of') return flatten(top.concept ?? [])
  return undefined
}
