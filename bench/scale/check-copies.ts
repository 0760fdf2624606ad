/** Whether the rows that were copied in bulk are those that the store itself would have made of the resources. */
import { deepStrictEqual } from 'node:assert/strict'

import type { Client } from 'pg'

import type { TenantId } from '../../src/kernel/ids.ts'
import { parseExactObject } from '../../src/kernel/json.ts'
import { toInstant } from '../../src/kernel/clock.ts'
import type { ResourceIndex } from '../../src/store/index-rows.ts'
import { copied, type Copies } from './copies.ts'
import type { Steps } from './copy-tables.ts'
import { makeExtraction } from './extraction.ts'

const OF_EACH_TYPE = 16

interface BaseRow {
  readonly type: string
  readonly id: string
  readonly rid: string
}

interface Row extends BaseRow {
  readonly last_updated: Date
  readonly content: string
  readonly patients: readonly string[]
  readonly ranges: readonly string[]
  readonly strings: readonly string[]
  readonly present: readonly number[]
}

/** @throws AssertionError when a row is missing, too many or other than it should be */
export async function checkCopies(
  client: Client,
  { id: tenant, timezone }: { readonly id: TenantId; readonly timezone: string },
  copies: Copies,
  steps: Steps,
): Promise<{ resources: number; rows: number }> {
  await checkNumbers(client)
  const wanted = await someCopies(client, copies, steps)
  const rows = await readRows(client, tenant, wanted)
  const rids = rows.map(({ rid }) => rid)
  const expected = indexesOf(rows, tenant, timezone)
  const inTables = {
    resource: rows.map(({ type, id, rid }) => ({ type, id, rid })),
    token: await texts(client, `hash || ' ' || rid`, 'token', rids),
    token_at: await texts(client, `hash || ' ' || at || ' ' || rid`, 'token_at', rids),
    string_value: await texts(client, `param || ' ' || value || ' ' || rid`, 'string_value', rids),
    range_value: await texts(client, `param || ' ' || lo || ' ' || hi || ' ' || rid`, 'range_value', rids),
    row: rows.map(({ rid, patients, ranges, strings, present }) => ({
      rid,
      patients,
      ranges,
      strings,
      present,
    })),
    token_value: await meanings(client, tenant, expected.hashes),
  }
  const { hashes: _hashes, ...should } = expected
  deepStrictEqual(inTables, { resource: wanted, ...should })
  return {
    resources: rows.length,
    rows: inTables.token.length + inTables.token_at.length + inTables.range_value.length,
  }
}

/** Nothing in the database keeps two resources from having one number. */
async function checkNumbers(client: Client): Promise<void> {
  const { rows } = await client.query<{ twins: string }>(
    'select count(*) - count(distinct rid) as twins from passerelle.resource',
  )
  deepStrictEqual(rows, [{ twins: '0' }])
}

/** Of each type as many, each from a copy by chance, the base among them. */
async function someCopies(client: Client, copies: Copies, steps: Steps): Promise<BaseRow[]> {
  const { rows } = await client.query<BaseRow>(
    `select type, id, rid from (
       select type, id, rid, row_number() over (partition by type order by random()) as place from bench.base
     ) b where place <= ${OF_EACH_TYPE}`,
  )
  return rows
    .map(({ type, id, rid }) => {
      const copy = Math.floor(Math.random() * copies.count)
      return { type, id: copied(copies, copy, id), rid: String(Number(rid) - copy * steps.rid) }
    })
    .toSorted((a, b) => Number(a.rid) - Number(b.rid))
}

async function readRows(client: Client, tenant: TenantId, wanted: readonly BaseRow[]): Promise<Row[]> {
  const { rows } = await client.query<Row>(
    `select r.rid, r.type, r.id, r.last_updated, r.content::text, r.patients, r.ranges, r.strings, r.present
     from unnest($1::text[], $2::text[]) w(type, id)
     join passerelle.resource r on r.tenant = $3 and r.type = w.type and r.id = w.id order by r.rid`,
    [wanted.map(({ type }) => type), wanted.map(({ id }) => id), tenant],
  )
  return rows
}

function indexesOf(rows: readonly Row[], tenant: TenantId, timezone: string) {
  const { extractor, indexResource } = makeExtraction(timezone)
  const indexes = rows.map(({ rid, type, id, last_updated, content }) => {
    const { value } = parseExactObject(`{"resourceType":"${type}",${content.slice(1)}`)
    const meta = value['meta'] as { readonly lastUpdated: string }
    deepStrictEqual([value['id'], meta.lastUpdated], [id, toInstant(last_updated.getTime())])
    return { rid, index: indexResource(extractor, tenant, type, value) }
  })
  const all = (pick: (index: ResourceIndex) => readonly string[]) =>
    indexes.flatMap(({ rid, index }) => pick(index).map((text) => `${text} ${rid}`)).toSorted()
  const known = new Map(indexes.flatMap(({ index }) => index.meanings.map((each) => [each.hash, each])))
  return {
    token: all(({ tokens }) => tokens),
    token_at: all(({ dated }) => dated.map(({ hash, at }) => `${hash} ${at}`)),
    string_value: all(({ strings }) => strings.map(({ param, value }) => `${param} ${value}`)),
    range_value: all(({ ranges }) => ranges.map(({ param, lo, hi }) => `${param} ${lo} ${hi}`)),
    row: indexes.map(({ rid, index }) => ({ rid, ...index.row })),
    token_value: [...known.values()]
      .map(({ hash, param, value, system }) => `${hash} ${param} ${value} ${system ?? ''}`)
      .toSorted(),
    hashes: [...known.keys()],
  }
}

/** One pass over the table: its keys begin with something else than the number. */
async function texts(client: Client, text: string, table: string, rids: readonly string[]) {
  const { rows } = await client.query<{ text: string }>(
    `select ${text} as text from passerelle.${table} where rid = any($1::bigint[])`,
    [rids],
  )
  return rows.map((row) => row.text).toSorted()
}

async function meanings(client: Client, tenant: TenantId, hashes: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ text: string }>(
    `select hash || ' ' || param || ' ' || value || ' ' || coalesce(system::text, '') as text
     from passerelle.token_value where tenant = $2 and hash = any($1::bigint[])`,
    [hashes, tenant],
  )
  return rows.map((row) => row.text).toSorted()
}
