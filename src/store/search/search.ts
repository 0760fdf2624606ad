/**
 * Runs a search. The shape is chosen from bounded counts of the index, so that sparse, dense and empty results each
 * get a plan whose cost is known, however large the store is:
 *
 * - no order asked for: newest first, streamed from the condition that the fewest resources meet;
 * - an order, and few matches: collect the matches with their keys, sort here;
 * - an order, and many: stream the order's own index and probe the conditions; what has no key comes last.
 */
import { Failure } from '../../kernel/failure.ts'
import type { TenantId } from '../../kernel/ids.ts'
import type { Db } from '../db.ts'
import type { ResourceRow } from '../queries/read-resources.ts'
import { type Stored, storedFrom } from '../resource.ts'
import type { Condition } from './condition.ts'
import { type Cursor, encodeCursor, type SortKey } from './cursor.ts'
import type { SearchQuery, SortKind, SortPart } from './query.ts'
import { type Sql, toStatement } from './sql.ts'
import * as statements from './statements.ts'

/** Up to here the matches are collected and sorted; beyond, the order's index is streamed. */
const FEW = 2000
/** Orders by several keys have no index to stream, so they are collected up to here and refused beyond. */
const MOST_SORTABLE = 20_000

export interface FoundPage {
  readonly entries: readonly Stored[]
  readonly next?: string
}

export interface SearchRunner {
  page(tenant: TenantId, query: SearchQuery): Promise<FoundPage>
  total(tenant: TenantId, query: SearchQuery): Promise<number>
}

export interface SearchRunnerDeps {
  readonly db: Db
  /** The values by which a resource sorts for a token, reference or uri parameter, as the index spells them. */
  tokenValues(tenant: TenantId, type: string, content: string, code: string): readonly string[]
}

interface Match {
  readonly rid: number
  readonly keys: readonly SortKey[]
}

