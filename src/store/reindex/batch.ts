/**
 * Some resources of a type, in the order of their ids: what their index should be is worked out again, and what differs
 * is written. No new versions. Nothing is written for a resource whose index is right.
 */
import { setImmediate } from 'node:timers/promises'

import type { TenantId } from '../../kernel/ids.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { Db, Tx } from '../db.ts'
import { longHash } from '../hash.ts'
import { isLong } from '../index-ranges.ts'
import { indexDifference, type ResourceIndex } from '../index-rows.ts'
import { indexGaps, type IndexOf } from '../queries/index-gaps.ts'
import { type LockedRow, lockResources } from '../queries/lock-resources.ts'
import {
  indexResources,
  type IndexRows,
  type ResourceWrite,
  writeMeanings,
} from '../queries/write-resources.ts'
import type { SearchModel } from '../search-model/index.ts'

export interface BatchResult {
  /** Id of the last resource that was looked at; undefined: there is none after `after`. */
  readonly last: string | undefined
  readonly seen: number
  readonly changed: number
  /** `Type/id` of those that could not be indexed. */
  readonly failures: readonly string[]
}

export interface BatchDeps {
  readonly db: Db
  modelOf(tenant: TenantId): SearchModel
}

interface IndexedRow {
  readonly type: string
  readonly id: string
  readonly rid: string
  readonly version: number
  readonly last_updated: Date
  readonly patients: readonly string[]
  readonly ranges: readonly string[]
  readonly strings: readonly string[]
  readonly present: readonly number[]
  readonly content: string
}

/** What a resource's index should be, and how to come there. */
interface Worked extends IndexOf {
  readonly row: IndexedRow
  readonly after: ResourceIndex
}

/** Somebody changed some of them while we looked; each round there are fewer. */
const MAX_ROUNDS = 20
/** Resources between two looks at what else this process has to do: some milliseconds. */
const AT_ONCE = 5

const COLUMNS =
  'type, id, rid, version, last_updated, patients, ranges::text[], strings, present, content::text as content'

/** Compressed, together; one resource is taken whatever its size. */
const MAX_CONTENT = 1_000_000

/** Straight along resource_pkey. */
const NEXT = `
  select ${COLUMNS} from (
    select *, sum(pg_column_size(content)) over (order by id) - pg_column_size(content) as ahead from (
      select * from resource
      where tenant = $1::int and type = $2::text and id > $3::text and not deleted order by id limit $4::int
    ) r
  ) r
  where ahead < ${MAX_CONTENT} order by id`

const AGAIN = `
  select r.* from unnest($3::text[]) k(id) cross join lateral (
    select ${COLUMNS} from resource where tenant = $1::int and type = $2::text and id = k.id and not deleted offset 0) r`

export async function reindexBatch(
  { db, modelOf }: BatchDeps,
  tenant: TenantId,
  type: string,
  after: string,
  limit: number,
): Promise<BatchResult> {
  let rows = await db.query<IndexedRow>(tenant, {
    name: 'reindex-next',
    text: NEXT,
    values: [tenant, type, after, limit],
  })
  const { length: seen } = rows
  const last = rows.at(-1)?.id
  let changed = 0
  const failures: string[] = []
  for (let round = 1; rows.length > 0; round++) {
    const model = modelOf(tenant)
    const { worked, failed } = await workOut(model, rows)
    failures.push(...failed)
    const wrong = await differing(db, tenant, worked)
    const left = wrong.length === 0 ? [] : await write(db, tenant, wrong, model.revision)
    changed += wrong.length - left.length
    if (left.length === 0) break
    if (round === MAX_ROUNDS) {
      failures.push(...left.map(({ id }) => `${type}/${id}`))
      break
    }
    rows = await db.query<IndexedRow>(tenant, {
      name: 'reindex-again',
      text: AGAIN,
      values: [tenant, type, left.map(({ id }) => id)],
    })
  }
  return { last, seen, changed, failures }
}

async function workOut(
  model: SearchModel,
  rows: readonly IndexedRow[],
): Promise<{ worked: Worked[]; failed: string[] }> {
  const worked: Worked[] = []
  const failed: string[] = []
  for (const [i, row] of rows.entries()) {
    if (i % AT_ONCE === AT_ONCE - 1) await setImmediate()
    try {
      worked.push(workOutOne(model, row))
    } catch {
      failed.push(`${row.type}/${row.id}`)
    }
  }
  return { worked, failed }
}

