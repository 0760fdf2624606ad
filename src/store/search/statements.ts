/**
 * The shapes a search can have in SQL. Which one runs is decided by search.ts from what the index holds, never by the
 * planner's statistics; each shape is a chain of nested loops with one usable index a step, so its cost can be read
 * off it.
 */
import { Failure } from '../../kernel/failure.ts'
import type { TenantId } from '../../kernel/ids.ts'
import { epoch } from '../index-ranges.ts'
import { RESOURCE_COLUMNS } from '../queries/read-resources.ts'
import {
  type Condition,
  type HasCondition,
  isOfTokens,
  isOneToken,
  type ReferringStream,
  type TokenCondition,
} from './condition.ts'
import type { ReferredPlace, SortKey } from './cursor.ts'
import { enumerate, isExact, spanHashes } from './enumerate.ts'
import type { SearchQuery, SortKind, SortPart } from './query.ts'
import { localTarget, numberTest, rowTest, textsAt } from './row-test.ts'
import { wordsScore } from './words.ts'
import { all, arrayOf, join, type Sql, sql, verbatim } from './sql.ts'

const TRUE = sql`true`
const NO_RESOURCE = sql`select null::bigint as rid where false`
const COLUMNS = verbatim(RESOURCE_COLUMNS)

/** Everything that a resource found by `driver` must meet as well; `driver` itself is among the conditions. */
export interface Criteria {
  readonly driver: Condition | undefined
  readonly conditions: readonly Condition[]
}

interface Page {
  /** Numbers from here on were on earlier pages. */
  readonly below: number | undefined
  readonly limit: number
  /** Only resources that have nothing to be sorted by for this. */
  readonly without?: SortKind | undefined
}

/**
 * Newest number first, from a condition on tokens. For each of its hashes the first `limit` entries of token_pkey
 * that meet the rest; the best of these. Reads limit × hashes entries when the rest lets most pass.
 */
export function newestByToken(
  tenant: TenantId,
  driver: TokenCondition,
  criteria: Criteria,
  { below, limit, without }: Page,
): Sql {
  const tests = [...rowTests(tenant, criteria), ...lacks(without)]
  const row =
    tests.length === 0
      ? TRUE
      : sql`exists (select from resource r where r.rid = t.rid and ${all(tests)} offset 0)`
  const stream = (hash: Sql) => sql`
    select t.rid from token t
    where t.tenant = ${tenant}::int and t.hash = ${hash} and ${lessThan(sql`t.rid`, below)}
      and ${tokenTests(tenant, criteria, sql`t.rid`)} and ${row}
    order by t.rid desc limit ${limit}::int`
  const rids = isOneToken(driver)
    ? stream(sql`${driver.hashes[0]}::bigint`)
    : sql`select distinct s.rid from (${hashesOf(driver)}) h
        cross join lateral (${stream(sql`h.hash`)}) s order by s.rid desc limit ${limit}::int`
  return sql`select ${COLUMNS} from (${rids}) f ${rowsOf(sql`f.rid`)} order by f.rid desc`
}

/** `select hash` of all hashes of the condition. */
function hashesOf({ hashes, spans }: TokenCondition): Sql {
  const listed = sql`select h.hash from unnest(${arrayOf(hashes)}::bigint[]) as h(hash)`
  const known = spanHashes(spans)
  return join(hashes.length === 0 && known.length > 0 ? known : [listed, ...known], ' union all ', listed)
}

/**
 * In the order of the type's clinical date, from a condition on leading tokens: for each of its hashes the first
 * `limit` entries of token_at_pkey that meet the rest; the best of these.
 * @returns rows with `key`, where the date begins
 */
