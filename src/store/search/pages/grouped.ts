/**
 * Pages of an order by several keys, or by a token, which many may share: the first key's index is streamed, and those
 * that share a key are a search of their own, by that key and in the order of the others. A cursor has all keys of its
 * resource, so that a page goes on within the group that the last one ended in.
 */
import type { TenantId } from '../../../kernel/ids.ts'
import { bodyOf, type Stored, storedFrom } from '../../resource.ts'
import { leadingOf } from '../../leading.ts'
import { foldMeaning, meaningSpan } from '../../token-meaning.ts'
import type { Condition, TokenCondition } from '../condition.ts'
import { type Cursor, encodeCursor, decodeCursor, type SortKey } from '../cursor.ts'
import type { Drivers } from '../drivers.ts'
import { extreme, makeOrder } from '../order.ts'
import type { SearchQuery, SortPart } from '../query.ts'
import { collectedPage, type CollectedDeps } from './collected.ts'
import type { FoundPage } from './found-page.ts'
import { inOrder, type Keyed } from './in-order.ts'
import { newestRows } from './newest-rows.ts'
import { asksForKey } from './streamed.ts'

export interface GroupedDeps extends CollectedDeps {
  readonly drivers: Drivers
  /** Of any search, in any order. */
  page(tenant: TenantId, query: SearchQuery): Promise<FoundPage>
}

interface Placed {
  readonly entry: Stored
  readonly place: Cursor
}

/** @param leading tokens that stand in the order of the first key, to begin with */
export async function groupedPage(
  deps: GroupedDeps,
  tenant: TenantId,
  query: SearchQuery,
  leading: TokenCondition | undefined,
): Promise<FoundPage> {
  const { cursor, count, sort } = query
  const [first] = sort
  const found: Placed[] = []
  const wanted = () => count + 1 - found.length
  let key = cursor?.keys[0]
  if (cursor) found.push(...(await group(deps, tenant, query, cursor.keys[0] ?? null, wanted(), cursor)))
  while (key !== null && wanted() > 0) {
    const { whole, last } = await nextGroups(deps, tenant, query, leading, key, wanted())
    found.push(...whole)
    if (last === undefined) key = null
    else {
      found.push(...(await group(deps, tenant, query, last, wanted())))
      key = last
    }
    if (key === null && !asksForKey(query.conditions, first!))
      found.push(...(await group(deps, tenant, query, null, wanted())))
  }
  const page = found.slice(0, count)
  const places = page.map(({ place }) => place)
  const shown = { entries: page.map(({ entry }) => entry), places }
  return found.length > count ? { ...shown, next: encodeCursor(places.at(-1)!) } : shown
}

/** The groups behind a key that end within the entries read, and the key of the one that perhaps does not. */
async function nextGroups(
  deps: GroupedDeps,
  tenant: TenantId,
  query: SearchQuery,
  leading: TokenCondition | undefined,
  key: SortKey | undefined,
  wanted: number,
): Promise<{ whole: readonly Placed[]; last: SortKey | undefined }> {
  const part = query.sort[0]!
  const after = key === undefined ? undefined : { key, rid: part.descending ? -1 : Number.MAX_SAFE_INTEGER }
  const read = await inOrder(deps.run, tenant, query, part, leading, after, wanted)
  const rows = read.map((row) => ({ ...row, key: keyIn(part, row.key) }))
  const last = read.length < wanted ? undefined : rows.at(-1)!.key
  const inside = rows.filter((row) => row.key !== last)
  const standing = inside.filter((row) => standsAt(deps, tenant, query.type, part, row.content!, row.key))
  return { whole: await placed(deps, tenant, query, standing), last }
}

/** With their places, in the whole order. */
async function placed(
  deps: GroupedDeps,
  tenant: TenantId,
  query: SearchQuery,
  rows: readonly Keyed[],
): Promise<readonly Placed[]> {
  if (rows.length === 0) return []
  if (query.sort.length === 1) {
    const order = makeOrder(query.sort)
    return rows
      .map((row) => ({ entry: storedFrom(row), place: { keys: [row.key], rid: Number(row.rid) } }))
      .toSorted((a, b) => order(a.place, b.place))
  }
  const only: Condition = { by: 'id', type: query.type, ids: rows.map(({ id }) => id) }
  const these = { ...query, conditions: [only], cursor: undefined, count: rows.length }
  return entriesOf(await collectedPage(deps, tenant, these, only))
}

