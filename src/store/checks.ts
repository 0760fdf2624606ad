/**
 * What a resource must be before it is kept: valid R4, and what the profiles ask that it names and the tenant has.
 *
 * Profiles and value sets are looked up when first needed and stay at hand. A number that the database raises with each
 * change of one (sql/0010_profiles.sql) is asked for before a check, at most every REVISION_MS, so that a change made by
 * another process is seen that much later; a change made by this process is seen at once.
 */
import { LRUCache } from 'lru-cache'

import {
  type Definitions,
  makeProfiles,
  type Membership,
  namesProfiles,
  type ProfileFindings,
  type ProfileRegistry,
  type Terminology,
  type Validator,
} from '../fhir/index.ts'
import type { Clock } from '../kernel/clock.ts'
import { Failure, type Issue } from '../kernel/failure.ts'
import type { TenantId } from '../kernel/ids.ts'
import type { JsonObject } from '../kernel/json.ts'
import { makeTimeLimit } from '../kernel/time-limit.ts'
import type { Db } from './db.ts'
import { definitionsRevision, structureDefinitions } from './structure-definitions.ts'

export interface ResourceChecks {
  /**
   * What is wrong with a resource that is to be kept. A promise only where the profiles that it names are not at hand.
   * @throws Failure `invalid`/`profile-too-costly`
   */
  validate(tenant: TenantId, resource: JsonObject, type: string): readonly Issue[] | Promise<readonly Issue[]>
  /** All that can be said of it, advice included. @param wanted canonicals beside those that it names */
  review(
    tenant: TenantId,
    resource: JsonObject,
    type: string,
    wanted: readonly string[],
  ): Promise<readonly Issue[]>
  /** Whether the tenant has the profile, or R4 does. */
  knows(tenant: TenantId, canonical: string): Promise<boolean>
  /** Tells that this process changed a resource of the type. */
  changed(tenant: TenantId, type: string): void
}

export interface ResourceChecksDeps {
  readonly db: Db
  readonly clock: Clock
  readonly validator: Validator
  readonly definitions: Definitions
  readonly terminology: Pick<Terminology, 'membership'>
}

const REVISION_MS = 250
const MAX_TENANTS = 50
/** Of one tenant: names that clients make up are remembered too, as names of nothing. */
const MAX_NAMES = 2000
/** Invariants of profiles are somebody else's programs. */
const CHECK_MS = 2000
/** Each lookup may show that more must be looked up: a profile's base, a profile of an element's type. */
const MAX_ROUNDS = 50

const WATCHED: ReadonlySet<string> = new Set(['StructureDefinition', 'ValueSet', 'CodeSystem'])

/** What is at hand of one tenant, as of one revision. */
interface Known {
  readonly revision: string | undefined
  readonly registry: ProfileRegistry
  readonly valueSets: Map<string, Membership>
  names: number
  askedAt: number
}

type Check = (known: Known) => ProfileFindings

export function makeResourceChecks(deps: ResourceChecksDeps): ResourceChecks {
  const { db, clock, validator, definitions, terminology } = deps
  const profiles = makeProfiles(definitions)
  const tenants = new LRUCache<TenantId, Known>({ max: MAX_TENANTS })
  const limit = makeTimeLimit()
  /** How many this process made. */
  let changes = 0

  function freshAtHand(tenant: TenantId): Known | undefined {
    const known = tenants.get(tenant)
    return known && clock.now() - known.askedAt < REVISION_MS ? known : undefined
  }

  async function fresh(tenant: TenantId): Promise<Known> {
    const askedAt = clock.now()
    const before = changes
    const revision = await definitionsRevision(db, tenant)
    // Something changed while we asked; the answer may be from before.
    if (changes !== before) return fresh(tenant)
    const known = tenants.get(tenant)
    if (known !== undefined && known.revision === revision && known.names < MAX_NAMES) {
      known.askedAt = askedAt
      return known
    }
    const registry = profiles.makeRegistry()
    const made: Known = { revision, registry, valueSets: new Map(), names: 0, askedAt }
    tenants.set(tenant, made)
    return made
  }

  async function lookUp(tenant: TenantId, known: Known, { missing }: ProfileFindings): Promise<void> {
    const { registry, valueSets, revision } = known
    known.names += missing.structures.size + missing.valueSets.size
    await Promise.all([
      ...[...missing.structures].map(async (url) => {
        // Who never had any has none now.
        registry.add(url, revision === undefined ? [] : await structureDefinitions(db, tenant, url))
      }),
      ...[...missing.valueSets].map(async (url) => {
        valueSets.set(url, await terminology.membership(tenant, url))
      }),
    ])
  }

  function within(run: () => ProfileFindings): ProfileFindings {
    const findings = limit.within(CHECK_MS, run)
    if (!findings) throw new Failure('invalid', 'profile-too-costly')
    return findings
  }

  async function untilKnown(tenant: TenantId, known: Known, check: Check): Promise<readonly Issue[]> {
    for (let round = 1; ; round++) {
      const findings = within(() => check(known))
      const { structures, valueSets } = findings.missing
      if (structures.size + valueSets.size === 0 || round === MAX_ROUNDS) return findings.issues
      await lookUp(tenant, known, findings)
    }
  }

  /** At once where all is at hand. */
  function run(tenant: TenantId, check: Check): readonly Issue[] | Promise<readonly Issue[]> {
    const known = freshAtHand(tenant)
    if (!known) return fresh(tenant).then((made) => untilKnown(tenant, made, check))
    const { issues, missing } = within(() => check(known))
    return missing.structures.size + missing.valueSets.size === 0 ? issues : untilKnown(tenant, known, check)
  }

  const checkWith =
    (resource: JsonObject, depth: 'write' | 'review', wanted: readonly string[] = []): Check =>
    ({ registry, valueSets }) =>
      profiles.check(resource, { registry, valueSets, depth, wanted })

  return {
    validate(tenant, resource, type) {
      const issues = validator.validate(resource, type)
      // What isn't R4 may have any form: profiles are written for what is.
      return issues.length > 0 || !namesProfiles(resource)
        ? issues
        : run(tenant, checkWith(resource, 'write'))
    },

    async review(tenant, resource, type, wanted) {
      const issues = validator.review(resource, type)
      if (issues.some(({ type }) => type === 'structure')) return issues
      return [...issues, ...(await run(tenant, checkWith(resource, 'review', wanted)))]
    },

    async knows(tenant, canonical) {
      const known = await fresh(tenant)
      let found = false
      await untilKnown(tenant, known, ({ registry }) => {
        const missing = { structures: new Set<string>(), valueSets: new Set<string>() }
        found = profiles.has(canonical, registry, missing)
        return { issues: [], missing }
      })
      return found
    },

    changed(tenant, type) {
      if (!WATCHED.has(type)) return
      changes++
      tenants.delete(tenant)
    },
  }
}