export function makeSearchRunner({ db, tokenValues }: SearchRunnerDeps): SearchRunner {
  const run = <Row>(tenant: TenantId, fragment: Sql) => db.query<Row>(tenant, toStatement(fragment))

  /** The condition that the fewest resources meet, and how many that is (FEW + 1: more than few). */
  async function chooseDriver(tenant: TenantId, conditions: readonly Condition[], limit: number) {
    const [row] = await run<{ counts: number[] }>(tenant, statements.boundedCounts(tenant, conditions, limit))
    const counts = row!.counts
    const smallest = counts.indexOf(Math.min(...counts))
    return { driver: conditions[smallest]!, count: counts[smallest]! }
  }

  async function newest(
    tenant: TenantId,
    query: SearchQuery,
    limit: number,
    without?: SortKind,
  ): Promise<ResourceRow[]> {
    const { conditions, rows, cursor } = query
    const options = { below: cursor?.rid, limit, without }
    if (conditions.length === 0) return run(tenant, statements.newestOfType(tenant, query, options))
    const driver =
      conditions.length === 1 ? conditions[0]! : (await chooseDriver(tenant, conditions, FEW)).driver
    const criteria = { driver, conditions, rows }
    const statement =
      driver.by === 'token' && driver.systems.length === 0
        ? statements.newestByToken(tenant, driver.hashes, criteria, options)
        : statements.newestByCollecting(tenant, criteria, options)
    return run(tenant, statement)
  }

  async function newestPage(tenant: TenantId, query: SearchQuery): Promise<FoundPage> {
    const rows = await newest(tenant, query, query.count + 1)
    return pageOf(rows, query.count, (row) => ({ keys: [], rid: Number(row.rid) }))
  }

  async function sortedPage(tenant: TenantId, query: SearchQuery): Promise<FoundPage> {
    const { conditions, sort } = query
    if (conditions.length > 0) {
      const limit = sort.length > 1 ? MOST_SORTABLE : FEW
      const { driver, count } = await chooseDriver(tenant, conditions, limit + 1)
      if (count <= limit) return collectedPage(tenant, query, driver)
    }
    if (sort.length > 1) return multiKeyOfType(tenant, query)
    return streamedPage(tenant, query, sort[0]!)
  }

  async function multiKeyOfType(tenant: TenantId, query: SearchQuery): Promise<FoundPage> {
    const total = await runner.total(tenant, query)
    if (total > MOST_SORTABLE) {
      throw new Failure(
        'unsupported',
        'search-sort-too-broad',
        { matches: total, max: MOST_SORTABLE },
        { expression: ['_sort'] },
      )
    }
    return collectedPage(tenant, query, undefined)
  }

  async function collectedPage(
    tenant: TenantId,
    query: SearchQuery,
    driver: Condition | undefined,
  ): Promise<FoundPage> {
    const criteria = { driver, conditions: query.conditions, rows: query.rows }
    const found = await run<Record<string, SortKey>>(
      tenant,
      statements.matchesWithKeys(tenant, query, criteria),
    )
    const order = makeOrder(query.sort)
    const matches = found.map((row) => matchOf(tenant, query, row)).sort(order)
    const { cursor } = query
    const start = cursor ? matches.findIndex((match) => order(match, cursor) > 0) : 0
    const page = start < 0 ? [] : matches.slice(start, start + query.count)
    const last = page.at(-1)
    const rids = page.map((match) => match.rid)
    const entries =
      rids.length === 0 ? [] : (await run<ResourceRow>(tenant, statements.byNumbers(rids))).map(storedFrom)
    return start >= 0 && start + query.count < matches.length
      ? { entries, next: encodeCursor(last!) }
      : { entries }
  }

  function matchOf(tenant: TenantId, query: SearchQuery, row: Record<string, SortKey>): Match {
    const keys = query.sort.map(({ kind, descending }, i) =>
      kind.by === 'token'
        ? extreme(tokenValues(tenant, query.type, String(row['content']), kind.code), descending)
        : (row[`k${i}`] ?? null),
    )
    return { rid: Number(row['rid']), keys }
  }

  /** Entries of the order's index first, then what has no key, newest first. The cursor's key null means the second part. */
  async function streamedPage(tenant: TenantId, query: SearchQuery, part: SortPart): Promise<FoundPage> {
    const wanted = query.count + 1
    const rows: (ResourceRow & { key: SortKey })[] = []
    let after = query.cursor && query.cursor.keys[0] !== null ? afterOf(query.cursor) : undefined
    if (!query.cursor || after) {
      for (;;) {
        const batch = await run<ResourceRow & { key: SortKey }>(
          tenant,
          statements.inOrderOf(tenant, query, part, after, wanted),
        )
        rows.push(...batch.filter((row) => isFirstEntry(tenant, query.type, part, row)))
        if (batch.length < wanted || rows.length >= wanted) break
        after = { key: batch.at(-1)!.key, rid: Number(batch.at(-1)!.rid) }
      }
    }
    if (rows.length < wanted) rows.push(...(await withoutKey(tenant, query, part, wanted - rows.length)))
    return pageOf(rows, query.count, (row) => ({ keys: [row.key], rid: Number(row.rid) }))
  }

  /** A resource with several values has several entries: it stands where its least (or greatest) one does. */
  function isFirstEntry(
    tenant: TenantId,
    type: string,
    { kind, descending }: SortPart,
    row: ResourceRow & { key: SortKey },
  ) {
    if (kind.by !== 'token') return true // the statement saw to it
    return extreme(tokenValues(tenant, type, row.content!, kind.code), descending) === row.key
  }

  async function withoutKey(tenant: TenantId, query: SearchQuery, { kind }: SortPart, wanted: number) {
    if (kind.by === 'id' || kind.by === 'last-updated') return []
    const found: (ResourceRow & { key: null })[] = []
    let below = query.cursor?.keys[0] === null ? query.cursor.rid : undefined
    for (;;) {
      const cursor = below === undefined ? undefined : { keys: [], rid: below }
      const batch = await newest(tenant, { ...query, cursor }, Math.max(wanted, 200), kind)
      const lacking =
        kind.by === 'token'
          ? batch.filter((row) => tokenValues(tenant, query.type, row.content!, kind.code).length === 0)
          : batch
      found.push(...lacking.map((row) => ({ ...row, key: null })))
      if (batch.length < Math.max(wanted, 200) || found.length >= wanted) return found.slice(0, wanted)
      below = Number(batch.at(-1)!.rid)
    }
  }

  async function count(tenant: TenantId, query: SearchQuery, driver: Condition | undefined): Promise<number> {
    const criteria = { driver, conditions: query.conditions, rows: query.rows }
    const [row] = await run<{ total: number }>(tenant, statements.countMatches(tenant, query, criteria))
    return row!.total
  }

  const runner: SearchRunner = {
    page(tenant, query) {
      if (query.count === 0) return Promise.resolve({ entries: [] })
      if (hasIds(query)) return collectedPage(tenant, { ...query, sort: orDefault(query.sort) }, undefined)
      if (query.sort.length > 0) return sortedPage(tenant, query)
      // Without any condition the order of last change has an index and is what people look for.
      if (query.conditions.length === 0) return streamedPage(tenant, query, LAST_CHANGED_FIRST)
      return newestPage(tenant, query)
    },

    async total(tenant, query) {
      const { conditions } = query
      if (hasIds(query)) return count(tenant, query, undefined)
      const driver =
        conditions.length < 2 ? conditions[0] : (await chooseDriver(tenant, conditions, MOST_SORTABLE)).driver
      return count(tenant, query, driver)
    },
  }
  return runner
}

