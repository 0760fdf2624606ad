/**
 * When what messages said of resources happened: sql/0026_source_times.sql. What it means is the channels' matter.
 * Written on condition that nobody has written it since it was read, as a resource is: of two messages about one resource
 * at the same moment the second looks again.
 */
import type { TenantId } from '../kernel/ids.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Db } from './db.ts'
import type { Key } from './integrity/index.ts'
import type { Statement } from './statement.ts'

export interface SourceTime extends Key {
  /** Of the newest that spoke of it, epoch ms. */
  readonly at: number
  readonly said: JsonObject
  /** As it was read; 0: there was none. */
  readonly version: number
}

/** By `Type/id`. */
export type SourceTimes = ReadonlyMap<string, SourceTime>

/** One probe of source_time_pkey each. */
export async function readSourceTimes(db: Db, tenant: TenantId, keys: readonly Key[]): Promise<SourceTimes> {
  if (keys.length === 0) return new Map()
  const rows = await db.lookup<Key & { at: string; said: JsonObject; version: number }>(tenant, {
    name: 'source-times',
    text: `
      select s.type, s.id, s.at::text, s.said, s.version
      from unnest($2::text[], $3::text[]) as k(type, id)
      cross join lateral (
        select * from source_time t where t.tenant = $1::int and t.type = k.type and t.id = k.id offset 0
      ) s`,
    values: [tenant, keys.map(({ type }) => type), keys.map(({ id }) => id)],
  })
  return new Map(rows.map((row) => [`${row.type}/${row.id}`, { ...row, at: Number(row.at) }]))
}

/**
 * In one order of keys for everybody, so that two transactions wait in line. Raises PA002 when somebody else has written
 * one of them since it was read.
 */
export function writeSourceTimes(tenant: TenantId, times: readonly SourceTime[]): Statement {
  const sorted = times.toSorted((a, b) => compare(a.type, b.type) || compare(a.id, b.id))
  return {
    name: 'source-times-write',
    text: `
      with written as (
        insert into source_time as s (tenant, type, id, at, said, version)
        select $1::int, n.type, n.id, n.at, n.said, n.version + 1
        from rows from (
          unnest($2::text[]), unnest($3::text[]), unnest($4::bigint[]), jsonb_array_elements($5::jsonb), unnest($6::int[])
        ) as n(type, id, at, said, version)
        on conflict (tenant, type, id) do update
        set at = excluded.at, said = excluded.said, version = excluded.version
        where s.version = excluded.version - 1
        returning 1
      )
      select assert_absent((select count(*) from written) <> cardinality($2::text[]))`,
    values: [
      tenant,
      sorted.map(({ type }) => type),
      sorted.map(({ id }) => id),
      `{${sorted.map(({ at }) => at).join(',')}}`,
      JSON.stringify(sorted.map(({ said }) => said)),
      sorted.map(({ version }) => version),
    ],
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
