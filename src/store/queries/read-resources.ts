/**
 * Reading versions by key. All of these go straight into resource_pkey or resource_history_pkey; `offset 0` keeps the
 * planner from starting with the table (docs/decisions/0001).
 */
import type { TenantId } from '../../kernel/ids.ts'
import type { Statement } from '../statement.ts'

export interface ResourceRow {
  readonly type: string
  readonly id: string
  readonly rid: string
  readonly version: number
  readonly last_updated: Date
  readonly deleted: boolean
  readonly patients: readonly string[]
  readonly content: string | null
}

export const RESOURCE_COLUMNS =
  'r.type, r.id, r.rid, r.version, r.last_updated, r.deleted, r.patients, r.content::text as content'

export function readCurrent(tenant: TenantId, type: string, id: string): Statement {
  return {
    name: 'read-current',
    text: `select ${RESOURCE_COLUMNS} from resource r where tenant = $1::int and type = $2::text and id = $3::text`,
    values: [tenant, type, id],
  }
}

export function readMany(tenant: TenantId, keys: readonly { type: string; id: string }[]): Statement {
  return {
    name: 'read-many',
    text: `
      select ${RESOURCE_COLUMNS}
      from unnest($2::text[], $3::text[]) as k(type, id)
      cross join lateral (
        select * from resource r where r.tenant = $1::int and r.type = k.type and r.id = k.id offset 0
      ) r`,
    values: [tenant, keys.map((key) => key.type), keys.map((key) => key.id)],
  }
}

const HISTORY_COLUMNS = 'type, id, rid, version, last_updated, deleted, patients, content::text as content'

/** The current version first, then the superseded ones; a version is in one of the two tables. */
const ALL_VERSIONS = `
  with r as (select * from resource where tenant = $1::int and type = $2::text and id = $3::text)
  select ${HISTORY_COLUMNS} from (
    select type, id, rid, version, last_updated, deleted, patients, content from r
    union all
    select r.type, r.id, r.rid, h.version, h.last_updated, h.deleted, r.patients, h.content
    from r join resource_history h on h.tenant = $1::int and h.rid = r.rid
  ) v`

export function readVersion(tenant: TenantId, type: string, id: string, version: number): Statement {
  return {
    name: 'read-version',
    text: `${ALL_VERSIONS} where version = $4::int`,
    values: [tenant, type, id, version],
  }
}