export function datedByToken(
  tenant: TenantId,
  driver: TokenCondition,
  criteria: Criteria,
  { param, descending }: { readonly param: string; readonly descending: boolean },
  after: { key: SortKey; rid: number } | undefined,
  limit: number,
): Sql {
  const direction = verbatim(descending ? 'desc' : 'asc')
  const beyond = after
    ? sql`(t.at, t.rid) ${verbatim(descending ? '<' : '>')} (${keyParameter(after.key, 'bigint')}, ${after.rid}::bigint)`
    : TRUE
  // Of several dates the resource stands where its first (or last) one does.
  const tests = all([...rowTests(tenant, criteria), sql`t.at = ${rangeKey([param], descending)}`])
  const stream = (hash: Sql) => sql`
    select t.at, t.rid from token_at t
    where t.tenant = ${tenant}::int and t.hash = ${hash} and ${beyond}
      and ${tokenTests(tenant, criteria, sql`t.rid`)}
      and exists (select from resource r where r.rid = t.rid and ${tests} offset 0)
    order by t.at ${direction}, t.rid ${direction} limit ${limit}::int`
  const found = isOneToken(driver)
    ? stream(sql`${driver.hashes[0]}::bigint`)
    : sql`select distinct s.at, s.rid from (${hashesOf(driver)}) h cross join lateral (${stream(sql`h.hash`)}) s
        order by s.at ${direction}, s.rid ${direction} limit ${limit}::int`
  return sql`select ${boundedMs(sql`f.at`)} as key, ${COLUMNS} from (${found}) f ${rowsOf(sql`f.rid`)}
    order by f.at ${direction}, f.rid ${direction}`
}

/** Newest number first: the numbers that meet the driver in order, and as many of their rows as fill the page. */
export function newestByCollecting(
  tenant: TenantId,
  criteria: Criteria,
  { below, limit, without }: Page,
): Sql {
  return sql`
    select ${COLUMNS} from (
      select distinct e.rid from (${begin(tenant, criteria)}) e where ${lessThan(sql`e.rid`, below)}
      order by e.rid desc) m ${rowsOf(sql`m.rid`)}
    where ${tokenTests(tenant, criteria, sql`m.rid`)}
      and ${all([...rowTests(tenant, criteria), ...lacks(without)])}
    order by m.rid desc limit ${limit}::int`
}

/**
 * What is referred to by resources that have a token, those first whom the newest of these names. Streams the token and
 * reads each one's references; who was named by a newer one stands there already.
 * @returns rows with `at`, the number of the resource that refers
 */
export function referredNewest(
  tenant: TenantId,
  has: HasCondition & { readonly stream: ReferringStream },
  conditions: readonly Condition[],
  after: ReferredPlace | undefined,
  limit: number,
): Sql {
  const { type, references, condition, stream } = has
  const criteria = { driver: undefined, conditions: conditions.filter((one) => one !== has) }
  const hashes = references.map(
    (reference) => sql`reference_hash(${reference}::text, ${`${type}/`}::text || r.id)`,
  )
  const beyond = after
    ? sql`t.rid <= ${after.at}::bigint and (t.rid, x.rid) < (${after.at}::bigint, ${after.rid}::bigint)`
    : TRUE
  const named = sql`any(h.names)`
  // On the first page few have the token that are newer; later on those who name this one are fewer.
  const newer = after
    ? sql`select from token p where p.tenant = ${tenant}::int and p.hash = ${named}
        and p.rid > t.rid and p.rid <= ${after.until}::bigint and ${numberTest(tenant, condition, sql`p.rid`)} offset 0`
    : sql`select from token p where p.tenant = ${tenant}::int and p.hash = ${stream.hash}::bigint and p.rid > t.rid
        and exists (select from token n where n.tenant = ${tenant}::int and n.hash = ${named} and n.rid = p.rid offset 0)
        offset 0`
  return sql`select f.at, ${COLUMNS} from (
      select t.rid as at, x.rid from token t
      cross join lateral (select o.content from resource o where o.rid = t.rid and not o.deleted offset 0) o
      cross join lateral (select distinct w.written from (${textsAt(stream.paths, sql`o`)}) w(written) offset 0) w
      cross join lateral (select ${localTarget(stream.bases)} as target offset 0) l
      cross join lateral (select r.rid from resource r
        cross join lateral (select array[${join(hashes, ', ', sql`null::bigint`)}] as names offset 0) h
        where r.tenant = ${tenant}::int and r.type = ${type}::text
        and r.id = l.target[2] and l.target[1] = ${type}::text and not r.deleted
        and ${tokenTests(tenant, criteria, sql`r.rid`)} and ${all(rowTests(tenant, criteria))}
        and not exists (${newer}) offset 0) x
      where t.tenant = ${tenant}::int and t.hash = ${stream.hash}::bigint and ${beyond}
      order by t.rid desc, x.rid desc limit ${limit}::int) f ${rowsOf(sql`f.rid`)}
    order by f.at desc, f.rid desc`
}

