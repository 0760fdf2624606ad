/**
 * SQL that fills the tables of the resources and their index with copies of what they have. Each table is emptied,
 * filled and indexed in one transaction: what a transaction makes from empty goes past the log (wal_level minimal).
 */
import type { Client } from 'pg'

import { beginning, type Copies, MARK, PEOPLE, TIME_MARK, UUID } from './copies.ts'

/** The largest first: who is free takes the next. */
export const TABLES = ['resource', 'token', 'range_value', 'token_at', 'string_value', 'token_value'] as const
export type CopiedTable = (typeof TABLES)[number]

/** What a copy has in a column; the others are as in the base. `v` is the copy's own hash, where it has one. */
const COLUMNS: Readonly<Record<CopiedTable, Readonly<Record<string, string>>>> = {
  resource: {
    rid: 'b.rid - $shift',
    id: 'replace(b.id, $mark, $beginning)',
    patients: 'replace(b.patients, $mark, $beginning)::text[]',
    last_updated: 'b.last_updated - $earlier',
    content:
      `replace(replace(b.content, $mark, $beginning), $time_mark, to_char((b.last_updated - $earlier) at time zone 'UTC', ` +
      `'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))::jsonb`,
  },
  token: { rid: 'b.rid - $shift', hash: 'coalesce(v.hash, b.hash)' },
  token_at: { rid: 'b.rid - $shift', hash: 'coalesce(v.hash, b.hash)' },
  range_value: { rid: 'b.rid - $shift' },
  string_value: { rid: 'b.rid - $shift' },
  token_value: { hash: 'v.hash', value: 'replace(b.value, $mark, $beginning)' },
}

const GAPS = (text: string) => `regexp_replace(${text}, '${UUID}', '${MARK}\\1', 'g')`

/** How a column of the base is kept for the copies. */
const GAPPED: Readonly<Record<string, string>> = {
  'resource.id': GAPS('b.id'),
  'resource.patients': GAPS('b.patients::text'),
  'resource.content': GAPS(
    `jsonb_set(b.content, '{meta,lastUpdated}', to_jsonb('${TIME_MARK}'::text))::text`,
  ),
  'token_value.value': GAPS('b.value'),
}

/** src/store/hash.ts in SQL. */
const VARIANTS = `
v as materialized (
  select hash as base, ('x' || encode(substr(
    sha256(convert_to(replace(text, $mark, $beginning), 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint as hash
  from bench.variant
)`

const OTHERS = `from bench.$table b`
const SOURCES: Readonly<Record<CopiedTable, string>> = {
  resource: OTHERS,
  token: `${OTHERS} left join v on v.base = b.hash`,
  token_at: `${OTHERS} left join v on v.base = b.hash`,
  range_value: OTHERS,
  string_value: OTHERS,
  token_value: `${OTHERS} join v on v.base = b.hash`,
}

/** How far the numbers and times of one copy are from those of the next. */
export interface Steps {
  readonly rid: number
  readonly ms: number
}

/** Puts a table's rows aside as they are (kept_…), and what is to be copied with gaps. */
export async function putAside(client: Client, table: CopiedTable): Promise<void> {
  const columns = await columnsOf(client, table)
  const gapped = columns.map((name) => `${GAPPED[`${table}.${name}`] ?? `b.${name}`} as ${name}`).join(', ')
  const copied =
    table === 'token_value' ? 'bench.variant c where c.hash = b.hash' : 'bench.base c where c.rid = b.rid'
  await client.query(`create unlogged table bench.kept_${table} as select * from passerelle.${table}`)
  await client.query(
    `create unlogged table bench.${table} as
     select ${gapped} from passerelle.${table} b where exists (select from ${copied})`,
  )
  await client.query(`analyze bench.${table}`)
}

