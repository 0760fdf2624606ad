/** Straight from the index that has an order. */
import { Failure } from '../../../kernel/failure.ts'
import type { TenantId } from '../../../kernel/ids.ts'
import type { SortKey } from '../cursor.ts'
import type { SearchQuery, SortPart } from '../query.ts'
import { all, type Sql, sql, verbatim } from '../sql.ts'
import { boundedMs, keyParameter, lastUpdatedMs, rangeKey, stringKey } from './keys.ts'
import { COLUMNS, ofType, rowsOf, rowTests, tokenTests, TRUE } from './parts.ts'

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
    case 'number': {
      const param = kind.by === 'date' ? kind.param : kind.params[0]!
      const from = sql`range_value v ${rowsOf(sql`v.rid`)}
        where v.tenant = ${tenant}::int and v.param = ${param}::bigint
        and ${tokenTests(tenant, criteria, sql`v.rid`)}`
      const keyOut = kind.by === 'date' ? boundedMs(sql`v.lo`) : sql`v.lo::text`
      // Of several dates the resource stands where its first (or last) one does.
      return page(from, sql`v.lo`, 'bigint', keyOut, [sql`v.lo = ${rangeKey([param], descending)}`])
    }
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
      const start = after ? sql`and v.value ${verbatim(descending ? '<=' : '>=')} ${after.key}::text` : sql``
      const from = sql`(select v.value, v.hash from token_value v where v.param = ${kind.param}::bigint ${start}
          order by v.value ${direction} offset 0) v
        cross join lateral (select t.rid from token t where t.tenant = ${tenant}::int and t.hash = v.hash offset 0) t
        ${rowsOf(sql`t.rid`)} where ${tokenTests(tenant, criteria, sql`t.rid`)}`
      return page(from, sql`v.value`, 'text', sql`v.value`, [])
    }
  }
}
