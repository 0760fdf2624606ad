/** When what messages said of resources happened: sql/0026_source_times.sql. What it means is the channels' matter. */
import type { TenantId } from '../kernel/ids.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Db } from './db.ts'
import type { Key } from './integrity/index.ts'
import type { Statement } from './statement.ts'

export interface SourceTime extends Key {
  /** Of the newest that spoke of it, epoch ms. */
  readonly at: number
  readonly said: JsonObject
}

/** By `Type/id`. */
export type SourceTimes = ReadonlyMap<string, SourceTime>

/** One probe of source_time_pkey each. */
export async function readSourceTimes(db: Db, tenant: TenantId, keys: readonly Key[]): Promise<SourceTimes> {
  if (keys.length === 0) return new Map()
  const rows = await db.lookup<Key & { at: string; said: JsonObject }>(tenant, {
    name: 'source-times',
    text: `
      select s.type, s.id, s.at::text, s.said
      from unnest($2::text[], $3::text[]) as k(type, id)
      cross join lateral (
        select * from source_time t where t.tenant = $1::int and t.type = k.type and t.id = k.id offset 0
      ) s`,
    values: [tenant, keys.map(({ type }) => type), keys.map(({ id }) => id)],
  })
  return new Map(rows.map((row) => [`${row.type}/${row.id}`, { ...row, at: Number(row.at) }]))
}

/** In one order of keys for everybody, so that two transactions wait in line. */
export function writeSourceTimes(tenant: TenantId, times: readonly SourceTime[]): Statement {
  const sorted = times.toSorted((a, b) => compare(a.type, b.type) || compare(a.id, b.id))
  return {
    name: 'source-times-write',
    text: `
      insert into source_time (tenant, type, id, at, said)
      select $1::int, n.type, n.id, n.at, n.said
      from rows from (
        unnest($2::text[]), unnest($3::text[]), unnest($4::bigint[]), jsonb_array_elements($5::jsonb)
      ) as n(type, id, at, said)
      on conflict (tenant, type, id) do update set at = excluded.at, said = excluded.said`,
    values: [
      tenant,
      sorted.map(({ type }) => type),
      sorted.map(({ id }) => id),
      `{${sorted.map(({ at }) => at).join(',')}}`,
      JSON.stringify(sorted.map(({ said }) => said)),
    ],
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
