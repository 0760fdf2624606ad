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
import { type Clock, toInstant } from '../kernel/clock.ts'
import { Failure, type Issue } from '../kernel/failure.ts'
import type { TenantId } from '../kernel/ids.ts'
import { type ExactJson, type JsonObject, parseExactObject, sameJson } from '../kernel/json.ts'
import type { AuditRow } from './audit.ts'
import type { ResourceChecks } from './checks.ts'
import type { Db, Tx } from './db.ts'
import { type CompiledGuard, type Guard, guardStatements, newcomersGuard } from './guard.ts'
import { findIdentities, type FoundIdentities, type WantedIdentity } from './identities.ts'
import { emptyIndex, indexDifference } from './index-rows.ts'
import type { Integrity, IntegrityOptions, Key, ReferringIndex } from './integrity/index.ts'
import { type Labels, labelsInUse } from './labels.ts'
import type { ResourceNumbers } from './numbers.ts'
import { readCurrent, readMany, readVersion, type ResourceRow } from './queries/read-resources.ts'
import type { ResourceWrite, TokenMeaning } from './queries/write-resources.ts'
import { readRedirects, type Redirects } from './reassign/redirects.ts'
import { bodyOf, type Stored, storedFrom } from './resource.ts'
import type { SearchModel, SearchModels } from './search-model/index.ts'
import { makeTurns } from './turns.ts'
import { readSourceTimes, type SourceTimes } from './source-times.ts'
import { sendWrites, type WriteLane, type WriteRequest } from './write-lane.ts'

export interface Change {
  readonly type: string
  readonly id: string
  /**
   * The next version, made from the current one (undefined: there is none, or it is `deleted`). May be called again
   * after a lost race, so it must depend on its argument only. Its `id` and `meta.versionId` are set by the store.
   */
  make(current: ExactJson | undefined, deleted?: boolean): ExactJson | 'delete' | 'keep'
  /** The version that must be current; otherwise Failure `precondition`/`version-mismatch`. */
  readonly ifMatch?: number | undefined
  /** There must be no such resource yet; otherwise Failure `conflict`/`already-exists`. */
  readonly mustBeNew?: boolean
  /** What the history says of the version; PUT unless given, DELETE of a deletion. */
  readonly method?: 'POST' | 'PUT' | 'PATCH'
}

export interface Outcome {
  readonly type: string
  readonly id: string
  readonly version: number
  readonly lastUpdated: string
  /** The whole JSON text; empty after a deletion. */
  readonly body: string
  readonly patients: readonly string[]
  readonly did: 'created' | 'updated' | 'unchanged' | 'deleted'
}

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

interface Prepared {
  readonly outcome: Outcome
  readonly write?: ResourceWrite
  readonly meanings?: readonly TokenMeaning[]
  readonly next?: { readonly resource: JsonObject; readonly targets: ReferringIndex['targets'] }
}

