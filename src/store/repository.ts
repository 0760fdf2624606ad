/**
 * Resources: reading versions, and writing any number of them all or nothing.
 *
 * A write is optimistic: read the current version, let the change make the next one, validate and index it, and write
 * it on condition that the version read is still current. Who loses a race starts again from the winner's version.
 * FHIR R4 http.html#concurrency, #versions, #transaction.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'

import type { LRUCache } from 'lru-cache'

import type { OwnParameterChange } from '../fhir/index.ts'
import type { Clock } from '../kernel/clock.ts'
import { Failure } from '../kernel/failure.ts'
import type { TenantId } from '../kernel/ids.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { AuditRow } from './audit.ts'
import type { ResourceChecks } from './checks.ts'
import type { Db, Tx } from './db.ts'
import { type CompiledGuard, type Guard, guardStatements, newcomersGuard } from './guard.ts'
import { findIdentities, type FoundIdentities, type WantedIdentity } from './identities.ts'
import type { Integrity, IntegrityOptions, Key } from './integrity/index.ts'
import { type Labels, labelsInUse } from './labels.ts'
import type { ResourceNumbers } from './numbers.ts'
import type { ReadLane } from './read-lane.ts'
import { readMany, readVersion, type ResourceRow } from './queries/read-resources.ts'
import { type Change, type Outcome, prepare, type Prepared } from './prepare.ts'
import type { ResourceWrite } from './queries/write-resources.ts'
import { readRedirects, type Redirects } from './reassign/redirects.ts'
import { type Stored, storedFrom } from './resource.ts'
import type { SearchModels } from './search-model/index.ts'
import { makeTurns } from './turns.ts'
import { readSourceTimes, type SourceTimes } from './source-times.ts'
import { sendWrites, type WriteLane, type WriteRequest } from './write-lane.ts'

export interface CommitOptions {
  /** Audit rows that become durable with the write, or not at all. */
  readonly audit?: (outcomes: readonly Outcome[]) => readonly AuditRow[]
  /** More statements of the same transaction. */
  readonly with?: (tx: Tx, outcomes: readonly Outcome[]) => Promise<void>
  /** What criteria must match when the write happens: Failure `conflict`/`criteria-matched` otherwise. */
  readonly guards?: readonly Guard[]
  /** Identifiers that nobody had: nobody may have got one that the commit creates. Failure `conflict`/`criteria-matched`. */
  readonly strangers?: readonly WantedIdentity[]
  /** What references to resources that are not there mean; by default Failure `invalid`/`reference-not-found`. */
  readonly integrity?: IntegrityOptions
  /** Records that nobody may begin to refer to until the commit is done. */
  readonly alone?: readonly Key[]
}

export interface Repository {
  /** The current version, a deletion included. */
  read(tenant: TenantId, type: string, id: string): Promise<Stored | undefined>
  readVersion(tenant: TenantId, type: string, id: string, version: number): Promise<Stored | undefined>
  readMany(tenant: TenantId, keys: readonly { type: string; id: string }[]): Promise<Stored[]>
  /**
   * Which of the wanted resources are here under another id, found by their identifiers, and which of the records were
   * merged or renumbered; by default those of the wanted that can be.
   */
  identify(
    tenant: TenantId,
    wanted: readonly WantedIdentity[],
    records?: readonly Key[],
  ): Promise<FoundIdentities & { readonly redirects: Redirects }>
  /** When what messages said of these resources happened. */
  sourceTimes(tenant: TenantId, keys: readonly Key[]): Promise<SourceTimes>
  /** Profiles, tags and security labels that resources of these types carry. */
  labels(tenant: TenantId, types: readonly string[]): Promise<Labels>
  /** Outcomes in the order of the changes. A change that leaves the content as it was makes no version. */
  commit(tenant: TenantId, changes: readonly Change[], options?: CommitOptions): Promise<readonly Outcome[]>
  /** Does all that commit does, in a transaction that is undone: throws what commit would throw. */
  rehearse(
    tenant: TenantId,
    changes: readonly Change[],
    options?: Omit<CommitOptions, 'audit' | 'with'>,
  ): Promise<void>
}

