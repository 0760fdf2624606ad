/** Pages in no order that is asked for: newest first, streamed from the condition that the fewest resources meet. */
import type { TenantId } from '../../../kernel/ids.ts'
import { isReferringStream } from '../condition.ts'
import { isReferred } from '../cursor.ts'
import type { Drivers } from '../drivers.ts'
import { LAST_CHANGED_FIRST, type SearchQuery } from '../query.ts'
import type { Run } from '../run.ts'
import { type FoundPage, pageOf } from './found-page.ts'
import { newestRows } from './newest-rows.ts'
import { referredPage } from './referred.ts'
import type { StreamedPage } from './streamed.ts'

export interface NewestDeps {
  readonly run: Run
  readonly drivers: Drivers
  readonly streamedPage: StreamedPage
}

/** By number where a condition can begin; else by last change, which has an index of its own. The cursor tells which. */
export async function newestPage(
  { run, drivers, streamedPage }: NewestDeps,
  tenant: TenantId,
  query: SearchQuery,
): Promise<FoundPage> {
  if (query.cursor && isReferred(query.cursor)) return referredPage(run, tenant, query)
  if (query.cursor && query.cursor.keys.length > 0) return streamedPage(tenant, query, LAST_CHANGED_FIRST)
  const driver = await drivers.forNumbers(tenant, query)
  if (!driver && !query.cursor && query.conditions.some(isReferringStream))
    return referredPage(run, tenant, query)
  if (!driver && !query.cursor) return streamedPage(tenant, query, LAST_CHANGED_FIRST)
  const rows = await newestRows(run, tenant, query, driver, query.count + 1)
  return pageOf(rows, query.count, (row) => ({ keys: [], rid: Number(row.rid) }))
}
