/**
 * The one statement that writes resources: new ones, new versions and deletions, with their superseded versions and
 * the difference of their search index, for any number of resources at once. It comes in several shapes, see STATEMENTS.
 *
 * Each write names the version it was made for (0: there must be none). The statement counts what it could write and
 * raises PA001 when that isn't all (or 23505), so a lost race undoes everything and nothing needs a lock beforehand.
 * The unnested arrays are joined to the tables' keys, the tenant among their columns and behind a fence (materialized,
 * offset 0): a constant on the table's side lets the planner start from the table and read all of the tenant instead,
 * which it did as long as its statistics said that the table is empty (550 updates/s).
 */
import { toInstant } from '../../kernel/clock.ts'
import type { TenantId } from '../../kernel/ids.ts'
import type { Statement } from '../statement.ts'

/** Search index rows of one resource, values as their table has them. */
export interface IndexRows {
  readonly tokens: readonly string[]
  /** Leading tokens with where the resource's clinical date begins. */
  readonly dated: readonly { readonly hash: string; readonly at: string }[]
  readonly strings: readonly { readonly param: string; readonly value: string }[]
  /** Dates and numbers as src/store/index-ranges.ts makes them. */
  readonly ranges: readonly { readonly param: string; readonly lo: string; readonly hi: string }[]
}

/** What the resource's own row says for the conditions that are read off it. */
export interface RowIndex {
  readonly patients: readonly string[]
  /** (parameter, from, to) … */
  readonly ranges: readonly string[]
  /** (parameter, normalised, as written) … */
  readonly strings: readonly string[]
  /** 32 bits of each parameter that has a value. */
  readonly present: readonly number[]
}

export interface ResourceWrite extends RowIndex {
  readonly type: string
  readonly id: string
  readonly rid: number
  /** The version that must be current; 0 when there must be none. */
  readonly expected: number
  readonly lastUpdatedMs: number
  /** What makes the version. */
  readonly method: VersionMethod
  /** JSON text without resourceType; undefined deletes. */
  readonly content: string | undefined
  readonly added: IndexRows
  readonly removed: IndexRows
}

/** What a token hash stands for; written once. */
export interface TokenMeaning {
  readonly hash: string
  readonly param: string
  readonly value: string
  /** 64 bits of its system; null: it has none. */
  readonly system: string | null
}

/** The HTTP verb of the interaction that makes a version. */
export type VersionMethod = 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** As the column has it. */
export const METHOD_CODES: Readonly<Record<VersionMethod, string>> = {
  POST: 'C',
  PUT: 'P',
  PATCH: 'A',
  DELETE: 'D',
}

/** What every write does: the rows of new resources and what the index gains. */
const op = `
op as materialized (
  select $1::int as tenant, o.* from rows from (
    unnest($2::text[]), unnest($3::text[]), unnest($4::bigint[]), unnest($5::int[]), unnest($6::timestamptz[]),
    unnest($7::text[]), unnest($8::text[]), jsonb_array_elements($9::jsonb), jsonb_array_elements($10::jsonb),
    unnest($11::text[]), unnest($12::"char"[])
  ) as o(type, id, rid, expected, at, patients, ranges, strings, content, present, method)
)`

const additions = (onConflict: string) => `
inserted as (
  insert into resource
    (tenant, rid, type, id, version, last_updated, patients, ranges, strings, present, content, method)
  select $1::int, rid, type, id, 1, at, patients::text[], ranges::bigint[],
         array(select jsonb_array_elements_text(strings)), present::int[], content, method
  from op where expected = 0 ${onConflict}
  returning 1
),
t_add as (
  insert into token (tenant, hash, rid)
  select $1::int, hash, rid from unnest($13::bigint[], $14::bigint[]) as n(hash, rid) ${onConflict}
),
m_add as (
  insert into token_value (tenant, hash, param, value, system)
  select $1::int, hash, param, value, system
  from unnest($15::bigint[], $16::bigint[], $17::text[], $28::bigint[]) as n(hash, param, value, system)
  on conflict do nothing
),
a_add as (
  insert into token_at (tenant, hash, at, rid)
  select $1::int, hash, at, rid from unnest($25::bigint[], $26::bigint[], $27::bigint[]) as n(hash, at, rid)
  ${onConflict}
),
s_add as (
  insert into string_value (tenant, param, value, rid)
  select $1::int, param, value, rid from unnest($18::bigint[], $19::text[], $20::bigint[]) as n(param, value, rid)
  ${onConflict}
),
r_add as (
  insert into range_value (tenant, param, lo, hi, rid)
  select $1::int, param, lo, hi, rid
  from unnest($21::bigint[], $22::bigint[], $23::bigint[], $24::bigint[]) as n(param, lo, hi, rid) ${onConflict}
)`

