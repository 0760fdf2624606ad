/**
 * Passes over the resources of a tenant that bring their index up to date, as the database knows them: what is wanted,
 * how far it is, who works on it. sql/0022_reindex.sql
 *
 * A pass begins when no transaction runs any more that may not know of it. From then on every write locks what it changes
 * before it looks (write-lane.ts), so that it sees the rows that the pass has just added.
 */
import type { TenantId } from '../../kernel/ids.ts'
import type { Db } from '../db.ts'
import { INDEX_VERSION } from '../index-version.ts'

export type ReindexStatus = 'waiting' | 'running' | 'done' | 'failed' | 'cancelled'

export interface Reindex {
  readonly id: string
  /** In alphabetical order. */
  readonly types: readonly string[]
  readonly status: ReindexStatus
  readonly requestedAt: Date
  readonly startedAt: Date | null
  readonly endedAt: Date | null
  /** Resources of these types when it began. */
  readonly total: number
  readonly seen: number
  readonly changed: number
  readonly failed: number
  /** The first that could not be indexed, as `Type/id`. */
  readonly failures: readonly string[]
}

/** A pass in the hands of who works on it. */
export interface ClaimedReindex extends Reindex {
  /** The last resource that it has looked at; empty: none. */
  readonly atType: string
  readonly atId: string
}

export interface Progress {
  readonly atType: string
  readonly atId: string
  readonly seen: number
  readonly changed: number
  readonly failures: readonly string[]
}

export interface Reindexes {
  /** A new one, or the one that is there and does the same. `busy`: another one is there. */
  request(
    tenant: TenantId,
    wanted: { readonly id: string; readonly types: readonly string[]; readonly isWhole: boolean },
  ): Promise<{ readonly id: string; readonly did: 'added' | 'joined' | 'busy' }>
  find(tenant: TenantId, id: string): Promise<Reindex | undefined>
  /** False: there is none that could be cancelled. */
  cancel(tenant: TenantId, id: string): Promise<boolean>
  /** Those that nobody works on though they are not finished, of all tenants. */
  due(): Promise<readonly { readonly tenant: TenantId; readonly id: string }[]>
  /** Tenants whose index is from an earlier program. */
  outdated(): Promise<
    readonly { readonly tenant: TenantId; readonly key: string; readonly version: number }[]
  >
  /** Takes the lease; undefined: somebody else has it, or it is finished. */
  claim(tenant: TenantId, id: string, runner: string): Promise<ClaimedReindex | undefined>
  /** Waits for those who may not know of it. False: some still run. */
  begin(tenant: TenantId, id: string, runner: string): Promise<'begun' | 'waiting' | 'lost'>
  count(tenant: TenantId, id: string, types: readonly string[]): Promise<void>
  /** Notes how far it is and renews the lease. False: it was cancelled, or is somebody else's. */
  advance(tenant: TenantId, id: string, runner: string, progress: Progress): Promise<boolean>
  /** What it covers is searchable from now on, unless a resource could not be indexed. */
  finish(tenant: TenantId, id: string, runner: string): Promise<void>
  /** Gives the lease back. */
  release(tenant: TenantId, id: string, runner: string): Promise<void>
}

/** A process that doesn't renew for so long is dead. */
const LEASE = `interval '15 seconds'`
const MAX_FAILURES_NAMED = 20

const COLUMNS = `
  id, types, status, requested_at as "requestedAt", started_at as "startedAt", ended_at as "endedAt",
  total::float8, seen::float8, changed::float8, failed::float8, failures, at_type as "atType", at_id as "atId"`

const UNFINISHED = `status in ('waiting', 'running')`
/** Of who works on it. */
const OWN = `tenant = $1::int and id = $2::uuid and runner = $3::text and ${UNFINISHED}`

