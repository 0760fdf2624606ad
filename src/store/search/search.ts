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
import type { Statement } from '../statement.ts'
import { foldMeaning } from '../token-meaning.ts'
import { type Condition, isPersonal, isReferringStream, isStream, type TokenCondition } from './condition.ts'
import {
  type Cursor,
  encodeCursor,
  isReferred,
  referredCursor,
  referredPlace,
  type SortKey,
} from './cursor.ts'
import { enumerate, isExact } from './enumerate.ts'
import type { Frequent } from './frequent.ts'
import { extreme, makeOrder } from './order.ts'
import type { SearchQuery, SortKind, SortPart } from './query.ts'
import type { Sql } from './sql.ts'
import * as statements from './statements.ts'

/** So few that nothing else need be looked at. */
const HANDFUL = 200
/** Up to here the matches are collected and sorted; beyond, tokens or the order's index are streamed. */
const FEW = 2000
/** Up to here what can't be streamed is collected; beyond, so many match that the order's index soon fills a page. */
const MANY = 10_000
/** Orders by several keys have no index to stream, so they are collected up to here and refused beyond. */
const MOST_SORTABLE = 20_000

export interface FoundPage {
  readonly entries: readonly Stored[]
  /** Where each entry stands in the order. */
  readonly places: readonly Cursor[]
  readonly next?: string
}

export interface SearchRunner {
  page(tenant: TenantId, query: SearchQuery): Promise<FoundPage>
  total(tenant: TenantId, query: SearchQuery): Promise<number>
  /** A page of several types together, in one order. */
  pageOfTypes(tenant: TenantId, queries: readonly SearchQuery[]): Promise<FoundPage>
  /** The numbers of all that match, when an index knows that they are no more than `limit`; else undefined. */
  fewNumbers(
    tenant: TenantId,
    query: Pick<SearchQuery, 'type' | 'conditions'>,
    limit: number,
  ): Promise<readonly string[] | undefined>
  /** Ids, and contents, of all that match, when an index knows that they are no more than `limit`; else undefined. */
  few(
    tenant: TenantId,
    query: Pick<SearchQuery, 'conditions'>,
    limit: number,
    withContent: boolean,
  ): Promise<readonly FewRow[] | undefined>
}

interface FewRow {
  readonly id: string
  readonly content: string | null
}

interface Driver {
  readonly driver: Condition
  readonly count: number
}

export interface SearchRunnerDeps {
  readonly db: Db
  /** See makeStatementNames. */
  named(fragment: Sql): Statement
  /** The values by which a resource sorts for a token, reference or uri parameter, as the index spells them. */
  tokenValues(tenant: TenantId, type: string, content: string, code: string): readonly string[]
  readonly frequent: Frequent
  /** Is told what is chosen: see explain.ts. A shape is told right before its statement is sent. */
  readonly tell?: Tell | undefined
}

export type Tell = (
  choice:
    | { readonly by: 'shape'; readonly shape: SearchShape; readonly driver?: Condition | undefined }
    | {
        readonly by: 'counts'
        readonly conditions: readonly Condition[]
        readonly counts: readonly number[]
        readonly limit: number
      },
) => void

/** Of the statements: see statements.ts. */
type SearchShape =
  | 'bounded counts'
  | 'newest by token'
  | 'newest by collecting'
  | 'newest by who refers'
  | 'newest of type'
  | 'collect and sort'
  | 'page'
  | 'order of the index'
  | 'dated by token'
  | 'count'
  | 'collect numbers'
  | 'collect ids'

