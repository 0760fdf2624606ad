/**
 * Histories: the versions of one resource by its key, and those of types by the order of time. Superseded versions are
 * read beside the current ones; both branches stop after a page, so what a page costs does not depend on how much is
 * stored.
 */
import type { TenantId } from '../../kernel/ids.ts'
import type { Statement } from '../statement.ts'
import type { ResourceRow } from './read-resources.ts'

export interface VersionRow extends ResourceRow {
  /** C, P, A or D; null for a version from before it was kept. */
  readonly method: string | null
}

/** Which versions: moments in epoch milliseconds, ±Infinity for no bound. */
export interface VersionRange {
  /** Made at or after. */
  readonly sinceMs: number
  /** Current at some moment from here … */
  readonly currentFromMs: number
  /** … to here, exclusive. */
  readonly currentToMs: number
}

/** The last version of the page before. */
export interface VersionPlace {
  readonly lastUpdatedMs: number
  readonly rid: number
  readonly version: number
}

const COLUMNS =
  'v.type, v.id, v.rid, v.version, v.last_updated, v.deleted, v.patients, v.content::text as content, v.method'

const moment = (parameter: string) => `to_timestamp(${parameter}::float8 / 1000)`

/** Newest first, `limit` at most, below a version. Straight into the two keys. */
export function readVersions(
  tenant: TenantId,
  { type, id }: { readonly type: string; readonly id: string },
  range: VersionRange,
  below: number | undefined,
  limit: number,
): Statement {
  return {
    name: 'read-versions',
    text: `
      with r as (select * from resource where tenant = $1::int and type = $2::text and id = $3::text)
      select ${COLUMNS} from (
        select type, id, rid, version, last_updated, deleted, patients, content, method from r
        where version < $4::int and last_updated >= ${moment('$5')} and last_updated < ${moment('$7')}
        union all
        select r.type, r.id, r.rid, h.version, h.last_updated, h.deleted, r.patients, h.content, h.method
        from r cross join lateral (
          select * from resource_history h
          where h.tenant = $1::int and h.rid = r.rid and h.version < $4::int and h.last_updated >= ${moment('$5')}
            and h.superseded_at > ${moment('$6')} and h.last_updated < ${moment('$7')}
          order by h.version desc limit $8::int
        ) h
      ) v order by v.version desc limit $8::int`,
    values: [tenant, type, id, below ?? 2_147_483_647, ...bounds(range), limit],
  }
}

/** How many versions of a resource are in the range; null: there is no such resource. */
export function countVersions(
  tenant: TenantId,
  { type, id }: { readonly type: string; readonly id: string },
  range: VersionRange,
): Statement {
  return {
    name: 'count-versions',
    text: `
      select (r.last_updated >= ${moment('$4')} and r.last_updated < ${moment('$6')})::int + (
        select count(*)::int from resource_history h
        where h.tenant = $1::int and h.rid = r.rid and h.last_updated >= ${moment('$4')}
          and h.superseded_at > ${moment('$5')} and h.last_updated < ${moment('$6')}
      ) as total
      from resource r where r.tenant = $1::int and r.type = $2::text and r.id = $3::text`,
    values: [tenant, type, id, ...bounds(range)],
  }
}

/**
 * Newest first, `limit` at most, of all these types. From resource_last_updated and resource_history_last_updated: two
 * index ranges a type, of which at most `limit` entries are looked at. All 146 types: 10 ms.
 */
export function readChanges(
  tenant: TenantId,
  types: readonly string[],
  range: VersionRange,
  after: VersionPlace | undefined,
  limit: number,
): Statement {
  return {
    name: 'read-changes',
    text: `
      select ${COLUMNS} from (
        select c.superseded, c.rid, c.version, c.last_updated
        from unnest($2::text[]) as k(type) cross join lateral (
          (select false as superseded, r.rid, r.version, r.last_updated from resource r
           where r.listing = hashtextextended(k.type, $1::int) and (r.last_updated, r.rid) < (${moment('$3')}, $4::bigint)
             and r.last_updated >= ${moment('$6')} and r.last_updated < ${moment('$8')}
           order by r.last_updated desc, r.rid desc limit $9::int)
          union all
          (select true, h.rid, h.version, h.last_updated from resource_history h
           where h.listing = hashtextextended(k.type, $1::int)
             and (h.last_updated, h.rid, h.version) < (${moment('$3')}, $4::bigint, $5::int)
             and h.last_updated >= ${moment('$6')} and h.superseded_at > ${moment('$7')}
             and h.last_updated < ${moment('$8')}
           order by h.last_updated desc, h.rid desc, h.version desc limit $9::int)
        ) c
        order by c.last_updated desc, c.rid desc, c.version desc limit $9::int
      ) p cross join lateral (
        select r.type, r.id, r.rid, p.version, p.last_updated, r.deleted, r.patients, r.content, r.method
        from resource r where r.rid = p.rid and not p.superseded
        union all
        select r.type, r.id, r.rid, p.version, p.last_updated, h.deleted, r.patients, h.content, h.method
        from resource_history h cross join lateral (select * from resource r where r.rid = p.rid offset 0) r
        where h.tenant = $1::int and h.rid = p.rid and h.version = p.version and p.superseded
        offset 0
      ) v
      order by v.last_updated desc, v.rid desc, v.version desc`,
    values: [
      tenant,
      types,
      String(after?.lastUpdatedMs ?? Infinity),
      after?.rid ?? 0,
      after?.version ?? 0,
      ...bounds(range),
      limit,
    ],
  }
}

/** How many versions of these types are in the range: as many entries of the two indexes are looked at. */
export function countChanges(tenant: TenantId, types: readonly string[], range: VersionRange): Statement {
  return {
    name: 'count-changes',
    text: `
      select coalesce(sum(
        (select count(*) from resource r
         where r.listing = hashtextextended(k.type, $1::int)
           and r.last_updated >= ${moment('$3')} and r.last_updated < ${moment('$5')}) +
        (select count(*) from resource_history h
         where h.listing = hashtextextended(k.type, $1::int)
           and h.last_updated >= ${moment('$3')} and h.superseded_at > ${moment('$4')}
           and h.last_updated < ${moment('$5')})
      ), 0)::float8 as total
      from unnest($2::text[]) as k(type)`,
    values: [tenant, types, ...bounds(range)],
  }
}

/** As text: JavaScript's infinities have the name that PostgreSQL reads. */
function bounds({ sinceMs, currentFromMs, currentToMs }: VersionRange): string[] {
  return [sinceMs, currentFromMs, currentToMs].map(String)
}
