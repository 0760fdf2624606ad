/** SQL that begins with a condition: the resources that meet it, from the one index that has them. */
import type { TenantId } from '../../kernel/ids.ts'
import { longHash } from '../hash.ts'
import { LONG_STRING } from '../cut.ts'
import type {
  Condition,
  KeyCondition,
  RangeCondition,
  StringMatch,
  TokenCondition,
  TokenSpan,
} from './condition.ts'
import { rangePaths, rangeSql } from './range-test.ts'
import { keyParameter } from './sort-keys.ts'
import { arrayOf, join, type Sql, sql } from './sql.ts'

/**
 * `select rid` of all resources that meet the condition, and perhaps of some that do not (see isExact); one may come
 * twice. undefined: no index knows.
 */
export function enumerate(tenant: TenantId, condition: Condition): Sql | undefined {
  switch (condition.by) {
    case 'token':
      return tokens(tenant, condition)
    case 'string': {
      if (condition.rowOnly) return undefined
      const { param, matches } = condition
      return union(
        matches.map(
          (match) => sql`select p.rid from string_value p where p.tenant = ${tenant}::int
            and p.param = ${param}::bigint and ${candidate(match, sql`p.value`)}`,
        ),
      )
    }
    case 'range':
      return condition.rowOnly ? undefined : ranges(tenant, condition)
    case 'near':
      return ranges(tenant, condition.latitudes)
    case 'id':
      return sql`select k.rid from unnest(${condition.ids}::text[]) i(id) cross join lateral (
        select o.rid from resource o where o.tenant = ${tenant}::int and o.type = ${condition.type}::text
        and o.id = i.id and not o.deleted offset 0) k`
    case 'key':
      return condition.key === null ? undefined : atKey(tenant, condition)
    case 'any': {
      const parts = condition.of.map((one) => enumerate(tenant, one))
      return parts.every((part) => part !== undefined) ? union(parts) : undefined
    }
    case 'all':
      return condition.of.map((one) => enumerate(tenant, one)).find((part) => part !== undefined)
    default:
      return undefined
  }
}

/** Whether what is enumerated meets the condition without another look. */
export function isExact(condition: Condition): boolean {
  switch (condition.by) {
    case 'token':
    case 'id':
      return true
    case 'range':
      return condition.tests.every(({ among }) => among === undefined)
    case 'any':
      return condition.of.every(isExact)
    default:
      return false
  }
}

function tokens(tenant: TenantId, { hashes, spans }: TokenCondition): Sql {
  const byHash = sql`select p.rid from token p where p.tenant = ${tenant}::int
    and p.hash = any(${arrayOf(hashes)}::bigint[])`
  const bySpan = spanHashes(spans).map(
    (known) =>
      sql`select p.rid from (${known}) tv join token p on p.tenant = ${tenant}::int and p.hash = tv.hash`,
  )
  return union(hashes.length === 0 && spans.length > 0 ? bySpan : [byHash, ...bySpan])
}

/** So many are asked for together, so that their number is not the statement's size. */
const SEVERAL = 8

export function areSeveral(spans: readonly TokenSpan[]): boolean {
  return spans.length >= SEVERAL
}

/** `select hash` of what the spans have, in one fragment or more. */
export function spanHashes(spans: readonly TokenSpan[]): Sql[] {
  const bounded = spans.filter((span) => 'order' in span)
  const ofSystems = spans.filter((span) => 'system' in span)
  const systems = ofSystems.map(
    ({ system }) => sql`select tv.hash from token_value tv where tv.system = ${system}::bigint`,
  )
  if (!areSeveral(spans)) return [...bounded.map(inSpan), ...systems]
  const orders = arrayOf(bounded.map(({ order }) => order))
  const together = sql`select tv.hash
    from unnest(${orders}::bigint[], ${bounded.map(({ from }) => from)}::text[], ${bounded.map(({ to }) => to)}::text[])
      as s(param, first, last)
    cross join lateral (select tv.hash from token_value tv
      where tv.param = s.param and tv.value >= s.first and tv.value < s.last offset 0) tv`
  return [together, ...systems]
}

