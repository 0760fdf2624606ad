/** What a resource stands by in an order, as SQL on its row, and such a key as a parameter. */
import { epoch } from '../index-ranges.ts'
import type { KeyCondition } from './condition.ts'
import type { SortKey } from './cursor.ts'
import type { SortKind } from './query.ts'
import { arrayOf, type Sql, sql, verbatim } from './sql.ts'
import { wordsScore } from './words.ts'

/** The resource has nothing to be sorted by. Tokens can't be asked by resource: the caller looks at the content. */
export function lacks(kind: SortKind | undefined): Sql[] {
  switch (kind?.by) {
    case 'date':
      return [sql`${rangeKey([kind.param], false)} is null`]
    case 'number':
      return [sql`${rangeKey(kind.params, false)} is null`]
    case 'string':
      return [sql`${stringKey(kind.param, false)} is null`]
    case 'id':
    case 'last-updated':
    case 'token':
    case 'content':
    case 'score':
    case undefined:
      return []
  }
}

/** Whether the row stands at the key. */
export function standsAt({ of, params, descending, key }: KeyCondition, r: Sql): Sql {
  switch (of) {
    case 'id':
      return sql`${r}.id = ${key}::text`
    case 'last-updated':
      return sql`${r}.last_updated = ${keyParameter(key, 'timestamptz')}`
    case 'range':
      return key === null
        ? sql`${rangeKey(params, false, r)} is null`
        : sql`${rangeKey(params, descending, r)} = ${keyParameter(key, 'bigint')}`
    case 'string':
      return key === null
        ? sql`${stringKey(params[0]!, false, r)} is null`
        : sql`${stringKey(params[0]!, descending, r)} = ${key}::text`
  }
}

export function keyColumn(kind: SortKind, descending: boolean): Sql {
  switch (kind.by) {
    case 'id':
      return sql`r.id`
    case 'last-updated':
      return lastUpdatedMs
    case 'date':
      return boundedMs(rangeKey([kind.param], descending))
    case 'number':
      return sql`${rangeKey(kind.params, descending)}::text`
    case 'string':
      return stringKey(kind.param, descending)
    case 'score':
      return sql`(${wordsScore(kind.words, sql`r`)})::float8`
    case 'token':
    case 'content':
      return sql`null::text`
  }
}

export function rangeKey(params: readonly string[], descending: boolean, r = verbatim('r')): Sql {
  return sql`(select ${verbatim(descending ? 'max' : 'min')}(${r}.ranges[i + 1])
    from generate_series(1, cardinality(${r}.ranges), 3) i where ${r}.ranges[i] = any(${arrayOf(params)}::bigint[]))`
}

export function stringKey(param: string, descending: boolean, r = verbatim('r')): Sql {
  return sql`(select ${verbatim(descending ? 'max' : 'min')}(${r}.strings[i + 1])
    from generate_series(1, cardinality(${r}.strings), 3) i where ${r}.strings[i] = ${param}::text)`
}

export const lastUpdatedMs = sql`(extract(epoch from r.last_updated) * 1000)::float8`

/** What no Date can say (an open end) as the least and greatest that a number keeps exactly; greatest() drops nulls. */
export function boundedMs(ms: Sql): Sql {
  const [least, greatest] = [sql`${Number.MIN_SAFE_INTEGER}::bigint`, sql`${Number.MAX_SAFE_INTEGER}::bigint`]
  return sql`(case when ${ms} is not null then least(greatest(${ms}, ${least}), ${greatest}) end)::float8`
}

export function keyParameter(key: SortKey, type: 'text' | 'bigint' | 'timestamptz'): Sql {
  switch (type) {
    case 'text':
      return sql`${key}::text`
    case 'timestamptz':
      return sql`${new Date(Number(key)).toISOString()}::timestamptz`
    case 'bigint':
      if (key === Number.MIN_SAFE_INTEGER) return sql`${epoch(-Infinity)}::bigint`
      if (key === Number.MAX_SAFE_INTEGER) return sql`${epoch(Infinity)}::bigint`
      return sql`${key}::bigint`
  }
}
