/** Rows of what matches, newest number first, from what the search begins with. */
import type { TenantId } from '../../../kernel/ids.ts'
import type { ResourceRow } from '../../queries/read-resources.ts'
import { type Condition, isStream } from '../condition.ts'
import type { SearchQuery, SortKind } from '../query.ts'
import type { Run } from '../run.ts'
import { newestByCollecting, newestByToken, newestOfType } from '../statements/index.ts'

/** @param without only what has nothing to be sorted by for this */
export function newestRows(
  run: Run,
  tenant: TenantId,
  query: SearchQuery,
  driver: Condition | undefined,
  limit: number,
  without?: SortKind,
): Promise<ResourceRow[]> {
  const { conditions, cursor } = query
  const options = { below: cursor?.rid, limit, without }
  if (!driver) return run(tenant, 'newest of type', newestOfType(tenant, query, options))
  const criteria = { driver, conditions }
  return isStream(driver)
    ? run(tenant, 'newest by token', newestByToken(tenant, driver, criteria, options), driver)
    : run(tenant, 'newest by collecting', newestByCollecting(tenant, criteria, options), driver)
}
