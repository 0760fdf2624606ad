/** Histories: every version of a resource, of a type, or of all types, newest first. https://hl7.org/fhir/R4/http.html#history */
import type { TenantId } from '../kernel/ids.ts'
import type { Db } from './db.ts'
import {
  countChanges,
  countVersions,
  readChanges,
  readVersions,
  type VersionPlace,
  type VersionRange,
  type VersionRow,
} from './queries/read-history.ts'
import { METHOD_CODES, type VersionMethod } from './queries/write-resources.ts'
import { type Stored, storedFrom } from './resource.ts'

export interface Version extends Stored {
  readonly method: VersionMethod
}

export interface History {
  /**
   * Versions of one resource; undefined: there never was one.
   * @param page `below`: the `next` of the page before
   */
  ofResource(
    tenant: TenantId,
    key: { readonly type: string; readonly id: string },
    page: { readonly range: VersionRange; readonly count: number; readonly below?: number | undefined },
  ): Promise<{ entries: Version[]; next?: number; total: number } | undefined>
  /**
   * Versions of all resources of these types.
   * @param page `after`: the `next` of the page before
   */
  ofTypes(
    tenant: TenantId,
    types: readonly string[],
    page: { readonly range: VersionRange; readonly count: number; readonly after?: VersionPlace | undefined },
  ): Promise<{ entries: Version[]; next?: VersionPlace }>
  /** How many versions of one resource there are; undefined: there never was one. */
  countOfResource(
    tenant: TenantId,
    key: { readonly type: string; readonly id: string },
    range: VersionRange,
  ): Promise<number | undefined>
  /** How many versions of all resources of these types there are. */
  countOfTypes(tenant: TenantId, types: readonly string[], range: VersionRange): Promise<number>
}

export function makeHistory(db: Db): History {
  return {
    async ofResource(tenant, key, { range, count, below }) {
      const [rows, [counted]] = await Promise.all([
        db.query<VersionRow>(tenant, readVersions(tenant, key, range, below, count + 1)),
        db.query<{ total: number }>(tenant, countVersions(tenant, key, range)),
      ])
      if (counted === undefined) return undefined
      const entries = rows.slice(0, count).map(versionFrom)
      const { total } = counted
      return rows.length > count ? { entries, total, next: entries.at(-1)!.version } : { entries, total }
    },

    async ofTypes(tenant, types, { range, count, after }) {
      const rows = await db.query<VersionRow>(tenant, readChanges(tenant, types, range, after, count + 1))
      const page = rows.slice(0, count)
      const entries = page.map(versionFrom)
      return rows.length > count ? { entries, next: placeOf(page.at(-1)!) } : { entries }
    },

    async countOfResource(tenant, key, range) {
      const [counted] = await db.query<{ total: number }>(tenant, countVersions(tenant, key, range))
      return counted?.total
    },

    async countOfTypes(tenant, types, range) {
      const [counted] = await db.query<{ total: number }>(tenant, countChanges(tenant, types, range))
      return counted!.total
    },
  }
}

function versionFrom(row: VersionRow): Version {
  return { ...storedFrom(row), method: methodOf(row) }
}

/** A version from before the method was kept is told from what it is. */
function methodOf({ method, deleted, version }: VersionRow): VersionMethod {
  if (deleted) return 'DELETE'
  if (method === METHOD_CODES.PATCH) return 'PATCH'
  if (method === METHOD_CODES.POST) return 'POST'
  return method === null && version === 1 ? 'POST' : 'PUT'
}

function placeOf({ last_updated, rid, version }: VersionRow): VersionPlace {
  return { lastUpdatedMs: last_updated.getTime(), rid: Number(rid), version }
}
