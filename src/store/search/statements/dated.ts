/** In the order of the type's clinical date, from tokens that stand in it. */
import type { TenantId } from '../../../kernel/ids.ts'
import { epoch } from '../../index-ranges.ts'
import { isOneToken, type TokenCondition } from '../condition.ts'
import type { SortKey } from '../cursor.ts'
import { hashesOf } from '../enumerate.ts'
import { all, type Sql, sql, verbatim } from '../sql.ts'
import { boundedMs, keyParameter, rangeKey } from '../sort-keys.ts'
import { COLUMNS, type Criteria, rowsOf, rowTests, tokenTests, TRUE } from './parts.ts'

/**
 * In the order of the type's clinical date, from a condition on leading tokens: entries of token_at_pkey that meet the
 * rest. Of several hashes the first entry of each comes first, then what stands before the last of these that a page can
 * have: see newestByToken.
 * @returns rows with `key`, where the date begins
 */
export function datedByToken(
  tenant: TenantId,
  driver: TokenCondition,
  criteria: Criteria,
  { param, descending }: { readonly param: string; readonly descending: boolean },
  after: { key: SortKey; rid: number } | undefined,
  limit: number,
): Sql {
  const direction = verbatim(descending ? 'desc' : 'asc')
  const beyond = after
    ? sql`(t.at, t.rid) ${verbatim(descending ? '<' : '>')} (${keyParameter(after.key, 'bigint')}, ${after.rid}::bigint)`
    : TRUE
  // Of several dates the resource stands where its first (or last) one does.
  const tests = all([...rowTests(tenant, criteria), sql`t.at = ${rangeKey([param], descending)}`])
  const stream = (hash: Sql, until: Sql, count: number) => sql`
    select t.at, t.rid from token_at t
    where t.tenant = ${tenant}::int and t.hash = ${hash} and ${beyond} and ${until}
      and ${tokenTests(tenant, criteria, sql`t.rid`)}
      and exists (select from resource r where r.rid = t.rid and ${tests} offset 0)
    order by t.at ${direction}, t.rid ${direction} limit ${count}::int`
  const notAfter = verbatim(descending ? '>=' : '<=')
  const end = sql`${epoch(descending ? -Infinity : Infinity)}::bigint`
  const found = isOneToken(driver)
    ? stream(sql`${driver.hashes[0]}::bigint`, TRUE, limit)
    : sql`with first as materialized (
          select h.hash, s.at, s.rid from (${hashesOf(driver)}) h
          cross join lateral (${stream(sql`h.hash`, TRUE, 1)}) s),
        last as materialized (select coalesce(max(f.at), ${end}) as at, coalesce(max(f.rid), ${end}) as rid from (
          select distinct at, rid from first
          order by at ${direction}, rid ${direction} offset ${limit - 1}::int limit 1) f)
        select distinct s.at, s.rid from last, first f
        cross join lateral (${stream(sql`f.hash`, sql`(t.at, t.rid) ${notAfter} (last.at, last.rid)`, limit)}) s
        where (f.at, f.rid) ${notAfter} (last.at, last.rid)
        order by s.at ${direction}, s.rid ${direction} limit ${limit}::int`
  return sql`select ${boundedMs(sql`f.at`)} as key, ${COLUMNS} from (${found}) f ${rowsOf(sql`f.rid`)}
    order by f.at ${direction}, f.rid ${direction}`
}
