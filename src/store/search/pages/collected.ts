/** Pages of an order whose matches are few: collected with their keys and sorted here. */
import type { TenantId } from '../../../kernel/ids.ts'
import type { ResourceRow } from '../../queries/read-resources.ts'
import { storedFrom } from '../../resource.ts'
import { foldMeaning } from '../../token-meaning.ts'
import type { Condition } from '../condition.ts'
import { type Cursor, encodeCursor, type SortKey } from '../cursor.ts'
import { extreme, makeOrder } from '../order.ts'
import type { SearchQuery } from '../query.ts'
import type { Run } from '../run.ts'
import { byNumbers, matchesWithKeys } from '../statements/index.ts'
import type { FoundPage } from './found-page.ts'

/** The values by which a resource sorts for a token, reference or uri parameter, as the index spells them. */
export type TokenValues = (tenant: TenantId, type: string, content: string, code: string) => readonly string[]

export interface CollectedDeps {
  readonly run: Run
  readonly tokenValues: TokenValues
}

/** @param driver undefined: all of the type are looked at */
export async function collectedPage(
  { run, tokenValues }: CollectedDeps,
  tenant: TenantId,
  query: SearchQuery,
  driver: Condition | undefined,
): Promise<FoundPage> {
  const criteria = { driver, conditions: query.conditions }
  const keyed = await run<Record<string, SortKey>>(
    tenant,
    'collect and sort',
    matchesWithKeys(tenant, query, criteria),
    driver,
  )
  const order = makeOrder(query.sort)
  const matches = keyed.map((row) => matchOf(tokenValues, tenant, query, row)).sort(order)
  const { cursor } = query
  const start = cursor ? matches.findIndex((match) => order(match, cursor) > 0) : 0
  const page = start < 0 ? [] : matches.slice(start, start + query.count)
  const last = page.at(-1)
  const numbers = new Map(page.map((match) => [match.rid, match]))
  const rids = page.map((match) => match.rid)
  const rows = rids.length === 0 ? [] : await run<ResourceRow>(tenant, 'page', byNumbers(rids))
  const found = { entries: rows.map(storedFrom), places: rows.map(({ rid }) => numbers.get(Number(rid))!) }
  return start >= 0 && start + query.count < matches.length ? { ...found, next: encodeCursor(last!) } : found
}

function matchOf(
  tokenValues: TokenValues,
  tenant: TenantId,
  query: SearchQuery,
  row: Record<string, SortKey>,
): Cursor {
  const keys = query.sort.map(({ kind, descending }, i) =>
    kind.by === 'token' || kind.by === 'content'
      ? extreme(
          tokenValues(tenant, query.type, String(row['content']), kind.code).map(foldMeaning),
          descending,
        )
      : (row[`k${i}`] ?? null),
  )
  return { rid: Number(row['rid']), keys }
}
