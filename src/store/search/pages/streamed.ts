/** Pages of an order whose matches are many: streamed from the order's own index; what has no key comes last. */
import type { TenantId } from '../../../kernel/ids.ts'
import { foldMeaning } from '../../token-meaning.ts'
import type { ResourceRow } from '../../queries/read-resources.ts'
import type { Condition, TokenCondition } from '../condition.ts'
import type { Cursor, SortKey } from '../cursor.ts'
import type { Drivers } from '../drivers.ts'
import { extreme } from '../order.ts'
import type { SearchQuery, SortPart } from '../query.ts'
import type { Run } from '../run.ts'
import type { Sql } from '../sql.ts'
import { datedByToken, inOrderOf } from '../statements/index.ts'
import type { TokenValues } from './collected.ts'
import { type FoundPage, pageOf } from './found-page.ts'
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
  readonly tokenValues: TokenValues
}

type Keyed = ResourceRow & { readonly key: SortKey }

export function makeStreamedPage({ run, drivers, tokenValues }: StreamedDeps): StreamedPage {
  /** A resource with several values has several entries: it stands where its least (or greatest) one does. */
  function isFirstEntry(tenant: TenantId, type: string, { kind, descending }: SortPart, row: Keyed) {
    if (kind.by !== 'token') return true // the statement saw to it
    const values = tokenValues(tenant, type, row.content!, kind.code).map(foldMeaning)
    return extreme(values, descending) === foldMeaning(String(row.key))
  }

  async function withoutKey(tenant: TenantId, query: SearchQuery, { kind }: SortPart, wanted: number) {
    if (kind.by === 'id' || kind.by === 'last-updated') return []
    const found: (ResourceRow & { key: null })[] = []
    let below = query.cursor?.keys[0] === null ? query.cursor.rid : undefined
    const driver = await drivers.forNumbers(tenant, { ...query, cursor: { keys: [], rid: 0 } })
    for (;;) {
      const cursor = below === undefined ? undefined : { keys: [], rid: below }
      const batch = await newestRows(run, tenant, { ...query, cursor }, driver, Math.max(wanted, 200), kind)
      const lacking =
        kind.by === 'token'
          ? batch.filter((row) => tokenValues(tenant, query.type, row.content!, kind.code).length === 0)
          : batch
      found.push(...lacking.map((row) => ({ ...row, key: null })))
      if (batch.length < Math.max(wanted, 200) || found.length >= wanted) return found.slice(0, wanted)
      below = Number(batch.at(-1)!.rid)
    }
  }

  /** Entries of the order's index first, then what has no key, newest first. The cursor's key null means the second part. */
  async function streamedPage(
    tenant: TenantId,
    query: SearchQuery,
    part: SortPart,
    leading?: TokenCondition,
  ): Promise<FoundPage> {
    const wanted = query.count + 1
    const rows: Keyed[] = []
    let after = query.cursor && query.cursor.keys[0] !== null ? afterOf(query.cursor) : undefined
    if (!query.cursor || after) {
      for (;;) {
        const batch = await run<Keyed>(
          tenant,
          part.kind.by === 'date' && leading ? 'dated by token' : 'order of the index',
          inOrder(tenant, query, part, leading, after, wanted),
          leading,
        )
        rows.push(...batch.filter((row) => isFirstEntry(tenant, query.type, part, row)))
        if (batch.length < wanted || rows.length >= wanted) break
        after = { key: batch.at(-1)!.key, rid: Number(batch.at(-1)!.rid) }
      }
    }
    if (rows.length < wanted && !asksForKey(query.conditions, part))
      rows.push(...(await withoutKey(tenant, query, part, wanted - rows.length)))
    return pageOf(rows, query.count, (row) => ({ keys: [row.key], rid: Number(row.rid) }))
  }

  return streamedPage
}

function inOrder(
  tenant: TenantId,
  query: SearchQuery,
  part: SortPart,
  driver: TokenCondition | undefined,
  after: { key: SortKey; rid: number } | undefined,
  wanted: number,
): Sql {
  const { kind, descending } = part
  if (kind.by !== 'date' || !driver) return inOrderOf(tenant, query, part, after, wanted)
  const criteria = { driver, conditions: query.conditions }
  const order = { param: kind.param, descending }
  return datedByToken(tenant, driver, criteria, order, after, wanted)
}

/** Whether what matches has the key of the order: nothing stands after what has it then. */
function asksForKey(conditions: readonly Condition[], { kind }: SortPart): boolean {
  if (kind.by !== 'date') return false
  return conditions.some((one) => one.by === 'range' && one.tests.every(({ param }) => param === kind.param))
}

function afterOf(cursor: Cursor): { key: SortKey; rid: number } {
  return { key: cursor.keys[0] ?? null, rid: cursor.rid }
}
