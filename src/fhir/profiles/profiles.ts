/** Puts the checking of profiles together. Pure: who has the StructureDefinitions brings them. */
import type { JsonObject } from '../../kernel/json.ts'
import type { Definitions } from '../definitions/index.ts'
import { checkProfiles, type ProfileFindings } from './check.ts'
import { makeConstraintCheck } from './constraints.ts'
import { makeNavigator } from './instance.ts'
import { makeProfileRegistry, type ProfileRegistry } from './registry.ts'
import type { Membership } from '../terminology/index.ts'
import type { Depth, Missing } from './run.ts'
import { r4Type } from './structure.ts'

export interface Profiles {
  /** For the profiles of one tenant, as they are at one moment. */
  makeRegistry(): ProfileRegistry
  check(resource: JsonObject, how: ProfileCheck): ProfileFindings
  /** Whether there is such a profile, or type of R4; not certain while something is missing. */
  has(canonical: string, registry: ProfileRegistry, missing: Missing): boolean
}

export interface ProfileCheck {
  readonly registry: ProfileRegistry
  /** By canonical, as far as they have been looked up. */
  readonly valueSets: ReadonlyMap<string, Membership>
  readonly depth: Depth
  /** Canonicals beside those that the resource names. */
  readonly wanted: readonly string[]
}

export function makeProfiles(definitions: Definitions): Profiles {
  const navigator = makeNavigator(definitions)
  const constraintCheck = makeConstraintCheck(definitions)
  return {
    makeRegistry: () => makeProfileRegistry(definitions, { definitions, constraintCheck }),
    check(resource, { registry, valueSets, depth, wanted }) {
      const { find } = registry
      return checkProfiles(resource, { definitions, navigator, find, valueSets }, depth, wanted)
    },
    has: (canonical, { find }, { structures }) =>
      r4Type(definitions, canonical) !== undefined || find(canonical, structures) !== null,
  }
}
