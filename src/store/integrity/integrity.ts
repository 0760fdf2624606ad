/**
 * Referential integrity within a tenant. A commit says what it depends on; the database holds that still until the commit
 * is done (sql/0019) or refuses; only then is asked what exactly is missing.
 *
 * References: 422 with `not-found`, whose definition is "The reference provided was not found"
 * (https://hl7.org/fhir/R4/valueset-issue-type.html); 422 is for what breaks "server business rules"
 * (https://hl7.org/fhir/R4/http.html#create). Deletions: 409, as http.html#delete has it for what can't be deleted now.
 */
import type { ReferenceWalk } from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import type { TenantId } from '../../kernel/ids.ts'
import type { Db } from '../db.ts'
import {
  clientDependencies,
  type Dependencies,
  type Effect,
  type Key,
  keptIn,
  messageDependencies,
  ownWrites,
} from './dependencies.ts'
import { type Needs, NO_NEEDS } from './needs.ts'
import type { IntegrityOptions } from './options.ts'
import type { Referring } from './referring.ts'
import { missingReferences, type Referrer, stillReferenced } from './refusal.ts'
import { isReferenced, isTargetMissing, missingTargets, referrers } from './statements.ts'
import { type Target, type ToLocal, versionNameOf } from './target.ts'

export interface Integrity {
  /** What the writes need of the database. */
  needsOf(effects: readonly Effect[], options: IntegrityOptions): Needs
  /**
   * For needs that are not settled, ahead of the writes: looks up what is kept elsewhere.
   * @throws Failure `invalid`/`reference-not-found`
   */
  settle(tenant: TenantId, effects: readonly Effect[], options: IntegrityOptions): Promise<void>
  /** The Failure for a commit that the database refused; any other error as it is. */
  explain(
    tenant: TenantId,
    error: unknown,
    effects: readonly Effect[],
    options: IntegrityOptions,
  ): Promise<unknown>
}

export interface IntegrityDeps {
  readonly db: Db
  readonly walk: ReferenceWalk
  readonly referring: Referring
  toLocal(tenant: TenantId): ToLocal
  /** Resources that are kept elsewhere and never deleted, by type: which of these ids are there. */
  readonly kept: ReadonlyMap<string, (tenant: TenantId, ids: readonly string[]) => Promise<Set<string>>>
}

/** For an installation that switched it off. */
export const noIntegrity: Integrity = {
  needsOf: () => NO_NEEDS,
  settle: () => Promise.resolve(),
  explain: (_tenant, error) => Promise.resolve(error),
}

/** More are no short statement any more, for which others should wait. */
const MAX_LOOKED_UP = 50

/** Rows of the index that are looked at to say who refers: of each token, and in all. */
const REFERRER_ROWS = { each: 101, all: 1000 }

export function makeIntegrity({ db, walk, referring, toLocal, kept }: IntegrityDeps): Integrity {
  /** By name and version. */
  async function missingIn(tenant: TenantId, targets: readonly Target[]): Promise<Set<string>> {
    const stored = targets.filter(({ type }) => !kept.has(type))
    const ask = stored.length > MAX_LOOKED_UP ? db.query : db.lookup
    const rows = stored.length === 0 ? [] : await ask<Target>(tenant, missingTargets(tenant, stored))
    const elsewhere = await missingElsewhere(tenant, targets)
    return new Set([...rows, ...elsewhere].map(versionNameOf))
  }

  async function missingElsewhere(tenant: TenantId, targets: readonly Target[]): Promise<Target[]> {
    const missing: Target[] = []
    for (const [type, existing] of kept) {
      const of = targets.filter((target) => target.type === type)
      if (of.length === 0) continue
      const ids = of.map(({ id }) => id)
      const there = await existing(tenant, ids)
      missing.push(...of.filter(({ id, version }) => !there.has(id) || version > 1))
    }
    return missing
  }

  async function explainMissing(
    tenant: TenantId,
    effects: readonly Effect[],
    options: IntegrityOptions,
  ): Promise<Failure> {
    const { targets } = dependenciesFor(effects, options)
    const missing = await missingIn(tenant, [...targets, ...keptIn(effects)])
    const hasGone = (keys: readonly Key[]) =>
      keys.some((key) => missing.has(versionNameOf({ ...key, version: 0 })))
    if (options.absentTargets === 'accept' || hasGone(keptIn(effects))) return lostRace()
    if (hasGone(options.found ?? [])) return new Failure('conflict', 'criteria-matched')
    const isOwn = ownWrites(effects)
    const isMissing = (target: Target) => !(isOwn(target) ?? !missing.has(versionNameOf(target)))
    return missingReferences({ effects, walk, toLocal: toLocal(tenant), isMissing, options }) ?? lostRace()
  }

  async function explainReferenced(
    tenant: TenantId,
    effects: readonly Effect[],
    options: IntegrityOptions,
  ): Promise<Failure> {
    const tokens = effects.flatMap(({ outcome }, of) =>
      outcome.did === 'deleted' ? referring.tokensFor(outcome).map((hash) => ({ of, hash })) : [],
    )
    // What the commit writes or deletes itself refers no longer.
    const own = effects.flatMap(({ write }) => write?.rid ?? [])
    const rows = await db.query<Referrer>(tenant, referrers(tenant, tokens, own, REFERRER_ROWS))
    return stillReferenced(effects, rows, options) ?? lostRace()
  }

  return {
    needsOf(effects, options) {
      const { targets, deleted, hopeless } = dependenciesFor(effects, options)
      const stored = targets.filter(({ type }) => !kept.has(type))
      return {
        targets: stored,
        deleted,
        tokens: deleted.flatMap((key) => referring.tokensFor(key)),
        settled: !hopeless && stored.length === targets.length,
      }
    },

    async settle(tenant, effects, options) {
      const { targets, hopeless } = dependenciesFor(effects, options)
      const isMissing = hopeless || (await missingElsewhere(tenant, targets)).length > 0
      if (isMissing) throw await explainMissing(tenant, effects, options)
    },

    async explain(tenant, error, effects, options) {
      if (isTargetMissing(error)) return explainMissing(tenant, effects, options)
      if (isReferenced(error)) return explainReferenced(tenant, effects, options)
      return error
    },
  }
}

function dependenciesFor(effects: readonly Effect[], { absentTargets }: IntegrityOptions): Dependencies {
  return absentTargets === 'accept' ? messageDependencies(effects) : clientDependencies(effects)
}

/** What was missing is there by now, or what the commit relied on has gone: it starts again. */
function lostRace(): Failure {
  return new Failure('conflict', 'write-conflict')
}
