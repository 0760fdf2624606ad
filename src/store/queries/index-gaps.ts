/**
 * Which resources lack rows of their index, or have rows that they should not: one look into the primary key of each table
 * a row. The offsets are fences, see docs/decisions/0001.
 */
import type { TenantId } from '../../kernel/ids.ts'
import type { Statement } from '../statement.ts'
import type { IndexRows, TokenMeaning } from './write-resources.ts'

export interface IndexOf {
  readonly rid: number
  /** What must be there. */
  readonly rows: IndexRows
  readonly meanings: readonly TokenMeaning[]
  /** What must not be there any more. */
  readonly stale: IndexRows
}

/** In each table, by its key: `has` is `not exists` for what must be there, `exists` for what must not. */
const looks = (has: 'exists' | 'not exists', from: number) => {
  const $ = (i: number) => `$${from + i}`
  return `
  select n.rid from unnest(${$(0)}::bigint[], ${$(1)}::bigint[]) as n(hash, rid)
  where ${has} (select from token t where t.tenant = $1::int and t.hash = n.hash and t.rid = n.rid offset 0)
  union
  select n.rid from unnest(${$(2)}::bigint[], ${$(3)}::bigint[], ${$(4)}::bigint[]) as n(hash, at, rid)
  where ${has} (select from token_at t
    where t.tenant = $1::int and t.hash = n.hash and t.at = n.at and t.rid = n.rid offset 0)
  union
  select n.rid from unnest(${$(5)}::bigint[], ${$(6)}::text[], ${$(7)}::bigint[]) as n(param, value, rid)
  where ${has} (select from string_value s
    where s.tenant = $1::int and s.param = n.param and s.value = n.value and s.rid = n.rid offset 0)
  union
  select n.rid
  from unnest(${$(8)}::bigint[], ${$(9)}::bigint[], ${$(10)}::bigint[], ${$(11)}::bigint[]) as n(param, lo, hi, rid)
  where ${has} (select from range_value d
    where d.tenant = $1::int and d.param = n.param and d.lo = n.lo and d.hi = n.hi and d.rid = n.rid offset 0)`
}

const TEXT = `${looks('not exists', 2)} union ${looks('exists', 14)} union
  select n.rid from unnest($26::bigint[], $27::bigint[]) as n(hash, rid)
  where not exists (select from token_value v where v.tenant = $1::int and v.hash = n.hash offset 0)`

/** @returns rows with `rid` */
export function indexGaps(tenant: TenantId, indexes: readonly IndexOf[]): Statement {
  const meanings = indexes.flatMap(({ rid, meanings }) => meanings.map(({ hash }) => ({ rid, hash })))
  return {
    name: 'index-gaps',
    text: TEXT,
    values: [
      tenant,
      ...columns(indexes, ({ rows }) => rows),
      ...columns(indexes, ({ stale }) => stale),
      meanings.map(({ hash }) => hash),
      meanings.map(({ rid }) => rid),
    ],
  }
}

function columns(indexes: readonly IndexOf[], rowsOf: (one: IndexOf) => IndexRows): unknown[] {
  const each = <Row>(pick: (rows: IndexRows) => readonly Row[]) =>
    indexes.flatMap((one) => pick(rowsOf(one)).map((row) => ({ row, rid: one.rid })))
  const tokens = each((rows) => rows.tokens)
  const dated = each((rows) => rows.dated)
  const strings = each((rows) => rows.strings)
  const ranges = each((rows) => rows.ranges)
  return [
    tokens.map(({ row }) => row),
    tokens.map(({ rid }) => rid),
    dated.map(({ row }) => row.hash),
    dated.map(({ row }) => row.at),
    dated.map(({ rid }) => rid),
    strings.map(({ row }) => row.param),
    strings.map(({ row }) => row.value),
    strings.map(({ rid }) => rid),
    ranges.map(({ row }) => row.param),
    ranges.map(({ row }) => row.lo),
    ranges.map(({ row }) => row.hi),
    ranges.map(({ rid }) => rid),
  ]
}
