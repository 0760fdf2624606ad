/**
 * Reads and searches the audit trail. A search walks one source in the order of time: the rows of the rarest token, or
 * all rows; the other criteria are probed row by row. So a page costs what it shows, not what the trail holds.
 */
import type { TenantId } from '../kernel/ids.ts'
import type { AuditEntity } from './audit.ts'
import {
  actionToken,
  agentToken,
  auditHash,
  entityToken,
  interactionToken,
  kindToken,
  outcomeToken,
  subtypeToken,
  typeToken,
} from './audit-tokens.ts'
import type { Db, Tx } from './db.ts'
import { join, sql, toStatement, type Sql } from './search/sql.ts'

/** Epoch milliseconds, `from` included, `to` excluded; may be infinite. */
export interface TimeRange {
  readonly from: number
  readonly to: number
}

/** All filters of a query must hold; within one filter, one of its values. */
export type AuditFilter =
  | { readonly on: 'time'; readonly ranges: readonly TimeRange[] }
  | { readonly on: 'updated'; readonly ranges: readonly TimeRange[] }
  | { readonly on: 'id'; readonly ids: readonly string[] }
  | { readonly on: 'agent'; readonly names: readonly string[] }
  | { readonly on: 'entity'; readonly refs: readonly { readonly type?: string; readonly id: string }[] }
  | { readonly on: 'action'; readonly codes: readonly string[] }
  | { readonly on: 'outcome'; readonly codes: readonly number[] }
  /** Own rows by kind or interaction; AuditEvents that clients sent by the coding itself. */
  | {
      readonly on: 'type' | 'subtype'
      readonly own: readonly string[]
      readonly codings: readonly { readonly system?: string; readonly code?: string }[]
    }

export interface AuditQuery {
  readonly filters: readonly AuditFilter[]
  readonly newestFirst: boolean
  readonly count: number
  /** The id of the last row of the page before. */
  readonly after?: string
}

/** A row as it was stored. `content` is set for an AuditEvent that a client sent, and is then the whole truth. */
export interface AuditRecord {
  readonly id: string
  readonly at: number
  readonly kind: string
  readonly interaction: string
  readonly action: string
  readonly outcome: number
  readonly agent: { readonly id: string; readonly kind: string; readonly address: string | undefined }
  readonly entities: readonly AuditEntity[]
  readonly patients: readonly string[]
  readonly query: string | undefined
  readonly detail: Readonly<Record<string, string | number>>
  readonly content: string | undefined
  /** When that came in, as an instant. */
  readonly received: string | undefined
}

export async function readAudit(db: Db, tenant: TenantId, id: string): Promise<AuditRecord | undefined> {
  if (!isAuditId(id)) return undefined
  const text = `select ${COLUMNS.texts[0]} from audit a where a.tenant = current_tenant() and a.id = $1::bigint`
  const [row] = await db.query<Row>(tenant, { name: 'audit-read', text, values: [id] })
  return row && toRecord(row)
}

/** One page and whether there is more behind it. */
export async function searchAudit(
  db: Db,
  tenant: TenantId,
  query: AuditQuery,
): Promise<{ records: AuditRecord[]; more: boolean }> {
  const parts = compile(query)
  if (parts === undefined) return { records: [], more: false }
  const direction = query.newestFirst ? sql`desc` : sql`asc`
  const statement = toStatement(sql`
    select ${COLUMNS} from (${sources(parts)}) found
    join audit a on a.tenant = current_tenant() and a.id = found.id
    where ${parts.checks} order by found.id ${direction} limit ${query.count + 1}::int`)
  const rows = await db.transaction(tenant, (tx) => walking(tx, () => tx.query<Row>(statement)))
  return { records: rows.slice(0, query.count).map(toRecord), more: rows.length > query.count }
}

/** How many rows the filters match. Walks over all of them. */
export async function countAudit(db: Db, tenant: TenantId, query: AuditQuery): Promise<number> {
  const parts = compile({ filters: query.filters, newestFirst: true, count: 0 })
  if (parts === undefined) return 0
  const statement = toStatement(sql`
    select count(*) as total from (${sources(parts)}) found
    join audit a on a.tenant = current_tenant() and a.id = found.id where ${parts.checks}`)
  const [row] = await db.query<{ total: string }>(tenant, statement)
  return Number(row!.total)
}

export function isAuditId(id: string): boolean {
  return /^\d{1,19}$/.test(id) && BigInt(id) < 2n ** 63n
}