export function makeReindexes(db: Db): Reindexes {
  const run = <Row>(tenant: TenantId, name: string, text: string, values: readonly unknown[] = []) =>
    db.query<Row>(tenant, { name: `reindex-${name}`, text, values: [tenant, ...values] })

  return {
    async request(tenant, { id, types, isWhole }) {
      // Joined is what covers all that a new one would: the types, and the search parameters that wait for it.
      const [row] = await run<{ id: string; did: 'added' | 'joined' | 'busy' }>(tenant, 'request', REQUEST, [
        id,
        types,
        isWhole,
      ])
      if (row) return row
      // It has ended just now, or somebody else was faster: look again.
      return this.request(tenant, { id, types, isWhole })
    },

    async find(tenant, id) {
      const [row] = await run<Reindex>(
        tenant,
        'find',
        `select ${COLUMNS} from reindex where tenant = $1::int and id = $2::uuid`,
        [id],
      )
      return row
    },

    async cancel(tenant, id) {
      const rows = await run(
        tenant,
        'cancel',
        `with cancelled as (
           update reindex set status = 'cancelled', ended_at = now()
           where tenant = $1::int and id = $2::uuid and ${UNFINISHED} returning 1)
         ${CHANGED} select $1::int, 1 where exists (select from cancelled) ${RAISED} returning 1`,
        [id],
      )
      return rows.length > 0
    },

    due: () =>
      db.system<{ tenant: TenantId; id: string }>({
        name: 'reindexes-due',
        text: 'select tenant, id from reindexes_due()',
        values: [],
      }),

    outdated: () =>
      db.system<{ tenant: TenantId; key: string; version: number }>({
        name: 'indexes-outdated',
        text: `select id as tenant, key, index_version as version from tenant where index_version < $1::int order by id`,
        values: [INDEX_VERSION],
      }),

    async claim(tenant, id, runner) {
      const [row] = await run<ClaimedReindex>(
        tenant,
        'claim',
        `update reindex set runner = $3::text, leased_until = now() + ${LEASE}
         where tenant = $1::int and id = $2::uuid and ${UNFINISHED} and (leased_until is null or leased_until < now())
         returning ${COLUMNS}`,
        [id, runner],
      )
      return row
    },

    async begin(tenant, id, runner) {
      const [row] = await run<{ status: ReindexStatus }>(tenant, 'begin', BEGIN, [id, runner, INDEX_VERSION])
      if (!row) return 'lost'
      return row.status === 'running' ? 'begun' : 'waiting'
    },

    async count(tenant, id, types) {
      await run(
        tenant,
        'count',
        `update reindex set total = (
           select count(*) from unnest($3::text[]) t(type)
           cross join lateral (select from resource r where r.tenant = $1::int and r.type = t.type offset 0) r)
         where tenant = $1::int and id = $2::uuid`,
        [id, types],
      )
    },

    async advance(tenant, id, runner, { atType, atId, seen, changed, failures }) {
      const rows = await run(
        tenant,
        'advance',
        `update reindex set at_type = $4::text, at_id = $5::text, seen = seen + $6::int, changed = changed + $7::int,
           failed = failed + cardinality($8::text[]), failures = (failures || $8::text[])[:${MAX_FAILURES_NAMED}],
           leased_until = now() + ${LEASE}
         where ${OWN} returning 1`,
        [id, runner, atType, atId, seen, changed, failures],
      )
      return rows.length > 0
    },

    async finish(tenant, id, runner) {
      await run(tenant, 'finish', FINISH, [id, runner])
    },

    async release(tenant, id, runner) {
      await run(tenant, 'release', `update reindex set leased_until = null where ${OWN}`, [id, runner])
    },
  }
}

const CHANGED = 'insert into search_revision as r (tenant, revision)'
const RAISED = 'on conflict (tenant) do update set revision = r.revision + 1'

const REQUEST = `
  with current as (
    select id, case
        when types @> $3::text[] and whole >= $4::boolean and (covers is null or not exists (
          select from search_parameter p where p.tenant = $1::int and p.number <> all (covers))) then 'joined'
        else 'busy' end as did
    from reindex where tenant = $1::int and ${UNFINISHED}
  ),
  old as (
    delete from reindex where tenant = $1::int and ended_at < now() - interval '30 days'
  ),
  added as (
    insert into reindex (tenant, id, types, whole)
    select $1::int, $2::uuid, $3::text[], $4::boolean where not exists (select from current)
    on conflict do nothing returning id, 'added' as did
  ),
  changed as (
    ${CHANGED} select $1::int, 1 where exists (select from added) ${RAISED}
  )
  select id, did from added union all select id, did from current`

/**
 * At first it is noted who runs, and which search parameters are there for all to see; then it begins as soon as none of
 * those runs any more.
 */
const BEGIN = `
  update reindex set
    waits_for = coalesce(waits_for, running_transactions()),
    covers = coalesce(covers, array(select number from search_parameter where tenant = $1::int)),
    index_version = coalesce(index_version, $4::int),
    status = case when waits_for is not null and not waits_for && running_transactions() then 'running' else status end,
    started_at = coalesce(started_at, case when waits_for is not null then now() end),
    leased_until = now() + ${LEASE}
  where ${OWN} returning status`

const FINISH = `
  with finished as (
    update reindex set status = case when failed = 0 then 'done' else 'failed' end, ended_at = now()
    where ${OWN} returning status, types, whole, covers, index_version
  ),
  indexed as (
    update search_parameter p set done = array(select distinct unnest(p.done || f.types))
    from finished f
    where f.status = 'done' and p.tenant = $1::int and p.number = any(f.covers) and not (p.retired and f.whole)
  ),
  cleaned as (
    delete from search_parameter p using finished f
    where f.status = 'done' and p.tenant = $1::int and p.number = any(f.covers) and p.retired and f.whole
  ),
  renewed as (
    update tenant t set index_version = f.index_version from finished f
    where f.status = 'done' and f.whole and t.id = $1::int
  )
  ${CHANGED} select $1::int, 1 where exists (select from finished) ${RAISED}`