/** What new versions and deletions do besides. */
const versions = `
superseded as (
  insert into resource_history (tenant, rid, version, last_updated, deleted, content, method, type, superseded_at)
  select r.tenant, r.rid, r.version, r.last_updated, r.deleted, r.content, r.method, r.type, op.at
  from op join resource r on r.tenant = op.tenant and r.type = op.type and r.id = op.id and r.version = op.expected
  where op.expected > 0
),
updated as (
  update resource r
  set version = op.expected + 1, last_updated = op.at, deleted = op.content = 'null',
      content = nullif(op.content, 'null'), patients = op.patients::text[], ranges = op.ranges::bigint[],
      present = op.present::int[], method = op.method, strings = array(select jsonb_array_elements_text(op.strings))
  from op
  where op.expected > 0 and r.tenant = op.tenant and r.type = op.type and r.id = op.id and r.version = op.expected
  returning 1
)`

/** What the row of a version that is there says for its index. */
const indexed = `
updated as (
  update resource r
  set patients = op.patients::text[], ranges = op.ranges::bigint[], present = op.present::int[],
      strings = array(select jsonb_array_elements_text(op.strings))
  from op
  where r.tenant = op.tenant and r.type = op.type and r.id = op.id and r.version = op.expected
  returning 1
)`

const removals = `
t_del as (
  delete from token t
  using (select $1::int as tenant, * from unnest($30::bigint[], $31::bigint[]) as o(hash, rid) offset 0) o
  where t.tenant = o.tenant and t.hash = o.hash and t.rid = o.rid
),
a_del as (
  delete from token_at t
  using (select $1::int as tenant, * from unnest($39::bigint[], $40::bigint[], $41::bigint[]) as o(hash, at, rid) offset 0) o
  where t.tenant = o.tenant and t.hash = o.hash and t.at = o.at and t.rid = o.rid
),
s_del as (
  delete from string_value s
  using (select $1::int as tenant, * from unnest($32::bigint[], $33::text[], $34::bigint[]) as o(param, value, rid) offset 0) o
  where s.tenant = o.tenant and s.param = o.param and s.value = o.value and s.rid = o.rid
),
r_del as (
  delete from range_value d
  using (
    select $1::int as tenant, * from unnest($35::bigint[], $36::bigint[], $37::bigint[], $38::bigint[]) as o(param, lo, hi, rid)
    offset 0
  ) o
  where d.tenant = o.tenant and d.param = o.param and d.lo = o.lo and d.hi = o.hi and d.rid = o.rid
)`

/** All of it was written, and indexed for what the tenant can search by now: sql/0018_search_parameters.sql. */
const assertions = `
select assert_written(
  cardinality($2::text[]), (select count(*) from updated) + (select count(*) from inserted)
), assert_indexed_for($1::int, $29::bigint)`

const assertInserted = `
select assert_written(cardinality($2::text[]), (select count(*) from inserted)),
  assert_indexed_for($1::int, $29::bigint)`

/**
 * Plain inserts cost a sixth less of the database's CPU and of its log than those that look for a conflict first, and
 * raise 23505 where a race was lost. After a lost race the conflict is looked for: an index row that is there already
 * then harms nobody. Who writes only what is new is spared the steps for what is not, 0.1 ms a statement.
 */
const STATEMENTS = {
  'write-new': `with ${op},${additions('')}${assertInserted}`,
  'write-resources': `with ${op},${versions},${removals},${additions('')}${assertions}`,
  'rewrite-resources': `with ${op},${versions},${removals},${additions('on conflict do nothing')}${assertions}`,
  'index-resources': `with ${op},${indexed},${removals},${additions('on conflict do nothing')}${assertions}`,
}

export interface WriteOptions {
  /** Of the search model that the writes are indexed for. */
  readonly revision: number
  /** The writes have lost a race before. */
  readonly again?: boolean | undefined
}

/**
 * @param meanings token values that may be new; sorted by hash, so that two transactions that add the same ones
 *   wait for each other in one order and not in a circle.
 */
export function writeResources(
  tenant: TenantId,
  writes: readonly ResourceWrite[],
  meanings: readonly TokenMeaning[],
  { revision, again = false }: WriteOptions,
): Statement {
  const isNew = !again && writes.every((write) => write.expected === 0)
  const name = again ? 'rewrite-resources' : isNew ? 'write-new' : 'write-resources'
  const values = valuesOf(tenant, writes, meanings, revision)
  return { name, text: STATEMENTS[name], values: isNew ? values : [...values, ...removedColumns(writes)] }
}

/** No new versions: of the versions that are there (`expected`), what they are found by. */
export function indexResources(
  tenant: TenantId,
  writes: readonly ResourceWrite[],
  revision: number,
): Statement {
  const name = 'index-resources'
  const values = [...valuesOf(tenant, writes, [], revision), ...removedColumns(writes)]
  return { name, text: STATEMENTS[name], values }
}