/** Which resources are copied: all of the base but its people. */
export async function nameBase(client: Client, firstRid: number): Promise<Steps> {
  await client.query(
    `create unlogged table bench.base as select rid, type, id, last_updated from passerelle.resource
     where rid >= ${firstRid} and type <> all($1)`,
    [PEOPLE],
  )
  await client.query('analyze bench.base')
  await client.query('analyze bench.variant')
  const { rows } = await client.query<{ rids: string; ms: number; twins: string }>(
    `select max(rid) - ${firstRid} + 1 as rids,
            (extract(epoch from max(last_updated) - min(last_updated)) * 1000)::float8 as ms,
            count(*) - count(distinct (type, substr(id, 9))) as twins
     from bench.base`,
  )
  const { rids, ms, twins } = rows[0]!
  if (twins !== '0') throw new Error(`${twins} ids of the base differ in their time only`)
  return { rid: Number(rids), ms: Math.ceil(ms) + 1 }
}

/** @returns the rows that the table has now */
export async function fill(
  client: Client,
  table: CopiedTable,
  copies: Copies,
  steps: Steps,
): Promise<{ rows: number; fillSeconds: number; indexSeconds: number }> {
  const columns = await columnsOf(client, table)
  const values = columns.map((name) => COLUMNS[table][name] ?? `b.${name}`).join(', ')
  const copy = `insert into passerelle.${table} (${columns.join(', ')}) select ${values} ${SOURCES[table]}`
  const statement = SOURCES[table] === OTHERS ? copy : `with ${VARIANTS} ${copy}`
  const started = performance.now()
  let rows = 0
  await client.query('begin')
  const restore = await dropIndexes(client, table)
  await client.query(`truncate passerelle.${table}`)
  for (let number = copies.count - 1; number > 0; number--) {
    rows += (await client.query(put(statement, table, copies, steps, number))).rowCount ?? 0
  }
  const kept = await client.query(
    `insert into passerelle.${table} (${columns.join(', ')}) select ${columns.join(', ')} from bench.kept_${table}`,
  )
  await client.query(`drop table bench.kept_${table}`)
  const filled = performance.now()
  for (const definition of restore) await client.query(definition)
  await client.query('commit')
  return {
    rows: rows + (kept.rowCount ?? 0),
    fillSeconds: (filled - started) / 1000,
    indexSeconds: (performance.now() - filled) / 1000,
  }
}

function put(statement: string, table: string, copies: Copies, steps: Steps, number: number): string {
  return statement
    .replaceAll('$table', table)
    .replaceAll('$shift', String(number * steps.rid))
    .replaceAll('$earlier', `interval '${number * steps.ms} milliseconds'`)
    .replaceAll('$mark', `'${MARK}'`)
    .replaceAll('$time_mark', `'${TIME_MARK}'`)
    .replaceAll('$beginning', `'${beginning(copies, number)}'`)
}

/** Without those that the database generates. */
async function columnsOf(client: Client, table: CopiedTable): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select attname as name from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum`,
    [`passerelle.${table}`],
  )
  return rows.map(({ name }) => name)
}

/** @returns the statements that make them again exactly */
async function dropIndexes(client: Client, table: CopiedTable): Promise<string[]> {
  const name = `passerelle.${table}`
  const keys = await client.query<{ name: string; definition: string }>(
    `select quote_ident(conname) as name, pg_get_constraintdef(oid) as definition
     from pg_constraint where conrelid = $1::regclass and contype in ('p', 'u', 'x')`,
    [name],
  )
  const indexes = await client.query<{ name: string; definition: string }>(
    `select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition from pg_index i
     where indrelid = $1::regclass and not exists (select from pg_constraint c where c.conindid = i.indexrelid)`,
    [name],
  )
  for (const key of keys.rows) await client.query(`alter table ${name} drop constraint ${key.name}`)
  for (const index of indexes.rows) await client.query(`drop index ${index.name}`)
  return [
    ...keys.rows.map((key) => `alter table ${name} add constraint ${key.name} ${key.definition}`),
    ...indexes.rows.map((index) => index.definition),
  ]
}
