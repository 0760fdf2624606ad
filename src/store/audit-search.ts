/**
 * Reads and searches the audit trail. A search walks one source in the order of time: the rows of the rarest token, or
 * all rows; the other criteria are probed row by row. So a page costs what it shows, not what the trail holds.
 */
import type { TenantId } from '../kernel/ids.ts'
import { compileFilter, hasToken, idAt, type AuditFilter } from './audit-filters.ts'
import { COLUMNS, isAuditId, toRecord, type AuditRecord, type Row } from './audit-record.ts'
import type { Db, Tx } from './db.ts'
import { join, sql, toStatement, type Sql } from './search/sql.ts'
import type { Statement } from './statement.ts'

export interface AuditQuery {
  readonly filters: readonly AuditFilter[]
  readonly newestFirst: boolean
  readonly count: number
  /** The id of the last row of the page before. */
  readonly after?: string
}

export async function readAudit(db: Db, tenant: TenantId, id: string): Promise<AuditRecord | undefined> {
  if (!isAuditId(id)) return undefined
  const text = `select ${COLUMNS.texts[0]} from audit a where a.tenant = current_tenant() and a.id = $1::bigint`
  const [row] = await db.query<Row>(tenant, { name: 'audit-read', text, values: [id] })
  return row && toRecord(row)
}

/** Which of these ids there are. */
export async function existingAudits(db: Db, tenant: TenantId, ids: readonly string[]): Promise<Set<string>> {
  const text = `select id from audit where tenant = current_tenant() and id = any($1::bigint[])`
  const rows = await db.query<{ id: string }>(tenant, {
    name: 'audit-existing',
    text,
    values: [ids.filter(isAuditId)],
  })
  return new Set(rows.map(({ id }) => id))
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
    select ${COLUMNS} from (${sources(parts, direction)}) f ${rowsOf(parts)}
    order by f.id ${direction} limit ${query.count + 1}::int`)
  const rows = await db.transaction(tenant, (tx) => walking<Row>(tx, statement))
  return { records: rows.slice(0, query.count).map(toRecord), more: rows.length > query.count }
}

/** How many rows the filters match. Walks over all of them. */
export async function countAudit(db: Db, tenant: TenantId, { filters }: AuditQuery): Promise<number> {
  const parts = compile({ filters, newestFirst: true, count: 0 })
  if (parts === undefined) return 0
  const statement = toStatement(
    sql`select count(*) as total from (${sources(parts, sql`desc`)}) f ${rowsOf(parts)}`,
  )
  const [row] = await db.transaction(tenant, (tx) => walking<{ total: string }>(tx, statement))
  return Number(row!.total)
}

/** Only a nested loop over merged index scans keeps the order and stops at the limit; a hash or a sort reads all first. */
async function walking<T>(tx: Tx, statement: Statement): Promise<T[]> {
  void tx.query({ text: 'set local enable_hashjoin = off', values: [] })
  void tx.query({ text: 'set local enable_sort = off', values: [] })
  return tx.query<T>(statement)
}

/** The row of each id, if it passes the checks. `offset 0` keeps the planner from turning the join round. */
function rowsOf({ checks }: Parts): Sql {
  return sql`cross join lateral (
    select * from audit a where a.tenant = current_tenant() and a.id = f.id and ${checks} offset 0) a`
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

/**
 * One ordered stream for each token, merged; a row that has two of them comes from the first. Each stream is told its
 * order: left to itself, the planner appends them and sorts.
 */
function sources({ walk, range }: Parts, direction: Sql): Sql {
  if (walk.length === 0) return sql`select f.id from audit f where f.tenant = current_tenant() and ${range}`
  const streams = walk.map((hash, i) => {
    const earlier = i === 0 ? sql`` : sql`and ${hasToken(walk.slice(0, i), sql`f.id`)} is null`
    return sql`(select f.id from audit_token f
      where f.tenant = current_tenant() and f.hash = ${hash}::bigint and ${range} ${earlier} order by f.id ${direction})`
  })
  return join(streams, ' union all ', sql``)
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