/** What tokens stand for, alone. */
export function writeMeanings(tenant: TenantId, meanings: readonly TokenMeaning[]): Statement {
  const sorted = distinctByHash(meanings)
  return {
    name: 'write-meanings',
    text: `
      insert into token_value (tenant, hash, param, value, system)
      select $1::int, hash, param, value, system
      from unnest($2::bigint[], $3::bigint[], $4::text[], $5::bigint[]) as n(hash, param, value, system)
      on conflict do nothing`,
    values: [
      tenant,
      sorted.map(({ hash }) => hash),
      sorted.map(({ param }) => param),
      sorted.map(({ value }) => value),
      sorted.map(({ system }) => system),
    ],
  }
}

/** Sorted, so that two transactions that add the same ones wait for each other in one order and not in a circle. */
export function distinctByHash(meanings: readonly TokenMeaning[]): TokenMeaning[] {
  return [...new Map(meanings.map((meaning) => [meaning.hash, meaning])).values()].sort((a, b) =>
    a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0,
  )
}

function valuesOf(
  tenant: TenantId,
  writes: readonly ResourceWrite[],
  meanings: readonly TokenMeaning[],
  revision: number,
): unknown[] {
  const added = (write: ResourceWrite) => write.added
  return [
    tenant,
    writes.map((write) => write.type),
    writes.map((write) => write.id),
    numbers(writes.map((write) => write.rid)),
    numbers(writes.map((write) => write.expected)),
    writes.map((write) => toInstant(write.lastUpdatedMs)),
    // An id holds nothing that would break out of the quotes (an unquoted `null` would be one); strings go as JSON.
    writes.map((write) => numbers(write.patients.map((id) => `"${id}"`))),
    writes.map((write) => numbers(write.ranges)),
    JSON.stringify(writes.map((write) => write.strings)),
    `[${writes.map((write) => write.content ?? 'null').join(',')}]`,
    writes.map((write) => numbers(write.present)),
    writes.map((write) => METHOD_CODES[write.method]),
    ...tokenColumns(writes, added),
    numbers(meanings.map((meaning) => meaning.hash)),
    numbers(meanings.map((meaning) => meaning.param)),
    meanings.map((meaning) => meaning.value),
    ...stringColumns(writes, added),
    ...rangeColumns(writes, added),
    ...datedColumns(writes, added),
    numbers(meanings.map(({ system }) => system ?? 'null')),
    revision,
  ]
}

function removedColumns(writes: readonly ResourceWrite[]): unknown[] {
  const removed = (write: ResourceWrite) => write.removed
  return [
    ...tokenColumns(writes, removed),
    ...stringColumns(writes, removed),
    ...rangeColumns(writes, removed),
    ...datedColumns(writes, removed),
  ]
}

type RowsOf = (write: ResourceWrite) => IndexRows

function tokenColumns(writes: readonly ResourceWrite[], rowsOf: RowsOf): unknown[] {
  const column = columnsOf(writes, (write) => rowsOf(write).tokens)
  return [numbers(column((hash) => hash)), numbers(column((_, rid) => rid))]
}

function stringColumns(writes: readonly ResourceWrite[], rowsOf: RowsOf): unknown[] {
  const column = columnsOf(writes, (write) => rowsOf(write).strings)
  return [
    numbers(column(({ param }) => param)),
    column(({ value }) => value),
    numbers(column((_, rid) => rid)),
  ]
}

function datedColumns(writes: readonly ResourceWrite[], rowsOf: RowsOf): unknown[] {
  const column = columnsOf(writes, (write) => rowsOf(write).dated)
  return [
    numbers(column(({ hash }) => hash)),
    numbers(column(({ at }) => at)),
    numbers(column((_, rid) => rid)),
  ]
}

function rangeColumns(writes: readonly ResourceWrite[], rowsOf: RowsOf): unknown[] {
  const column = columnsOf(writes, (write) => rowsOf(write).ranges)
  return [
    numbers(column(({ param }) => param)),
    numbers(column(({ lo }) => lo)),
    numbers(column(({ hi }) => hi)),
    numbers(column((_, rid) => rid)),
  ]
}

/** The rows of all writes, one column of them at a time. */
function columnsOf<Row>(writes: readonly ResourceWrite[], rowsOf: (write: ResourceWrite) => readonly Row[]) {
  return <Value>(of: (row: Row, rid: number) => Value): Value[] => {
    const column: Value[] = []
    for (const write of writes) for (const row of rowsOf(write)) column.push(of(row, write.rid))
    return column
  }
}

/** An array literal of numbers: nothing to quote, so no driver has to look at each. */
function numbers(values: readonly (string | number)[]): string {
  return `{${values.join(',')}}`
}