/** Those that share a key (null: have none), behind the cursor when there is one: `wanted` at most. */
async function group(
  deps: GroupedDeps,
  tenant: TenantId,
  query: SearchQuery,
  key: SortKey,
  wanted: number,
  cursor?: Cursor,
): Promise<readonly Placed[]> {
  const [part, ...rest] = query.sort
  // By number, as what lacks a key stands where it is collected, whatever its search would begin with.
  if (key === null && rest.length === 0) return withoutToken(deps, tenant, query, part!, wanted, cursor)
  const sharing = sharesKey(query.type, part!, key)
  if (wanted <= 0 || sharing === undefined) return []
  const found: Placed[] = []
  let inner: Cursor | undefined = cursor && { keys: cursor.keys.slice(1), rid: cursor.rid }
  for (;;) {
    const page = await deps.page(tenant, {
      ...query,
      conditions: [...query.conditions, ...sharing],
      sort: rest,
      count: part!.kind.by === 'token' ? Math.max(wanted, SOME) : wanted,
      cursor: inner,
    })
    const standing = entriesOf(page).filter(({ entry }) =>
      standsAt(deps, tenant, query.type, part!, contentOf(entry), key),
    )
    found.push(
      ...standing.map(({ entry, place }) => ({ entry, place: { ...place, keys: [key, ...place.keys] } })),
    )
    if (page.next === undefined || found.length >= wanted) return found.slice(0, wanted)
    inner = decodeCursor(page.next)
  }
}

/** What has no token, newest first: which it is only its content tells. */
async function withoutToken(
  deps: GroupedDeps,
  tenant: TenantId,
  query: SearchQuery,
  part: SortPart,
  wanted: number,
  cursor: Cursor | undefined,
): Promise<readonly Placed[]> {
  const found: Placed[] = []
  const batch = Math.max(wanted, SOME)
  const driver = await deps.drivers.forNumbers(tenant, { ...query, cursor: { keys: [], rid: 0 } })
  let below = cursor?.rid
  while (found.length < wanted) {
    const place = below === undefined ? undefined : { keys: [], rid: below }
    const rows = await newestRows(deps.run, tenant, { ...query, cursor: place }, driver, batch)
    for (const row of rows) {
      if (!standsAt(deps, tenant, query.type, part, row.content!, null)) continue
      found.push({ entry: storedFrom(row), place: { keys: [null], rid: Number(row.rid) } })
    }
    if (rows.length < batch) break
    below = Number(rows.at(-1)!.rid)
  }
  return found.slice(0, wanted)
}

/** Of tokens some stand elsewhere, by another of theirs. */
const SOME = 200

/** What all of the group meet, and perhaps some others; undefined: there can't be any. */
function sharesKey(type: string, { kind, descending }: SortPart, key: SortKey): Condition[] | undefined {
  switch (kind.by) {
    case 'id':
    case 'last-updated':
      return key === null ? undefined : [{ by: 'key', type, of: kind.by, params: [], descending, key }]
    case 'date':
      return [{ by: 'key', type, of: 'range', params: [kind.param], descending, key }]
    case 'number':
      return [{ by: 'key', type, of: 'range', params: kind.params, descending, key }]
    case 'string':
      return [{ by: 'key', type, of: 'string', params: [kind.param], descending, key }]
    case 'token': {
      if (key === null) return []
      const span = { order: kind.param, ...meaningSpan(String(key)), narrow: true } as const
      const leading = leadingOf(type)?.by.has(kind.code) === true
      return [{ by: 'token', hashes: [], spans: [span], leading }]
    }
    case 'content':
    case 'score':
      return undefined
  }
}

/** A resource with several tokens stands where its least (or greatest) one does; of other kinds SQL saw to it. */
function standsAt(
  { tokenValues }: GroupedDeps,
  tenant: TenantId,
  type: string,
  { kind, descending }: SortPart,
  content: string,
  key: SortKey,
): boolean {
  if (kind.by !== 'token') return true
  return extreme(tokenValues(tenant, type, content, kind.code).map(foldMeaning), descending) === key
}

/** As the index has it: tokens without what differs between those who write the code in capitals and others. */
function keyIn({ kind }: SortPart, key: SortKey): SortKey {
  return kind.by === 'token' ? foldMeaning(String(key)) : key
}

function entriesOf({ entries, places }: FoundPage): Placed[] {
  return entries.map((entry, i) => ({ entry, place: places[i]! }))
}

/** As its row has it, without the type. */
function contentOf({ type, body }: Stored): string {
  return `{${body.slice(bodyOf(type, '{').length)}`
}
