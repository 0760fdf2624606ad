/** The newest number first: from tokens, from what is collected, or from all of a type. */
import type { TenantId } from '../../../kernel/ids.ts'
import { isOneToken, type TokenCondition } from '../condition.ts'
import { hashesOf } from '../enumerate.ts'
import type { SearchQuery, SortKind } from '../query.ts'
import { all, type Sql, sql } from '../sql.ts'
import { lacks } from '../sort-keys.ts'
import {
  begin,
  COLUMNS,
  type Criteria,
  lessThan,
  ofType,
  rowsOf,
  rowTests,
  tokenTests,
  TRUE,
} from './parts.ts'

interface Page {
  /** Numbers from here on were on earlier pages. */
  readonly below: number | undefined
  readonly limit: number
  /** Only resources that have nothing to be sorted by for this. */
  readonly without?: SortKind | undefined
}

/**
 * Newest number first, from a condition on tokens: entries of token_pkey that meet the rest. Of several hashes the first
 * entry of each is looked up; the `limit` best of these come before whatever is older than they are, so the others are
 * read down to there only.
 */
export function newestByToken(
  tenant: TenantId,
  driver: TokenCondition,
  criteria: Criteria,
  { below, limit, without }: Page,
): Sql {
  const tests = [...rowTests(tenant, criteria), ...lacks(without)]
  const row =
    tests.length === 0
      ? TRUE
      : sql`exists (select from resource r where r.rid = t.rid and ${all(tests)} offset 0)`
  const stream = (hash: Sql, from: Sql, count: number) => sql`
    select t.rid from token t
    where t.tenant = ${tenant}::int and t.hash = ${hash} and ${lessThan(sql`t.rid`, below)} and ${from}
      and ${tokenTests(tenant, criteria, sql`t.rid`)} and ${row}
    order by t.rid desc limit ${count}::int`
  const rids = isOneToken(driver)
    ? stream(sql`${driver.hashes[0]}::bigint`, TRUE, limit)
    : sql`with first as materialized (
          select h.hash, s.rid from (${hashesOf(driver)}) h cross join lateral (${stream(sql`h.hash`, TRUE, 1)}) s),
        least as materialized (select coalesce((select f.rid from (select distinct rid from first) f
          order by f.rid desc offset ${limit - 1}::int limit 1), 0) as rid)
        select distinct s.rid from least, first f
        cross join lateral (${stream(sql`f.hash`, sql`t.rid >= least.rid`, limit)}) s
        where f.rid >= least.rid order by s.rid desc limit ${limit}::int`
  return sql`select ${COLUMNS} from (${rids}) f ${rowsOf(sql`f.rid`)} order by f.rid desc`
}

/** Newest number first: the numbers that meet the driver in order, and as many of their rows as fill the page. */
export function newestByCollecting(
  tenant: TenantId,
  criteria: Criteria,
  { below, limit, without }: Page,
): Sql {
  return sql`
    select ${COLUMNS} from (
      select distinct e.rid from (${begin(tenant, criteria)}) e where ${lessThan(sql`e.rid`, below)}
      order by e.rid desc) m ${rowsOf(sql`m.rid`)}
    where ${tokenTests(tenant, criteria, sql`m.rid`)}
      and ${all([...rowTests(tenant, criteria), ...lacks(without)])}
    order by m.rid desc limit ${limit}::int`
}

/** Newest number first without a condition that an index could begin with: all of a type, in no order of its own. */
export function newestOfType(tenant: TenantId, query: SearchQuery, { below, limit, without }: Page): Sql {
  const criteria = { driver: undefined, conditions: query.conditions }
  return sql`
    with m as materialized (select r.rid from resource r where ${ofType(tenant, query.type)} and not r.deleted
      and ${lessThan(sql`r.rid`, below)} and ${tokenTests(tenant, criteria, sql`r.rid`)}
      and ${all([...rowTests(tenant, criteria), ...lacks(without)])})
    select ${COLUMNS} from m ${rowsOf(sql`m.rid`)} order by m.rid desc limit ${limit}::int`
}
