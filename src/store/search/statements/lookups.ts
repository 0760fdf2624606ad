/** What is looked up beside a search: rows by number or token, the types in use, how many meet each condition. */
import type { TenantId } from '../../../kernel/ids.ts'
import type { Condition } from '../condition.ts'
import { enumerate } from '../enumerate.ts'
import { arrayOf, join, type Sql, sql } from '../sql.ts'
import { COLUMNS, NO_RESOURCE, ofType, rowsOf, TRUE } from './parts.ts'

/** How many meet each condition, counted to `limit` at most. */
export function boundedCounts(tenant: TenantId, conditions: readonly Condition[], limit: number): Sql {
  const counts = conditions.map(
    (condition) =>
      sql`(select count(*)::int from (
        select from (${enumerate(tenant, condition) ?? NO_RESOURCE}) e limit ${limit}::int) b)`,
  )
  return sql`select array[${join(counts, ', ', TRUE)}] as counts`
}

/** How many resources of the type there are, counted to `limit` at most. */
export function countOfType(tenant: TenantId, type: string, limit: number): Sql {
  return sql`select count(*)::int as count from (
    select from resource r where ${ofType(tenant, type)} and not r.deleted limit ${limit}::int) b`
}

/** What has one of these tokens, newest first. */
export function byHashes(tenant: TenantId, hashes: readonly string[], limit: number): Sql {
  return sql`select ${COLUMNS} from (
      select distinct p.rid from token p where p.tenant = ${tenant}::int and p.hash = any(${arrayOf(hashes)}::bigint[])
      order by p.rid desc limit ${limit}::int) f
    ${rowsOf(sql`f.rid`)} where not r.deleted order by f.rid desc`
}

export function byNumbers(rids: readonly number[]): Sql {
  return sql`select ${COLUMNS} from unnest(${arrayOf(rids)}::bigint[]) with ordinality as k(rid, n)
    ${rowsOf(sql`k.rid`)} where not r.deleted order by k.n`
}

/** The types that the tenant has resources of: one descent of resource_pkey each. */
export function typesInUse(tenant: TenantId): Sql {
  return sql`with recursive t(type) as (
      (select r.type from resource r where r.tenant = ${tenant}::int order by r.type limit 1)
      union all
      select (select r.type from resource r where r.tenant = ${tenant}::int and r.type > t.type order by r.type limit 1)
      from t where t.type is not null)
    select type from t where type is not null`
}