export function makeRepository(deps: RepositoryDeps): Repository {
  const { db, lane, deletions, numbers, clock, checks, models, integrity, guard, known } = deps
  const turns = makeTurns()

  async function currentVersions(
    tenant: TenantId,
    changes: readonly Change[],
  ): Promise<Map<string, ResourceRow>> {
    if (changes.length === 0) return new Map()
    const rows =
      changes.length === 1
        ? await db.lookup<ResourceRow>(tenant, readCurrent(tenant, changes[0]!.type, changes[0]!.id))
        : await db.query<ResourceRow>(tenant, readMany(tenant, changes))
    return new Map(rows.map((row) => [`${row.type}/${row.id}`, row]))
  }

  /** What there is to write; where the next version must be checked by what isn't at hand, when it is. */
  function prepare(
    tenant: TenantId,
    model: SearchModel,
    change: Change,
    row: ResourceRow | undefined,
    newRid: number,
  ): Prepared | Promise<Prepared> {
    const { type, id } = change
    const exists = row !== undefined && !row.deleted
    if (change.mustBeNew && exists) throw new Failure('conflict', 'already-exists', { type })
    if (change.ifMatch !== undefined && change.ifMatch !== (row?.version ?? 0)) {
      throw new Failure('precondition', 'version-mismatch', {
        expected: change.ifMatch,
        actual: row?.version ?? 0,
      })
    }
    const current = exists ? parseExactObject(bodyOf(type, row.content!)) : undefined
    const made = change.make(current, row?.deleted === true)
    if (made === 'keep' || (made === 'delete' && !current)) return unchanged(change, row)
    const expected = row?.version ?? 0
    const lastUpdatedMs = Math.max(clock.now(), row?.last_updated.getTime() ?? 0)
    const base = { type, id, rid: row ? Number(row.rid) : newRid, expected, lastUpdatedMs }
    const before = current ? model.formerIndex(type, current.value) : emptyIndex

    if (made === 'delete') {
      const { added, removed } = indexDifference(before, emptyIndex)
      const outcome = outcomeOf(base, '', row!.patients, 'deleted')
      const emptied = { ...emptyIndex.row, patients: row!.patients }
      return { outcome, write: { ...base, ...emptied, method: 'DELETE', content: undefined, added, removed } }
    }
    if (current && sameApartFromVersion(current.exact, made.exact, id)) return unchanged(change, row)
    const next = withIdentity(made, type, id)
    const finish = (issues: readonly Issue[]): Prepared => {
      refuseInvalid(issues)
      const after = model.index(type, next.value)
      const { added, removed } = indexDifference(before, after)
      const content = contentOf(next.exact, id, expected + 1, lastUpdatedMs)
      const outcome = outcomeOf(
        base,
        bodyOf(type, content),
        after.row.patients,
        current ? 'updated' : 'created',
      )
      const { method = 'PUT' } = change
      return {
        outcome,
        write: { ...base, ...after.row, method, content, added, removed },
        meanings: after.meanings,
        next: { resource: next.value, targets: after.targets },
      }
    }
    const issues = checks.validate(tenant, next.value, type)
    return issues instanceof Promise ? issues.then(finish) : finish(issues)
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
      const one = prepare(tenant, model, change, rows.get(`${change.type}/${change.id}`), rids[i]!)
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
      const [row] = await db.lookup<ResourceRow>(tenant, readCurrent(tenant, type, id))
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

function refuseInvalid(issues: readonly Issue[]): void {
  if (issues.some((issue) => issue.severity === 'error' || issue.severity === 'fatal')) {
    throw new Failure('invalid', 'validation-failed', {}, { issues })
  }
}

function unchanged(change: Change, row: ResourceRow | undefined): Prepared {
  const stored = row && storedFrom(row)
  const outcome: Outcome = {
    type: change.type,
    id: change.id,
    version: stored?.version ?? 0,
    lastUpdated: stored?.lastUpdated ?? '',
    body: stored?.body ?? '',
    patients: stored?.patients ?? [],
    did: 'unchanged',
  }
  return { outcome }
}

function outcomeOf(
  write: { type: string; id: string; expected: number; lastUpdatedMs: number },
  body: string,
  patients: readonly string[],
  did: Outcome['did'],
): Outcome {
  const { type, id, expected, lastUpdatedMs } = write
  return { type, id, version: expected + 1, lastUpdated: toInstant(lastUpdatedMs), body, patients, did }
}

/** The change decides what the resource is and what it is called, whatever the body says. */
function withIdentity(made: ExactJson, type: string, id: string): ExactJson {
  if (made.value['resourceType'] === type && made.value['id'] === id) return made
  const exact = { ...made.exact, resourceType: type, id }
  const value = made.value === made.exact ? exact : { ...made.value, resourceType: type, id }
  return { value, exact }
}

function contentOf(exact: JsonObject, id: string, version: number, lastUpdatedMs: number): string {
  const { resourceType: _type, id: _id, meta, ...rest } = exact
  const own = { versionId: String(version), lastUpdated: toInstant(lastUpdatedMs) }
  return JSON.stringify({ id, meta: { ...(meta as JsonObject | undefined), ...own }, ...rest })
}

/** What the server sets (version, time) and where a message came from do not make a new version. */
function sameApartFromVersion(current: JsonObject, next: JsonObject, id: string): boolean {
  const bare = ({ resourceType: _type, id: _id, meta, ...rest }: JsonObject): JsonObject => {
    const {
      versionId: _version,
      lastUpdated: _updated,
      source: _source,
      ...others
    } = (meta ?? {}) as JsonObject
    return { ...rest, id, meta: others }
  }
  return sameJson(bare(current), bare(next))
}