/** The numbers of all that meet the criteria, in no order. */
export function numbersByCollecting(tenant: TenantId, criteria: Criteria): Sql {
  const tests = rowTests(tenant, criteria)
  const row =
    tests.length === 0
      ? TRUE
      : sql`exists (select from resource r where r.rid = m.rid and ${all(tests)} offset 0)`
  return sql`select m.rid from (select distinct rid from (${begin(tenant, criteria)}) e) m
    where ${tokenTests(tenant, criteria, sql`m.rid`)} and ${row}`
}

/** The ids of what meets the criteria, `limit` at most, in no order. */
export function idsByCollecting(
  tenant: TenantId,
  criteria: Criteria,
  limit: number,
  withContent: boolean,
): Sql {
  const content = withContent ? sql`r.content::text` : sql`null::text`
  return sql`select r.id, ${content} as content
    from (select distinct rid from (${begin(tenant, criteria)}) e limit ${limit}::int) m ${rowsOf(sql`m.rid`)}
    where not r.deleted and ${tokenTests(tenant, criteria, sql`m.rid`)} and ${all(rowTests(tenant, criteria))}`
}

/** Newest number first without a condition that an index could begin with: all of a type, in no order of its own. */
export function newestOfType(tenant: TenantId, query: SearchQuery, { below, limit, without }: Page): Sql {
  const criteria = { driver: undefined, conditions: query.conditions }
  return sql`
    with m as materialized (select r.rid from resource r where ${ofType(tenant, query.type)} and not r.deleted
      and ${lessThan(sql`r.rid`, below)} and ${tokenTests(tenant, criteria, sql`r.rid`)}
      and ${all([...rowTests(tenant, criteria), ...lacks(without)])})
    select ${COLUMNS} from m ${rowsOf(sql`m.rid`)} order by m.rid desc limit ${limit}::int`
}

/** All that meet the criteria, with their sort keys and, where a key has to be read from it, their content. */
export function matchesWithKeys(tenant: TenantId, query: SearchQuery, criteria: Criteria): Sql {
  const keys = query.sort.map(
    ({ kind, descending }, i) => sql`${keyColumn(kind, descending)} as ${verbatim(`k${i}`)}`,
  )
  const content = query.sort.some(({ kind }) => kind.by === 'token' || kind.by === 'content')
    ? [sql`r.content::text as content`]
    : []
  const columns = join([sql`r.rid`, ...keys, ...content], ', ', TRUE)
  return sql`select ${columns} from ${matches(tenant, query, criteria)}`
}

/** Where tokens are all that is asked, no row is read: what is deleted has none. */
export function countMatches(tenant: TenantId, query: SearchQuery, criteria: Criteria): Sql {
  const { driver, conditions } = criteria
  if (driver?.by !== 'token' || !conditions.every(isOfTokens))
    return sql`select count(*)::int as total from ${matches(tenant, query, criteria)}`
  const counted = isOneToken(driver) ? sql`count(*)` : sql`count(distinct e.rid)`
  return sql`select ${counted}::int as total from (${begin(tenant, criteria)}) e
    where ${tokenTests(tenant, criteria, sql`e.rid`)}`
}

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

/** How many meet each condition, counted to `limit` at most. */
export function boundedCounts(tenant: TenantId, conditions: readonly Condition[], limit: number): Sql {
  const counts = conditions.map(
    (condition) =>
      sql`(select count(*)::int from (
        select from (${enumerate(tenant, condition) ?? NO_RESOURCE}) e limit ${limit}::int) b)`,
  )
  return sql`select array[${join(counts, ', ', TRUE)}] as counts`
}

/** What has one of these tokens, newest first. */
export function byHashes(tenant: TenantId, hashes: readonly string[], limit: number): Sql {
  return sql`select ${COLUMNS} from (
      select distinct p.rid from token p where p.tenant = ${tenant}::int and p.hash = any(${arrayOf(hashes)}::bigint[])
      order by p.rid desc limit ${limit}::int) f
    ${rowsOf(sql`f.rid`)} where not r.deleted order by f.rid desc`
}

