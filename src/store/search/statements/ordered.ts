/** Straight from the index that has an order. */
import { Failure } from '../../../kernel/failure.ts'
import type { TenantId } from '../../../kernel/ids.ts'
import type { SortKey } from '../cursor.ts'
import type { SearchQuery, SortPart } from '../query.ts'
import { all, arrayOf, type Sql, sql, verbatim } from '../sql.ts'
import { meaningSpan } from '../../token-meaning.ts'
import { boundedMs, keyParameter, lastUpdatedMs, rangeKey, stringKey } from '../sort-keys.ts'
import { COLUMNS, type Criteria, ofType, rowsOf, rowTests, tokenTests, TRUE } from './parts.ts'

/**
 * In the order of one sort key, straight from the index that has it, each entry tested for the criteria. Good when
 * many resources meet them. Resources without the key are not in it.
 * @returns rows with `key`, the entry's sort key
 */
export function inOrderOf(
  tenant: TenantId,
  query: SearchQuery,
  { kind, descending }: SortPart,
  after: { key: SortKey; rid: number } | undefined,
  limit: number,
): Sql {
  const direction = verbatim(descending ? 'desc' : 'asc')
  const criteria = { driver: undefined, conditions: query.conditions }
  const page = (
    from: Sql,
    key: Sql,
    type: 'text' | 'bigint' | 'timestamptz',
    keyOut: Sql,
    extra: readonly Sql[],
  ): Sql => {
    const beyond = after
      ? sql`(${key}, r.rid) ${verbatim(descending ? '<' : '>')} (${keyParameter(after.key, type)}, ${after.rid}::bigint)`
      : TRUE
    return sql`select ${keyOut} as key, ${COLUMNS} from ${from} and ${beyond}
      and ${all([...rowTests(tenant, criteria), ...extra])}
      order by ${key} ${direction}, r.rid ${direction} limit ${limit}::int`
  }
  switch (kind.by) {
    case 'last-updated': {
      const from = sql`resource r where ${ofType(tenant, query.type)} and not r.deleted
        and ${tokenTests(tenant, criteria, sql`r.rid`)}`
      return page(from, sql`r.last_updated`, 'timestamptz', lastUpdatedMs, [])
    }
    case 'id': {
      const from = sql`resource r where r.tenant = ${tenant}::int and r.type = ${query.type}::text and not r.deleted
        and ${tokenTests(tenant, criteria, sql`r.rid`)}`
      return page(from, sql`r.id`, 'text', sql`r.id`, [])
    }
    case 'date':
      return inOrderOfRanges(tenant, criteria, [kind.param], boundedMs(sql`f.lo`), descending, after, limit)
    case 'number':
      return inOrderOfRanges(tenant, criteria, kind.params, sql`f.lo::text`, descending, after, limit)
    case 'string': {
      const from = sql`string_value v ${rowsOf(sql`v.rid`)}
        where v.tenant = ${tenant}::int and v.param = ${kind.param}::bigint
        and ${tokenTests(tenant, criteria, sql`v.rid`)}`
      return page(from, sql`v.value`, 'text', sql`v.value`, [
        sql`v.value = ${stringKey(kind.param, descending)}`,
      ])
    }
    case 'content':
    case 'score':
      throw new Failure('internal', 'search-not-compiled') // such an order is collected
    case 'token': {
      // No order within a value, which may be everybody's: who reads on asks for those that share the last one.
      const { from, to } = meaningSpan(String(after?.key))
      const beyond = !after ? TRUE : descending ? sql`v.value < ${from}::text` : sql`v.value >= ${to}::text`
      return sql`select v.value as key, ${COLUMNS}
        from (select v.value, v.hash from token_value v where v.param = ${kind.param}::bigint and ${beyond}
          order by v.value ${direction} offset 0) v
        cross join lateral (select t.rid from token t where t.tenant = ${tenant}::int and t.hash = v.hash offset 0) t
        ${rowsOf(sql`t.rid`)} where ${tokenTests(tenant, criteria, sql`t.rid`)}
        and ${all(rowTests(tenant, criteria))} order by v.value ${direction} limit ${limit}::int`
    }
  }
}

/** Of several parameters each one's first `limit` entries; the best of these. */
function inOrderOfRanges(
  tenant: TenantId,
  criteria: Criteria,
  params: readonly string[],
  keyOut: Sql,
  descending: boolean,
  after: { key: SortKey; rid: number } | undefined,
  limit: number,
): Sql {
  const direction = verbatim(descending ? 'desc' : 'asc')
  const beyond = after
    ? sql`(v.lo, v.rid) ${verbatim(descending ? '<' : '>')} (${keyParameter(after.key, 'bigint')}, ${after.rid}::bigint)`
    : TRUE
  // Of several values the resource stands where its first (or last) one does.
  const stream = (param: Sql) => sql`select v.lo, v.rid from range_value v ${rowsOf(sql`v.rid`)}
    where v.tenant = ${tenant}::int and v.param = ${param} and ${beyond}
      and ${tokenTests(tenant, criteria, sql`v.rid`)}
      and ${all([...rowTests(tenant, criteria), sql`v.lo = ${rangeKey(params, descending)}`])}
    order by v.lo ${direction}, v.rid ${direction} limit ${limit}::int`
  const found =
    params.length === 1
      ? stream(sql`${params[0]}::bigint`)
      : sql`select distinct s.lo, s.rid from unnest(${arrayOf(params)}::bigint[]) p(param)
          cross join lateral (${stream(sql`p.param`)}) s order by s.lo ${direction}, s.rid ${direction} limit ${limit}::int`
  return sql`select ${keyOut} as key, ${COLUMNS} from (${found}) f ${rowsOf(sql`f.rid`)}
    order by f.lo ${direction}, f.rid ${direction}`
}