export function makeSearchRunner({ db, named, tokenValues, frequent, tell }: SearchRunnerDeps): SearchRunner {
  function run<Row>(tenant: TenantId, shape: SearchShape, fragment: Sql, driver?: Condition): Promise<Row[]> {
    tell?.({ by: 'shape', shape, driver })
    return db.query<Row>(tenant, named(fragment))
  }

  /**
   * Of the conditions that an index can begin with, the one that the fewest meet, and how many (`limit` at most). Most
   * searches have one that a handful meet, so that is looked for first.
   */
  async function chooseDriver(
    tenant: TenantId,
    conditions: readonly Condition[],
    limit: number,
  ): Promise<Driver | undefined> {
    const able = conditions.filter((condition) => enumerate(tenant, condition) !== undefined)
    if (able.length === 0) return undefined
    for (const bound of limit > HANDFUL ? [HANDFUL, limit] : [limit]) {
      const counts = await boundedCounts(tenant, able, bound)
      const count = Math.min(...counts)
      if (count === bound && bound !== limit) continue
      const smallest = able.filter((_, i) => counts[i] === count)
      return {
        driver:
          smallest.find((one) => isStream(one) && one.leading) ?? smallest.find(isStream) ?? smallest[0]!,
        count,
      }
    }
    return undefined
  }

  /** Of each condition how many meet it, `bound` at most. */
  async function boundedCounts(
    tenant: TenantId,
    conditions: readonly Condition[],
    bound: number,
  ): Promise<readonly number[]> {
    const found = new Map<Condition, number>()
    for (const one of conditions) if (one.by === 'id') found.set(one, Math.min(one.ids.length, bound))
    const unknown = conditions.filter((one) => !found.has(one) && frequent.atLeast(tenant, one) < bound)
    if (unknown.length > 0) {
      const counting = statements.boundedCounts(tenant, unknown, bound)
      const [row] = await run<{ counts: number[] }>(tenant, 'bounded counts', counting)
      for (const [i, one] of unknown.entries()) {
        found.set(one, row!.counts[i]!)
        frequent.counted(tenant, one, row!.counts[i]!)
      }
    }
    const counts = conditions.map((one) => found.get(one) ?? bound)
    tell?.({ by: 'counts', conditions, counts, limit: bound })
    return counts
  }

  /** What to begin with when no more than `limit` meet it. */
  async function fewest(tenant: TenantId, conditions: readonly Condition[], limit: number) {
    const chosen = await chooseDriver(tenant, conditions, limit + 1)
    return chosen && chosen.count <= limit ? chosen.driver : undefined
  }

  /** What to begin with for an order of numbers; undefined: nothing does, or so many meet it that the type does. */
  async function driverOf(
    tenant: TenantId,
    { conditions, cursor }: SearchQuery,
  ): Promise<Condition | undefined> {
    const personal = conditions.find(isPersonal)
    if (personal) return personal
    if (conditions.length === 1 && isStream(conditions[0]!)) return conditions[0]
    const chosen = await chooseDriver(tenant, conditions, FEW + 1)
    if (!chosen || chosen.count <= FEW) return chosen?.driver
    const stream = conditions.find(isStream)
    // Pages that began with it go on with it.
    if (stream || cursor) return stream ?? chosen.driver
    const again = await chooseDriver(tenant, [chosen.driver], MANY + 1)
    return again!.count <= MANY ? chosen.driver : undefined
  }

  function newest(
    tenant: TenantId,
    query: SearchQuery,
    driver: Condition | undefined,
    limit: number,
    without?: SortKind,
  ): Promise<ResourceRow[]> {
    const { conditions, cursor } = query
    const options = { below: cursor?.rid, limit, without }
    if (!driver) return run(tenant, 'newest of type', statements.newestOfType(tenant, query, options))
    const criteria = { driver, conditions }
    return isStream(driver)
      ? run(tenant, 'newest by token', statements.newestByToken(tenant, driver, criteria, options), driver)
      : run(tenant, 'newest by collecting', statements.newestByCollecting(tenant, criteria, options), driver)
  }

  /** By number where a condition can begin; else by last change, which has an index of its own. The cursor tells which. */
  async function newestPage(tenant: TenantId, query: SearchQuery): Promise<FoundPage> {
    if (query.cursor && isReferred(query.cursor)) return referredPage(tenant, query)
    if (query.cursor && query.cursor.keys.length > 0) return streamedPage(tenant, query, LAST_CHANGED_FIRST)
    const driver = await driverOf(tenant, query)
    if (!driver && !query.cursor && query.conditions.some(isReferringStream))
      return referredPage(tenant, query)
    if (!driver && !query.cursor) return streamedPage(tenant, query, LAST_CHANGED_FIRST)
    const rows = await newest(tenant, query, driver, query.count + 1)
    return pageOf(rows, query.count, (row) => ({ keys: [], rid: Number(row.rid) }))
  }

  /** Those first whom the newest of many names. @throws Failure `invalid`/`search-cursor` */
  async function referredPage(tenant: TenantId, query: SearchQuery): Promise<FoundPage> {
    const { conditions, cursor, count } = query
    const has = conditions.find(isReferringStream)
    if (!has) throw new Failure('invalid', 'search-cursor')
    const after = cursor && referredPlace(cursor)
    const finding = statements.referredNewest(tenant, has, conditions, after, count + 1)
    const rows = await run<ResourceRow & { at: string }>(tenant, 'newest by who refers', finding, has)
    const until = after?.until ?? Number(rows[0]?.at)
    return pageOf(rows, count, ({ at, rid }) => referredCursor({ at: Number(at), rid: Number(rid), until }))
  }

  async function sortedPage(tenant: TenantId, query: SearchQuery): Promise<FoundPage> {
    const { conditions, sort } = query
    const collects = sort.length > 1 || !isOneIndex(sort[0]!.kind)
    const leading = collects ? [] : leadingDrivers(query)
    const personal = leading.find(isPersonal)
    if (leading.length > 0 && (personal || conditions.length === 1))
      return streamedPage(tenant, query, sort[0]!, personal ?? leading[0])
    const limit = collects ? MOST_SORTABLE : FEW
    const chosen = await chooseDriver(tenant, conditions, limit + 1)
    const best = leading.find((one) => one === chosen?.driver) ?? leading[0]
    const few = best === undefined ? limit : best === chosen?.driver ? 0 : HANDFUL
    if (chosen && chosen.count <= few) return collectedPage(tenant, query, chosen.driver)
    if (collects) return collectedOfType(tenant, query)
    return streamedPage(tenant, query, sort[0]!, best)
  }

  async function collectedOfType(tenant: TenantId, query: SearchQuery): Promise<FoundPage> {
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
    const criteria = { driver, conditions: query.conditions }
    const keyed = await run<Record<string, SortKey>>(
      tenant,
      'collect and sort',
      statements.matchesWithKeys(tenant, query, criteria),
      driver,
    )
    const order = makeOrder(query.sort)
    const matches = keyed.map((row) => matchOf(tenant, query, row)).sort(order)
    const { cursor } = query
    const start = cursor ? matches.findIndex((match) => order(match, cursor) > 0) : 0
    const page = start < 0 ? [] : matches.slice(start, start + query.count)
    const last = page.at(-1)
    const numbers = new Map(page.map((match) => [match.rid, match]))
    const rids = page.map((match) => match.rid)
    const rows = rids.length === 0 ? [] : await run<ResourceRow>(tenant, 'page', statements.byNumbers(rids))
    const found = { entries: rows.map(storedFrom), places: rows.map(({ rid }) => numbers.get(Number(rid))!) }
    return start >= 0 && start + query.count < matches.length
      ? { ...found, next: encodeCursor(last!) }
      : found
  }

  function matchOf(tenant: TenantId, query: SearchQuery, row: Record<string, SortKey>): Cursor {
    const keys = query.sort.map(({ kind, descending }, i) =>
      kind.by === 'token' || kind.by === 'content'
        ? extreme(tokenValues(tenant, query.type, String(row['content']), kind.code), descending)
        : (row[`k${i}`] ?? null),
    )
    return { rid: Number(row['rid']), keys }
  }

  /** Entries of the order's index first, then what has no key, newest first. The cursor's key null means the second part. */
  async function streamedPage(
    tenant: TenantId,
    query: SearchQuery,
    part: SortPart,
    leading?: TokenCondition,
  ): Promise<FoundPage> {
    const wanted = query.count + 1
    const rows: (ResourceRow & { key: SortKey })[] = []
    let after = query.cursor && query.cursor.keys[0] !== null ? afterOf(query.cursor) : undefined
    if (!query.cursor || after) {
      for (;;) {
        const batch = await run<ResourceRow & { key: SortKey }>(
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

  function inOrder(
    tenant: TenantId,
    query: SearchQuery,
    part: SortPart,
    driver: TokenCondition | undefined,
    after: { key: SortKey; rid: number } | undefined,
    wanted: number,
  ): Sql {
    const { kind, descending } = part
    if (kind.by !== 'date' || !driver) return statements.inOrderOf(tenant, query, part, after, wanted)
    const criteria = { driver, conditions: query.conditions }
    const order = { param: kind.param, descending }
    return statements.datedByToken(tenant, driver, criteria, order, after, wanted)
  }

  /** A resource with several values has several entries: it stands where its least (or greatest) one does. */
  function isFirstEntry(
    tenant: TenantId,
    type: string,
    { kind, descending }: SortPart,
    row: ResourceRow & { key: SortKey },
  ) {
    if (kind.by !== 'token') return true // the statement saw to it
    const values = tokenValues(tenant, type, row.content!, kind.code).map(foldMeaning)
    return extreme(values, descending) === foldMeaning(String(row.key))
  }

  async function withoutKey(tenant: TenantId, query: SearchQuery, { kind }: SortPart, wanted: number) {
    if (kind.by === 'id' || kind.by === 'last-updated') return []
    const found: (ResourceRow & { key: null })[] = []
    let below = query.cursor?.keys[0] === null ? query.cursor.rid : undefined
    const driver = await driverOf(tenant, { ...query, cursor: { keys: [], rid: 0 } })
    for (;;) {
      const cursor = below === undefined ? undefined : { keys: [], rid: below }
      const batch = await newest(tenant, { ...query, cursor }, driver, Math.max(wanted, 200), kind)
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
    const criteria = { driver, conditions: query.conditions }
    const counting = statements.countMatches(tenant, query, criteria)
    const [row] = await run<{ total: number }>(tenant, 'count', counting, driver)
    return row!.total
  }

  const runner: SearchRunner = {
    page(tenant, query) {
      if (query.count === 0) return Promise.resolve({ entries: [], places: [] })
      return query.sort.length > 0 ? sortedPage(tenant, query) : newestPage(tenant, query)
    },

    async total(tenant, query) {
      const { conditions } = query
      if (conditions.length === 1 && isStream(conditions[0]!)) return count(tenant, query, conditions[0])
      const chosen = await chooseDriver(tenant, conditions, MOST_SORTABLE)
      return count(tenant, query, chosen?.driver)
    },

    async pageOfTypes(tenant, queries) {
      const { count, sort } = queries[0]!
      if (count === 0) return { entries: [], places: [] }
      const pages = await Promise.all(
        queries.map((query) =>
          sortedPage(tenant, { ...query, sort: sort.length > 0 ? query.sort : [LAST_CHANGED_FIRST] }),
        ),
      )
      const order = makeOrder(sort.length > 0 ? sort : [LAST_CHANGED_FIRST])
      const all = pages
        .flatMap(({ entries, places }) => entries.map((entry, i) => ({ entry, place: places[i]! })))
        .toSorted((a, b) => order(a.place, b.place))
      const page = all.slice(0, count)
      const found = { entries: page.map(({ entry }) => entry), places: page.map(({ place }) => place) }
      const more = all.length > count || pages.some(({ next }) => next !== undefined)
      return more ? { ...found, next: encodeCursor(page.at(-1)!.place) } : found
    },

    async fewNumbers(tenant, { conditions }, limit) {
      const driver = await fewest(tenant, conditions, limit)
      if (!driver) return undefined
      const criteria = { driver, conditions }
      const collecting = statements.numbersByCollecting(tenant, criteria)
      const rows = await run<{ rid: string }>(tenant, 'collect numbers', collecting, driver)
      return rows.map(({ rid }) => rid)
    },

    async few(tenant, { conditions }, limit, withContent) {
      const only = conditions.length === 1 ? conditions[0]! : undefined
      const chosen = only && isExact(only) ? only : await fewest(tenant, conditions, limit)
      if (!chosen) return undefined
      const criteria = { driver: chosen, conditions }
      const collecting = statements.idsByCollecting(tenant, criteria, limit + 1, withContent)
      const rows = await run<FewRow>(tenant, 'collect ids', collecting, chosen)
      return rows.length > limit ? undefined : rows
    },
  }
  return runner
}

const LAST_CHANGED_FIRST: SortPart = { kind: { by: 'last-updated' }, descending: true }

/** Whether what matches has the key of the order: nothing stands after what has it then. */
function asksForKey(conditions: readonly Condition[], { kind }: SortPart): boolean {
  if (kind.by !== 'date') return false
  return conditions.some((one) => one.by === 'range' && one.tests.every(({ param }) => param === kind.param))
}

function isOneIndex(kind: SortKind): boolean {
  return kind.by !== 'content' && kind.by !== 'score' && (kind.by !== 'number' || kind.params.length === 1)
}

/** Conditions whose tokens stand in the order that is asked for. */
function leadingDrivers({ conditions, sort }: SearchQuery): TokenCondition[] {
  const [first] = sort
  if (sort.length !== 1 || first?.kind.by !== 'date' || !first.kind.leading) return []
  return conditions.filter(isStream).filter(({ leading }) => leading)
}

function pageOf<Row extends ResourceRow>(
  rows: readonly Row[],
  count: number,
  cursorOf: (row: Row) => Cursor,
): FoundPage {
  const page = rows.slice(0, count)
  const places = page.map(cursorOf)
  const found = { entries: page.map(storedFrom), places }
  return rows.length > count ? { ...found, next: encodeCursor(places.at(-1)!) } : found
}

function afterOf(cursor: Cursor): { key: SortKey; rid: number } {
  return { key: cursor.keys[0] ?? null, rid: cursor.rid }
}
