/** All that meet the criteria: their numbers, ids or sort keys, or how many they are. */
import type { TenantId } from '../../../kernel/ids.ts'
import { isOfTokens, isOneToken } from '../condition.ts'
import type { SearchQuery } from '../query.ts'
import { all, join, type Sql, sql, verbatim } from '../sql.ts'
import { keyColumn } from '../sort-keys.ts'
import { begin, type Criteria, rowsOf, rowTests, tokenTests, TRUE } from './parts.ts'

/** The numbers of all that meet the criteria, in no order. */
export function numbersByCollecting(tenant: TenantId, criteria: Criteria): Sql {
  const tests = rowTests(tenant, criteria)
  const row =
    tests.length === 0
      ? TRUE
      : sql`exists (select from resource r where r.rid = m.rid and ${all(tests)} offset 0)`
  return sql`select m.rid from (select distinct rid from (${begin(tenant, criteria)}) e) m
    where ${tokenTests(tenant, criteria, sql`m.rid`)} and ${row}`
}

/** The ids of what meets the criteria, `limit` at most, in no order. */
export function idsByCollecting(
  tenant: TenantId,
  criteria: Criteria,
  limit: number,
  withContent: boolean,
): Sql {
  const content = withContent ? sql`r.content::text` : sql`null::text`
  return sql`select r.id, ${content} as content
    from (select distinct rid from (${begin(tenant, criteria)}) e limit ${limit}::int) m ${rowsOf(sql`m.rid`)}
    where not r.deleted and ${tokenTests(tenant, criteria, sql`m.rid`)} and ${all(rowTests(tenant, criteria))}`
}

/** All that meet the criteria, with their sort keys and, where a key has to be read from it, their content. */
export function matchesWithKeys(tenant: TenantId, query: SearchQuery, criteria: Criteria): Sql {
  const keys = query.sort.map(
    ({ kind, descending }, i) => sql`${keyColumn(kind, descending)} as ${verbatim(`k${i}`)}`,
  )
  const content = query.sort.some(({ kind }) => kind.by === 'token' || kind.by === 'content')
    ? [sql`r.content::text as content`]
    : []
  const columns = join([sql`r.rid`, ...keys, ...content], ', ', TRUE)
  return sql`select ${columns} from ${matches(tenant, query, criteria)}`
}

/** Where tokens are all that is asked, no row is read: what is deleted has none. */
export function countMatches(tenant: TenantId, query: SearchQuery, criteria: Criteria): Sql {
  const { driver, conditions } = criteria
  if (driver?.by !== 'token' || !conditions.every(isOfTokens))
    return sql`select count(*)::int as total from ${matches(tenant, query, criteria)}`
  const counted = isOneToken(driver) ? sql`count(*)` : sql`count(distinct e.rid)`
  return sql`select ${counted}::int as total from (${begin(tenant, criteria)}) e
    where ${tokenTests(tenant, criteria, sql`e.rid`)}`
}

/** `from` and `where`: the driver's resources, or without one the rows of the type, tested for everything. */
export function matches(tenant: TenantId, query: SearchQuery, criteria: Criteria): Sql {
  const tests = sql`${tokenTests(tenant, criteria, sql`r.rid`)} and ${all(rowTests(tenant, criteria))}`
  if (!criteria.driver) {
    return sql`resource r where r.tenant = ${tenant}::int and r.type = ${query.type}::text and not r.deleted and ${tests}`
  }
  return sql`(select distinct rid from (${begin(tenant, criteria)}) e) m
    ${rowsOf(sql`m.rid`)} where not r.deleted and ${tests}`
}