/** A hash join would first read everything and then sort it; only a nested loop keeps the order and stops at the limit. */
async function walking<T>(tx: Tx, query: () => Promise<T>): Promise<T> {
  void tx.query({ text: 'set local enable_hashjoin = off', values: [] })
  return query()
}

interface Parts {
  /** Hashes of the token whose rows are walked; none: all rows. */
  readonly walk: readonly string[]
  readonly range: Sql
  readonly checks: Sql
}

/** Undefined: nothing can match. */
function compile(query: AuditQuery): Parts | undefined {
  const range = idRange(query)
  if (range === undefined) return undefined
  const filters = query.filters.map(compileFilter).toSorted((a, b) => a.rank - b.rank)
  const driver = filters.find(({ tokens }) => tokens !== undefined)
  const checks = filters.flatMap((filter) => [
    ...(filter === driver || filter.tokens === undefined ? [] : [hasToken(filter.tokens)]),
    ...(filter.check === undefined ? [] : [filter.check]),
  ])
  return { walk: driver?.tokens ?? [], range, checks: join(checks, ' and ', sql`true`) }
}

/** One ordered stream for each token, merged; a row that has two of them comes from the first. */
function sources({ walk, range }: Parts): Sql {
  if (walk.length === 0) return sql`select f.id from audit f where f.tenant = current_tenant() and ${range}`
  const streams = walk.map((hash, i) => {
    const earlier = i === 0 ? sql`` : sql`and not ${hasTokenOf(sql`f.id`, walk.slice(0, i))}`
    return sql`select f.id from audit_token f
      where f.tenant = current_tenant() and f.hash = ${hash}::bigint and ${range} ${earlier}`
  })
  return join(streams, ' union all ', sql``)
}

function hasToken(hashes: readonly string[]): Sql {
  return hasTokenOf(sql`a.id`, hashes)
}

function hasTokenOf(id: Sql, hashes: readonly string[]): Sql {
  return sql`exists (select from audit_token t
    where t.tenant = current_tenant() and t.hash = any(${hashes}::bigint[]) and t.id = ${id})`
}

/** The part of the trail that the times and the cursor leave. */
function idRange({ filters, after, newestFirst }: AuditQuery): Sql | undefined {
  let [from, to] = [0n, MAX_ID]
  for (const filter of filters) {
    if (filter.on !== 'time') continue
    const lowest = idAt(Math.min(...filter.ranges.map((range) => range.from)))
    const highest = idAt(Math.max(...filter.ranges.map((range) => range.to)))
    if (lowest > from) from = lowest
    if (highest < to) to = highest
  }
  if (after !== undefined && newestFirst && BigInt(after) < to) to = BigInt(after)
  if (after !== undefined && !newestFirst && BigInt(after) >= from) from = BigInt(after) + 1n
  if (from >= to) return undefined
  return sql`f.id >= ${from.toString()}::bigint and f.id < ${to.toString()}::bigint`
}

const MAX_ID = 2n ** 63n - 1n
const MAX_MS = 2 ** 43 - 1

/** The lowest id that a row of this moment can have. */
function idAt(epochMs: number): bigint {
  return BigInt(Math.ceil(Math.min(Math.max(epochMs, 0), MAX_MS))) << 20n
}

interface CompiledFilter {
  /** Hashes: every row that fits has one of them. */
  readonly tokens?: readonly string[] | undefined
  /** What still has to be looked at in the row. */
  readonly check?: Sql
  /** The filter of the lowest rank is walked: likely the rarest. */
  readonly rank: number
}

function compileFilter(filter: AuditFilter): CompiledFilter {
  switch (filter.on) {
    case 'time':
      return filter.ranges.length === 1
        ? { rank: 9 }
        : { rank: 9, check: anyOf(filter.ranges.map(withinTime)) }
    case 'updated':
      return { rank: 9, check: anyOf(filter.ranges.map(withinUpdated)) }
    case 'id':
      return { rank: 9, check: sql`a.id = any(${filter.ids.filter(isAuditId)}::bigint[])` }
    case 'entity':
      return { rank: 1, ...compileEntities(filter.refs) }
    case 'agent':
      return { rank: 3, tokens: filter.names.map(agentToken).map(auditHash) }
    case 'action':
      return {
        rank: 2,
        tokens: allTokens(filter.codes.map(actionToken)),
        check: sql`a.action = any(${filter.codes}::"char"[])`,
      }
    case 'outcome':
      return {
        rank: 2,
        tokens: allTokens(filter.codes.map(outcomeToken)),
        check: sql`a.outcome = any(${filter.codes}::smallint[])`,
      }
    case 'type':
    case 'subtype':
      return { rank: 2, ...compileEvent(filter) }
  }
}