/** The types that the tenant has resources of: one descent of resource_pkey each. */
export function typesInUse(tenant: TenantId): Sql {
  return sql`with recursive t(type) as (
      (select r.type from resource r where r.tenant = ${tenant}::int order by r.type limit 1)
      union all
      select (select r.type from resource r where r.tenant = ${tenant}::int and r.type > t.type order by r.type limit 1)
      from t where t.type is not null)
    select type from t where type is not null`
}

export function byNumbers(rids: readonly number[]): Sql {
  return sql`select ${COLUMNS} from unnest(${arrayOf(rids)}::bigint[]) with ordinality as k(rid, n)
    ${rowsOf(sql`k.rid`)} where not r.deleted order by k.n`
}

/** `from` and `where`: the driver's resources, or without one the rows of the type, tested for everything. */
export function matches(tenant: TenantId, query: SearchQuery, criteria: Criteria): Sql {
  const tests = sql`${tokenTests(tenant, criteria, sql`r.rid`)} and ${all(rowTests(tenant, criteria))}`
  if (!criteria.driver) {
    return sql`resource r where r.tenant = ${tenant}::int and r.type = ${query.type}::text and not r.deleted and ${tests}`
  }
  return sql`(select distinct rid from (${begin(tenant, criteria)}) e) m
    ${rowsOf(sql`m.rid`)} where not r.deleted and ${tests}`
}

function begin(tenant: TenantId, { driver }: Criteria): Sql {
  return (driver && enumerate(tenant, driver)) ?? NO_RESOURCE
}

/**
 * The rows of these numbers, one lookup in resource_rid each. The offset is a fence: a subquery with one stays where it
 * is, so that the planner, whatever it believes of the tables, can neither turn a loop round nor a test into a join.
 */
function rowsOf(rid: Sql): Sql {
  return sql`cross join lateral (select r.* from resource r where r.rid = ${rid} offset 0) r`
}

/** What the driver leaves to be tested. */
function others({ driver, conditions }: Criteria): readonly Condition[] {
  return driver && isExact(driver) ? conditions.filter((condition) => condition !== driver) : conditions
}

function tokenTests(tenant: TenantId, criteria: Criteria, rid: Sql): Sql {
  return all(
    others(criteria)
      .filter(isOfTokens)
      .map((condition) => numberTest(tenant, condition, rid)),
  )
}

function rowTests(tenant: TenantId, criteria: Criteria): Sql[] {
  return others(criteria)
    .filter((condition) => !isOfTokens(condition))
    .map((condition) => rowTest(tenant, condition, 'r'))
}

/** What resource_last_updated begins with: a column, because row-level security lets no expression be looked up. */
function ofType(tenant: TenantId, type: string): Sql {
  return sql`r.listing = hashtextextended(${type}::text, ${tenant}::int)`
}

function lessThan(rid: Sql, below: number | undefined): Sql {
  return below === undefined ? TRUE : sql`${rid} < ${below}::bigint`
}

/** The resource has nothing to be sorted by. Tokens can't be asked by resource: the caller looks at the content. */
function lacks(kind: SortKind | undefined): Sql[] {
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

function keyColumn(kind: SortKind, descending: boolean): Sql {
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

function rangeKey(params: readonly string[], descending: boolean): Sql {
  return sql`(select ${verbatim(descending ? 'max' : 'min')}(r.ranges[i + 1])
    from generate_series(1, cardinality(r.ranges), 3) i where r.ranges[i] = any(${arrayOf(params)}::bigint[]))`
}

function stringKey(param: string, descending: boolean): Sql {
  return sql`(select ${verbatim(descending ? 'max' : 'min')}(r.strings[i + 1])
    from generate_series(1, cardinality(r.strings), 3) i where r.strings[i] = ${param}::text)`
}

const lastUpdatedMs = sql`(extract(epoch from r.last_updated) * 1000)::float8`

/** What no Date can say (an open end) as the least and greatest that a number keeps exactly; greatest() drops nulls. */
function boundedMs(ms: Sql): Sql {
  const [least, greatest] = [sql`${Number.MIN_SAFE_INTEGER}::bigint`, sql`${Number.MAX_SAFE_INTEGER}::bigint`]
  return sql`(case when ${ms} is not null then least(greatest(${ms}, ${least}), ${greatest}) end)::float8`
}

function keyParameter(key: SortKey, type: 'text' | 'bigint' | 'timestamptz'): Sql {
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
