/** Whom the newest of many refer to. */
import type { TenantId } from '../../../kernel/ids.ts'
import type { Condition, HasCondition, ReferringStream } from '../condition.ts'
import type { ReferredPlace } from '../cursor.ts'
import { localTarget, numberTest, textsAt } from '../row-test.ts'
import { all, arrayOf, join, type Sql, sql } from '../sql.ts'
import { COLUMNS, rowsOf, rowTests, tokenTests, TRUE } from './parts.ts'

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
  const beyond = after ? sql`(t.rid, x.rid) < (${after.at}::bigint, ${after.rid}::bigint)` : TRUE
  const named = sql`any(h.names)`
  // On the first page few have the token that are newer; later on those who name this one are fewer.
  const newer = after
    ? sql`select from token p where p.tenant = ${tenant}::int and p.hash = ${named}
        and p.rid > t.rid and p.rid <= ${after.until}::bigint and ${numberTest(tenant, condition, sql`p.rid`)} offset 0`
    : sql`select from token p where p.tenant = ${tenant}::int and p.hash = any(${arrayOf(stream.hashes)}::bigint[]) and p.rid > t.rid
        and exists (select from token n where n.tenant = ${tenant}::int and n.hash = ${named} and n.rid = p.rid offset 0)
        offset 0`
  return sql`select f.at, ${COLUMNS} from (
      select t.rid as at, x.rid from (${referring(tenant, stream.hashes, after)}) t
      cross join lateral (select o.content from resource o where o.rid = t.rid and not o.deleted offset 0) o
      cross join lateral (select distinct w.written from (${textsAt(stream.paths, sql`o`)}) w(written) offset 0) w
      cross join lateral (select ${localTarget(stream.bases)} as target offset 0) l
      cross join lateral (select r.rid from resource r
        cross join lateral (select array[${join(hashes, ', ', sql`null::bigint`)}] as names offset 0) h
        where r.tenant = ${tenant}::int and r.type = ${type}::text
        and r.id = l.target[2] and l.target[1] = ${type}::text and not r.deleted
        and ${tokenTests(tenant, criteria, sql`r.rid`)} and ${all(rowTests(tenant, criteria))}
        and not exists (${newer}) offset 0) x
      where ${beyond}
      order by t.rid desc, x.rid desc limit ${limit}::int) f ${rowsOf(sql`f.rid`)}
    order by f.at desc, f.rid desc`
}

/** The numbers of what has one of the tokens, newest first: each token's own order, merged; of several the first counts. */
function referring(tenant: TenantId, hashes: readonly string[], after: ReferredPlace | undefined): Sql {
  const begun = after ? sql`e.rid <= ${after.at}::bigint` : TRUE
  const streams = hashes.map((hash, i) => {
    const before = hashes.slice(0, i)
    const isFirst =
      before.length === 0
        ? TRUE
        : sql`not exists (select from token p where p.tenant = ${tenant}::int
            and p.hash = any(${arrayOf(before)}::bigint[]) and p.rid = e.rid offset 0)`
    return sql`(select e.rid from token e where e.tenant = ${tenant}::int and e.hash = ${hash}::bigint
      and ${begun} and ${isFirst} order by e.rid desc)`
  })
  return join(streams, ' union all ', sql`select null::bigint as rid where false`)
}