export interface RepositoryDeps {
  readonly db: Db
  readonly reads: ReadLane
  readonly lane: WriteLane
  /** For what deletes: a deletion may have to wait for others, and those behind it would wait with it. */
  readonly deletions: WriteLane
  readonly numbers: ResourceNumbers
  readonly clock: Clock
  readonly checks: Pick<ResourceChecks, 'validate' | 'changed'>
  readonly models: Pick<SearchModels, 'of' | 'current' | 'changed'>
  readonly integrity: Integrity
  guard(tenant: TenantId, guard: Guard): Promise<CompiledGuard>
  /** Which token values the database is known to hold already. */
  readonly known: LRUCache<string, true>
}

/** A race is lost only to somebody who won it; so many in a row mean that something is wrong. */
const MAX_RETRIES = 50
/** Changes that are prepared before others get a turn: a few milliseconds. */
const YIELD_EVERY = 50

export function makeRepository(deps: RepositoryDeps): Repository {
  const { db, reads, lane, deletions, numbers, checks, models, integrity, guard, known } = deps
  const turns = makeTurns()

  async function currentVersions(
    tenant: TenantId,
    changes: readonly Change[],
  ): Promise<Map<string, ResourceRow>> {
    if (changes.length === 0) return new Map()
    const [only] = changes
    const rows =
      changes.length === 1
        ? [await reads.read(tenant, only!.type, only!.id)].filter((row) => row !== undefined)
        : await db.query<ResourceRow>(tenant, readMany(tenant, changes))
    return new Map(rows.map((row) => [`${row.type}/${row.id}`, row]))
  }

  async function attempt(
    tenant: TenantId,
    changes: readonly Change[],
    options: CommitOptions,
    readAll: boolean,
  ): Promise<readonly Outcome[]> {
    const toRead = readAll ? changes : changes.filter((change) => !change.mustBeNew)
    const rows = await currentVersions(tenant, toRead)
    const rids = await numbers.take(changes.length)
    const model = models.of(tenant)
    const prepared: Prepared[] = []
    // One after the other, so that who makes the changes knows which one was found wrong.
    for (const [i, change] of changes.entries()) {
      const one = prepare(deps, tenant, model, change, rows.get(`${change.type}/${change.id}`), rids[i]!)
      prepared.push(one instanceof Promise ? await one : one)
      // Thousands take half a second, in which others would wait.
      if (i % YIELD_EVERY === YIELD_EVERY - 1) await nextTurn()
    }
    const outcomes = prepared.map(({ outcome }) => outcome)
    const meanings = prepared
      .flatMap((item) => item.meanings ?? [])
      .filter((meaning) => !known.has(`${tenant}:${meaning.hash}`))
    const needs = integrity.needsOf(prepared, options.integrity ?? {})
    const request: WriteRequest = {
      writes: prepared.flatMap(({ write }) => write ?? []),
      meanings,
      audit: options.audit?.(outcomes) ?? [],
      needs: options.alone ? { ...needs, deleted: [...needs.deleted, ...options.alone] } : needs,
      revision: model.revision,
      locksFirst: model.isReindexing,
      again: readAll,
    }
    const definitions = request.writes.filter(({ type }) => type === 'SearchParameter')
    if (definitions.length > 0) model.check(definitions.map(definitionIn))
    if (!request.needs.settled) await integrity.settle(tenant, prepared, options.integrity ?? {})
    try {
      await send(tenant, request, options, outcomes)
    } catch (error) {
      throw await integrity.explain(tenant, error, prepared, options.integrity ?? {})
    }
    for (const meaning of meanings) known.set(`${tenant}:${meaning.hash}`, true)
    for (const { type } of request.writes) checks.changed(tenant, type)
    if (definitions.length > 0) await models.changed(tenant)
    return outcomes
  }

  async function send(
    tenant: TenantId,
    request: WriteRequest,
    { guards = [], strangers = [], with: more }: CommitOptions,
    outcomes: readonly Outcome[],
  ): Promise<void> {
    const newcomers = strangers.filter((stranger) => isCreated(stranger, outcomes))
    // Definitions not in a group: of two that clash the second has to see the first.
    const alone = request.writes.some(({ type }) => type === 'SearchParameter')
    if (more || alone || guards.length + newcomers.length > 0) {
      const compiled = await Promise.all(guards.map((each) => guard(tenant, each)))
      if (newcomers.length > 0) compiled.push(newcomersGuard(tenant, newcomers))
      await db.transaction(tenant, async (tx) => {
        for (const statement of guardStatements(tenant, compiled)) void tx.query(statement)
        sendWrites(tx, tenant, request)
        await more?.(tx, outcomes)
      })
    } else if (request.writes.length > 0 || request.audit.length > 0) {
      await (request.needs.deleted.length > 0 ? deletions : lane).submit(tenant, request)
    }
  }

  /** Whether it is worth another try. */
  async function canRetry(tenant: TenantId, error: unknown): Promise<boolean> {
    if (!(error instanceof Failure)) return false
    if (error.code === 'search-model-changed') await models.current(tenant)
    return error.code === 'write-conflict' || error.code === 'search-model-changed'
  }

  /** In turn with this process's other losers, so that what is left to lose against is few. */
  async function retry(tenant: TenantId, changes: readonly Change[], options: CommitOptions) {
    for (let lost = 1; ; lost++) {
      try {
        return await attempt(tenant, changes, options, true)
      } catch (error) {
        if (!(await canRetry(tenant, error)) || lost >= MAX_RETRIES) throw error
      }
    }
  }

  return {
    async read(tenant, type, id) {
      const row = await reads.read(tenant, type, id)
      return row && storedFrom(row)
    },

    async readVersion(tenant, type, id, version) {
      const [row] = await db.lookup<ResourceRow>(tenant, readVersion(tenant, type, id, version))
      return row && storedFrom(row)
    },

    async readMany(tenant, keys) {
      return (await db.query<ResourceRow>(tenant, readMany(tenant, keys))).map(storedFrom)
    },

    async identify(tenant, wanted, records = wanted) {
      const own = readRedirects(db, tenant, records)
      const [found, redirects] = await Promise.all([findIdentities(db, tenant, wanted), own])
      const elsewhere = records.flatMap(({ type, id }) => {
        const other = found.known.get(`${type}/${id}`)
        return other === undefined ? [] : [{ type, id: other }]
      })
      return { ...found, redirects: new Map([...redirects, ...(await readRedirects(db, tenant, elsewhere))]) }
    },
    sourceTimes: (tenant, keys) => readSourceTimes(db, tenant, keys),
    labels: (tenant, types) => labelsInUse(db, tenant, types),

    async commit(tenant, changes, options = {}) {
      refuseTwice(changes)
      try {
        return await attempt(tenant, changes, options, false)
      } catch (error) {
        if (!(await canRetry(tenant, error))) throw error
      }
      const names = changes.map(({ type, id }) => `${tenant}/${type}/${id}`)
      return turns.take(names, () => retry(tenant, changes, options))
    },

    async rehearse(tenant, changes, options) {
      const undone = new Error('rehearsed')
      const undo = () => Promise.reject(undone)
      try {
        await this.commit(tenant, changes, { ...options, with: undo })
      } catch (error) {
        if (error !== undone) throw error
      }
    },
  }
}

function definitionIn({ id, content }: ResourceWrite): OwnParameterChange {
  return { id, resource: content === undefined ? undefined : (JSON.parse(content) as JsonObject) }
}

function isCreated({ type, id }: WantedIdentity, outcomes: readonly Outcome[]): boolean {
  return outcomes.some((outcome) => outcome.did === 'created' && outcome.type === type && outcome.id === id)
}

function refuseTwice(changes: readonly Change[]): void {
  const seen = new Set<string>()
  for (const { type, id } of changes) {
    const key = `${type}/${id}`
    // http.html#trules: "If any resource identities overlap … then the server SHALL return an error".
    if (seen.has(key)) throw new Failure('invalid', 'resource-twice-in-transaction', { type })
    seen.add(key)
  }
}
