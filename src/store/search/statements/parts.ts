/** What the shapes of a search are put together from: where they begin, the rows of numbers, the tests of the rest. */
import type { TenantId } from '../../../kernel/ids.ts'
import { RESOURCE_COLUMNS } from '../../queries/read-resources.ts'
import { type Condition, isOfTokens } from '../condition.ts'
import { enumerate, isExact } from '../enumerate.ts'
import { numberTest, rowTest } from '../row-test.ts'
import { all, type Sql, sql, verbatim } from '../sql.ts'

export const TRUE = sql`true`
export const NO_RESOURCE = sql`select null::bigint as rid where false`
export const COLUMNS = verbatim(RESOURCE_COLUMNS)

/** Everything that a resource found by `driver` must meet as well; `driver` itself is among the conditions. */
export interface Criteria {
  readonly driver: Condition | undefined
  readonly conditions: readonly Condition[]
}

export function begin(tenant: TenantId, { driver }: Criteria): Sql {
  return (driver && enumerate(tenant, driver)) ?? NO_RESOURCE
}

/**
 * The rows of these numbers, one lookup in resource_rid each. The offset is a fence: a subquery with one stays where it
 * is, so that the planner, whatever it believes of the tables, can neither turn a loop round nor a test into a join.
 */
export function rowsOf(rid: Sql): Sql {
  return sql`cross join lateral (select r.* from resource r where r.rid = ${rid} offset 0) r`
}

/** What the driver leaves to be tested. */
function others({ driver, conditions }: Criteria): readonly Condition[] {
  return driver && isExact(driver) ? conditions.filter((condition) => condition !== driver) : conditions
}

export function tokenTests(tenant: TenantId, criteria: Criteria, rid: Sql): Sql {
  return all(
    others(criteria)
      .filter(isOfTokens)
      .map((condition) => numberTest(tenant, condition, rid)),
  )
}

export function rowTests(tenant: TenantId, criteria: Criteria): Sql[] {
  return others(criteria)
    .filter((condition) => !isOfTokens(condition))
    .map((condition) => rowTest(tenant, condition, 'r'))
}

/** What resource_last_updated begins with: a column, because row-level security lets no expression be looked up. */
export function ofType(tenant: TenantId, type: string): Sql {
  return sql`r.listing = hashtextextended(${type}::text, ${tenant}::int)`
}

export function lessThan(rid: Sql, below: number | undefined): Sql {
  return below === undefined ? TRUE : sql`${rid} < ${below}::bigint`
}
