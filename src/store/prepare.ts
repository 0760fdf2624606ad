/**
 * What a change makes of the current version: the next one with its body, rows and outcome, or nothing to write.
 * FHIR R4 http.html#versions, #update.
 */
import { type Clock, toInstant } from '../kernel/clock.ts'
import { Failure, type Issue } from '../kernel/failure.ts'
import type { TenantId } from '../kernel/ids.ts'
import { type ExactJson, type JsonObject, parseExactObject, sameJson } from '../kernel/json.ts'
import type { ResourceChecks } from './checks.ts'
import { emptyIndex, indexDifference } from './index-rows.ts'
import type { ReferringIndex } from './integrity/index.ts'
import type { ResourceRow } from './queries/read-resources.ts'
import type { ResourceWrite, TokenMeaning } from './queries/write-resources.ts'
import { bodyOf, storedFrom } from './resource.ts'
import type { SearchModel } from './search-model/index.ts'

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

export interface Prepared {
  readonly outcome: Outcome
  readonly write?: ResourceWrite
  readonly meanings?: readonly TokenMeaning[]
  readonly next?: { readonly resource: JsonObject; readonly targets: ReferringIndex['targets'] }
}

export interface PrepareDeps {
  readonly clock: Clock
  readonly checks: Pick<ResourceChecks, 'validate'>
}

/** What there is to write; where the next version must be checked by what isn't at hand, when it is. */
export function prepare(
  { clock, checks }: PrepareDeps,
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
  // Most of what a message speaks of is as it was: what is indexed of it is worked out only for a new version.
  const before = () => (current ? model.formerIndex(type, current.value) : emptyIndex)

  if (made === 'delete') {
    const { added, removed } = indexDifference(before(), emptyIndex)
    const outcome = outcomeOf(base, '', row!.patients, 'deleted')
    const emptied = { ...emptyIndex.row, patients: row!.patients }
    return { outcome, write: { ...base, ...emptied, method: 'DELETE', content: undefined, added, removed } }
  }
  if (current && sameApartFromVersion(current.exact, made.exact, id)) return unchanged(change, row)
  const next = withIdentity(made, type, id)
  const finish = (issues: readonly Issue[]): Prepared => {
    refuseInvalid(issues)
    const after = model.index(type, next.value)
    const { added, removed } = indexDifference(before(), after)
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