function workOutOne(model: SearchModel, row: IndexedRow): Worked {
  const { type } = row
  const resource = { resourceType: type, ...(JSON.parse(row.content) as JsonObject) }
  const after = model.index(type, resource)
  const former = model.formerIndex === model.index ? after : model.formerIndex(type, resource)
  const { removed: stale } = indexDifference(mergeRows(former, noLonger(row, after)), after)
  return { row, rid: Number(row.rid), after, rows: after, meanings: after.meanings, stale }
}

/** Intervals and strings that the row tells of and that should not be there: whatever made them. */
function noLonger(row: IndexedRow, after: ResourceIndex): IndexRows {
  const kept = new Set(
    [...triples(after.row.ranges), ...triples(after.row.strings)].map((each) => each.join('\0')),
  )
  const gone = (list: readonly string[]) => triples(list).filter((each) => !kept.has(each.join('\0')))
  const ranges = gone(row.ranges).map(([param, lo, hi]) => ({ param, lo, hi }))
  const long = ranges.filter(isLong).map((range) => ({ ...range, param: longHash(range.param) }))
  const strings = gone(row.strings).map(([param, value]) => ({ param, value }))
  return { tokens: [], dated: [], strings, ranges: [...ranges, ...long] }
}

function triples(list: readonly string[]): [string, string, string][] {
  const found: [string, string, string][] = []
  for (let i = 0; i + 2 < list.length; i += 3) found.push([list[i]!, list[i + 1]!, list[i + 2]!])
  return found
}

function mergeRows(a: IndexRows, b: IndexRows): IndexRows {
  return {
    tokens: [...a.tokens, ...b.tokens],
    dated: [...a.dated, ...b.dated],
    strings: [...a.strings, ...b.strings],
    ranges: [...a.ranges, ...b.ranges],
  }
}

async function differing(db: Db, tenant: TenantId, worked: readonly Worked[]): Promise<Worked[]> {
  const gaps = await db.query<{ rid: string }>(tenant, indexGaps(tenant, worked))
  const lacking = new Set(gaps.map(({ rid }) => Number(rid)))
  return worked.filter((one) => lacking.has(one.rid) || !sameRow(one))
}

function sameRow({ row, after }: Worked): boolean {
  const { patients, ranges, strings, present } = after.row
  return (
    sameList(row.patients, patients) &&
    sameList(row.ranges, ranges) &&
    sameList(row.strings, strings) &&
    sameList(row.present, present)
  )
}

function sameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i])
}

/** Those that could not be written because they are others by now. */
async function write(
  db: Db,
  tenant: TenantId,
  wrong: readonly Worked[],
  revision: number,
): Promise<IndexedRow[]> {
  // On their own, ahead: who waits for a meaning must not hold a resource.
  const meanings = wrong.flatMap((one) => one.meanings)
  if (meanings.length > 0) await db.query(tenant, writeMeanings(tenant, meanings))
  return db.transaction(tenant, async (tx) => {
    const unchanged = await lockUnchanged(tx, tenant, wrong)
    const writes = unchanged.map(writeOf)
    if (writes.length > 0) void tx.query(indexResources(tenant, writes, revision))
    return wrong.filter((one) => !unchanged.includes(one)).map(({ row }) => row)
  })
}

async function lockUnchanged(tx: Tx, tenant: TenantId, wrong: readonly Worked[]): Promise<Worked[]> {
  const keys = wrong.map(({ row }) => row)
  const locked = await tx.query<LockedRow>(lockResources(tenant, keys))
  const versions = new Map(locked.map(({ id, version }) => [id, version]))
  return wrong.filter(({ row }) => versions.get(row.id) === row.version)
}

function writeOf({ row, after, stale }: Worked): ResourceWrite {
  const { type, id, version } = row
  const lastUpdatedMs = row.last_updated.getTime()
  const base = { type, id, rid: Number(row.rid), expected: version, lastUpdatedMs, method: 'PUT' as const }
  return { ...base, ...after.row, content: undefined, added: after, removed: stale }
}