/** `select hash` of all hashes of the condition. */
export function hashesOf({ hashes, spans }: TokenCondition): Sql {
  const listed = sql`select h.hash from unnest(${arrayOf(hashes)}::bigint[]) as h(hash)`
  const known = spanHashes(spans)
  return join(hashes.length === 0 && known.length > 0 ? known : [listed, ...known], ' union all ', listed)
}

function inSpan({ order, from, to }: Extract<TokenSpan, { order: string }>): Sql {
  return sql`select tv.hash from token_value tv
    where tv.param = ${order}::bigint and tv.value >= ${from}::text and tv.value < ${to}::text`
}

function ranges(tenant: TenantId, { tests }: RangeCondition): Sql {
  return union(
    tests.flatMap(({ param, among = param, ...test }) =>
      rangePaths(test).map(({ long, test: bounds }) => {
        const name = long ? longHash(among) : among
        return sql`select p.rid from range_value p where p.tenant = ${tenant}::int
          and p.param = ${name}::bigint and ${rangeSql(bounds, sql`p.lo`, sql`p.hi`)}`
      }),
    ),
  )
}

/** All that have the key, even where another one decides on their place. */
function atKey(tenant: TenantId, { type, of, params, key }: KeyCondition): Sql {
  switch (of) {
    case 'id':
      return sql`select o.rid from resource o where o.tenant = ${tenant}::int and o.type = ${type}::text
        and o.id = ${key}::text and not o.deleted`
    case 'last-updated':
      return sql`select o.rid from resource o where o.listing = hashtextextended(${type}::text, ${tenant}::int)
        and o.last_updated = ${keyParameter(key, 'timestamptz')} and not o.deleted`
    case 'range':
      return sql`select p.rid from range_value p where p.tenant = ${tenant}::int
        and p.param = any(${arrayOf(params)}::bigint[]) and p.lo = ${keyParameter(key, 'bigint')}`
    case 'string':
      return sql`select p.rid from string_value p where p.tenant = ${tenant}::int
        and p.param = any(${arrayOf(params)}::bigint[]) and p.value = ${key}::text`
  }
}

function union(parts: readonly Sql[]): Sql {
  return join(parts, ' union all ', sql`select null::bigint as rid where false`)
}

/** What the index has of a long string is only its beginning, in which nothing else need stand. */
function candidate(match: StringMatch, column: Sql): Sql {
  const found = matchString(match, column)
  if (match.how === 'starts' || match.how === 'equals' || match.how === 'exact') return found
  return sql`(${found} or length(${column}) >= ${LONG_STRING}::int)`
}

export function matchString({ how, value }: Pick<StringMatch, 'how' | 'value'>, column: Sql): Sql {
  switch (how) {
    case 'starts': {
      const end = successor(value)
      const from = sql`${column} >= ${value}::text`
      return end === undefined ? from : sql`(${from} and ${column} < ${end}::text)`
    }
    case 'exact':
    case 'equals':
      return sql`${column} = ${value}::text`
    case 'differs':
      return sql`${column} <> ${value}::text`
    case 'contains':
      return sql`strpos(${column}, ${value}::text) > 0`
    case 'ends':
      return sql`right(${column}, length(${value}::text)) = ${value}::text`
  }
}

/** The least text, in the order of code points, that is greater than every text that begins with this one. */
export function successor(prefix: string): string | undefined {
  const points = Array.from(prefix)
  while (points.length > 0) {
    const last = points.pop()!.codePointAt(0)!
    // The surrogates are not characters; PostgreSQL's "C" order is that of UTF-8, which is that of code points.
    if (last < 0x10ffff) return points.join('') + String.fromCodePoint(last === 0xd7ff ? 0xe000 : last + 1)
  }
  return undefined
}