function compileEntities(
  refs: readonly { readonly type?: string; readonly id: string }[],
): Omit<CompiledFilter, 'rank'> {
  const tokens = [...new Set(refs.map(({ id }) => auditHash(entityToken(id))))]
  const checks = refs.map(({ type, id }) => {
    if (type === undefined) return hasToken([auditHash(entityToken(id))])
    const named = sql`' ' || a.entities || ' ' like ${`% ${likeText(`${type}/${id}`)} %`}
      or a.entities || ' ' like ${`%${likeText(`${type}/${id}/_history/`)}%`}`
    return type === 'Patient'
      ? sql`(${named} or ' ' || a.patients || ' ' like ${`% ${likeText(id)} %`})`
      : sql`(${named})`
  })
  return refs.every(({ type }) => type === undefined) ? { tokens } : { tokens, check: anyOf(checks) }
}

function compileEvent(
  filter: Extract<AuditFilter, { on: 'type' | 'subtype' }>,
): Omit<CompiledFilter, 'rank'> {
  const { on, own, codings } = filter
  const [column, ownToken, sentToken] =
    on === 'type' ? [sql`a.kind`, kindToken, typeToken] : [sql`a.interaction`, interactionToken, subtypeToken]
  const sent = codings.map((coding) => {
    const wanted = JSON.stringify(on === 'type' ? { type: coding } : { subtype: [coding] })
    return sql`a.content @> ${wanted}::jsonb`
  })
  const tokens = [
    ...own.map(ownToken),
    ...codings.map(({ code }) => (code === undefined ? undefined : sentToken(code))),
  ]
  return { tokens: allTokens(tokens), check: anyOf([sql`${column} = any(${own}::text[])`, ...sent]) }
}

/** Undefined as soon as one value has no token: then its rows are found only by walking. */
function allTokens(tokens: readonly (string | undefined)[]): string[] | undefined {
  const known = tokens.filter((token) => token !== undefined)
  return known.length === tokens.length && known.length > 0 ? [...new Set(known)].map(auditHash) : undefined
}

function anyOf(checks: readonly Sql[]): Sql {
  return sql`(${join(checks, ' or ', sql`false`)})`
}

function withinTime({ from, to }: TimeRange): Sql {
  return sql`(a.id >= ${idAt(from).toString()}::bigint and a.id < ${idAt(to).toString()}::bigint)`
}

/** Our rows never change after their recording; an AuditEvent that a client sent came in later than it says. */
function withinUpdated(range: TimeRange): Sql {
  return sql`case when a.content is null then ${withinTime(range)}
    else a.content #>> '{meta,lastUpdated}' >= ${instantAt(range.from)}
     and a.content #>> '{meta,lastUpdated}' < ${instantAt(range.to)} end`
}

function instantAt(epochMs: number): string {
  return new Date(Math.min(Math.max(epochMs, 0), MAX_MS)).toISOString()
}

function likeText(text: string): string {
  return text.replaceAll(/[\\%_]/g, String.raw`\$&`)
}

const COLUMNS = sql`a.id, a.kind, a.interaction, a.action, a.outcome, a.agent, a.agent_kind, a.address, a.entities,
  a.patients, a.query, a.detail, a.content::text as content, a.content #>> '{meta,lastUpdated}' as received`

interface Row {
  id: string
  kind: string
  interaction: string
  action: string
  outcome: number
  agent: string
  agent_kind: string
  address: string | null
  entities: string
  patients: string
  query: string | null
  detail: Record<string, string | number> | null
  content: string | null
  received: string | null
}

function toRecord(row: Row): AuditRecord {
  return {
    id: row.id,
    at: Number(BigInt(row.id) >> 20n),
    kind: row.kind,
    interaction: row.interaction,
    action: row.action,
    outcome: row.outcome,
    agent: { id: row.agent, kind: row.agent_kind, address: row.address ?? undefined },
    entities: words(row.entities).map(toEntity),
    patients: words(row.patients),
    query: row.query ?? undefined,
    detail: row.detail ?? {},
    content: row.content ?? undefined,
    received: row.received ?? undefined,
  }
}

function toEntity(name: string): AuditEntity {
  const slash = name.indexOf('/')
  const [id, version] = name.slice(slash + 1).split('/_history/') as [string, string | undefined]
  return version === undefined
    ? { type: name.slice(0, slash), id }
    : { type: name.slice(0, slash), id, version: Number(version) }
}

function words(text: string): string[] {
  return text === '' ? [] : text.split(' ')
}
