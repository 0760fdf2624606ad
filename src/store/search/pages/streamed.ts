/** Pages of an order by one key: streamed from the order's own index; what has no key comes last. */
import type { TenantId } from '../../../kernel/ids.ts'
import type { Condition, TokenCondition } from '../condition.ts'
import type { Cursor, SortKey } from '../cursor.ts'
import type { Drivers } from '../drivers.ts'
import type { SearchQuery, SortPart } from '../query.ts'
import type { Run } from '../run.ts'
import { type FoundPage, pageOf } from './found-page.ts'
import { inOrder, type Keyed } from './in-order.ts'
import { newestRows } from './newest-rows.ts'

/** @param leading tokens that stand in the order, to begin with */
export type StreamedPage = (
  tenant: TenantId,
  query: SearchQuery,
  part: SortPart,
  leading?: TokenCondition,
) => Promise<FoundPage>

export interface StreamedDeps {
  readonly run: Run
  readonly drivers: Drivers
}

export function makeStreamedPage({ run, drivers }: StreamedDeps): StreamedPage {
  async function withoutKey(tenant: TenantId, query: SearchQuery, { kind }: SortPart, wanted: number) {
    if (kind.by === 'id' || kind.by === 'last-updated') return []
    const below = query.cursor?.keys[0] === null ? query.cursor.rid : undefined
    const driver = await drivers.forNumbers(tenant, { ...query, cursor: { keys: [], rid: 0 } })
    const cursor = below === undefined ? undefined : { keys: [], rid: below }
    const rows = await newestRows(run, tenant, { ...query, cursor }, driver, wanted, kind)
    return rows.map((row) => ({ ...row, key: null }))
  }

  /** Entries of the order's index first, then what has no key, newest first. The cursor's key null means the second part. */
  return async (tenant, query, part, leading) => {
    const wanted = query.count + 1
    const rows: Keyed[] = []
    const after = query.cursor && query.cursor.keys[0] !== null ? afterOf(query.cursor) : undefined
    if (!query.cursor || after)
      rows.push(...(await inOrder(run, tenant, query, part, leading, after, wanted)))
    if (rows.length < wanted && !asksForKey(query.conditions, part))
      rows.push(...(await withoutKey(tenant, query, part, wanted - rows.length)))
    return pageOf(rows, query.count, (row) => ({ keys: [row.key], rid: Number(row.rid) }))
  }
}

/** Whether what matches has the key of the order: nothing stands after what has it then. */
export function asksForKey(conditions: readonly Condition[], { kind }: SortPart): boolean {
  if (kind.by !== 'date') return false
  return conditions.some((one) => one.by === 'range' && one.tests.every(({ param }) => param === kind.param))
}

function afterOf(cursor: Cursor): { key: SortKey; rid: number } {
  return { key: cursor.keys[0] ?? null, rid: cursor.rid }
}
