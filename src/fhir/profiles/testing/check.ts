/** For tests: a resource against the profiles of a tenant that has these StructureDefinitions. */
import type { JsonObject } from '../../../kernel/json.ts'
import { loadDefinitions } from '../../definitions/index.ts'
import type { Membership, Verdict } from '../../terminology/index.ts'
import { makeProfiles, type Depth } from '../index.ts'

const definitions = loadDefinitions()

interface Options {
  readonly depth?: Depth
  /** What every value set says of a code. */
  readonly contains?: (valueSet: string, code: string) => Verdict
}

/** Issues as `code expression`, for a resource that names no profile: the first structure is the wanted one. */
export function findings(
  structures: readonly JsonObject[],
  resource: JsonObject,
  options: Options = {},
): string[] {
  return makeChecker(structures, options)(resource, [String(structures[0]!['url'])])
}

/** The same for the profiles that the resource names. */
export function ownFindings(
  structures: readonly JsonObject[],
  resource: JsonObject,
  options: Options = {},
): string[] {
  return makeChecker(structures, options)(resource, [])
}

/** For many resources: each profile is made ready once. */
export function makeChecker(
  structures: readonly JsonObject[],
  { depth = 'write', contains = () => 'unknown' }: Options = {},
): (resource: JsonObject, wanted: readonly string[]) => string[] {
  const profiles = makeProfiles(definitions)
  const registry = profiles.makeRegistry()
  const valueSets = new Map<string, Membership>()
  const byUrl = Map.groupBy(structures, ({ url }) => String(url))
  return (resource, wanted) => {
    for (;;) {
      const { issues, missing } = profiles.check(resource, { registry, valueSets, depth, wanted })
      if (missing.structures.size + missing.valueSets.size === 0)
        return issues.map(({ code, expression }) => `${code} ${expression!.join()}`)
      for (const url of missing.structures) registry.add(url, byUrl.get(url) ?? [])
      for (const url of missing.valueSets)
        valueSets.set(url, { contains: (_system, code) => contains(url, code) })
    }
  }
}