const LAST_CHANGED_FIRST: SortPart = { kind: { by: 'last-updated' }, descending: true }

function orDefault(sort: readonly SortPart[]): readonly SortPart[] {
  return sort.length > 0 ? sort : [LAST_CHANGED_FIRST]
}

/** Ids name at most as many resources: they are fetched by key, whatever else is asked. */
function hasIds(query: SearchQuery): boolean {
  return query.rows.some((row) => row.by === 'id')
}

function pageOf<Row extends ResourceRow>(
  rows: readonly Row[],
  count: number,
  cursorOf: (row: Row) => Cursor,
): FoundPage {
  const page = rows.slice(0, count)
  const entries = page.map(storedFrom)
  return rows.length > count ? { entries, next: encodeCursor(cursorOf(page.at(-1)!)) } : { entries }
}

function afterOf(cursor: Cursor): { key: SortKey; rid: number } {
  return { key: cursor.keys[0] ?? null, rid: cursor.rid }
}

function extreme(values: readonly string[], descending: boolean): string | null {
  if (values.length === 0) return null
  return values.reduce((best, value) => (compareKeys(value, best) > 0 === descending ? value : best))
}

/** By each key in turn, then by number in the direction of the first key; what lacks a key comes after what has it. */
function makeOrder(sort: readonly SortPart[]): (a: Match, b: Match) => number {
  return (a, b) => {
    for (const [i, { descending }] of sort.entries()) {
      const x = a.keys[i] ?? null
      const y = b.keys[i] ?? null
      if (x === null || y === null) {
        if (x !== y) return x === null ? 1 : -1
        continue
      }
      const order = compareKeys(x, y)
      if (order !== 0) return descending ? -order : order
    }
    return sort[0]!.descending ? b.rid - a.rid : a.rid - b.rid
  }
}

/** The database's "C" order: that of UTF-8 bytes, which JavaScript's `<` on UTF-16 units is not beyond U+FFFF. */
function compareKeys(a: string | number, b: string | number): number {
  if (typeof a === 'number' || typeof b === 'number') return Number(a) - Number(b)
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
