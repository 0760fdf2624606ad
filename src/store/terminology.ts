/** The CodeSystems and ValueSets that tenants keep, by their canonical URLs. sql/0009_terminology.sql keeps the names. */
import type { StoredEdition, StoredTerminology } from '../fhir/index.ts'
import { toInstant } from '../kernel/clock.ts'
import type { TenantId } from '../kernel/ids.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Db } from './db.ts'
import { readCurrent, type ResourceRow } from './queries/read-resources.ts'

interface NameRow {
  readonly id: string
  readonly url: string
  readonly version: string | null
  readonly status: string | null
  readonly last_updated: Date
  readonly turn: string
}

/** Straight into terminology_name_pkey: one row an edition. A change writes it anew, so its xmin tells one from another. */
const EDITIONS = `
  select id, url, version, status, last_updated, xmin::text as turn from terminology_name
  where tenant = $1::int and name = terminology_name_of($2::text, $3::text)`

const REVISION = 'select revision::text from terminology_revision where tenant = $1::int'

export function makeStoredTerminology(db: Db): StoredTerminology {
  async function editions(tenant: TenantId, kind: string, url: string): Promise<StoredEdition[]> {
    const statement = { name: 'terminology-editions', text: EDITIONS, values: [tenant, kind, url] }
    const rows = await db.lookup<NameRow>(tenant, statement)
    return rows.map((row) => ({
      id: row.id,
      url: row.url,
      version: row.version ?? undefined,
      status: row.status ?? undefined,
      lastUpdated: toInstant(row.last_updated.getTime()),
      change: `${row.last_updated.getTime()} ${row.turn}`,
    }))
  }

  return {
    async revision(tenant) {
      const statement = { name: 'terminology-revision', text: REVISION, values: [tenant] }
      const [row] = await db.lookup<{ revision: string }>(tenant, statement)
      return row?.revision
    },
    editions,
    systemsOfValueSet: (tenant, url) => editions(tenant, 'CodeSystem.valueSet', url),
    /** Not as a lookup: a code system may have megabytes. */
    async read(tenant, type, id) {
      const [row] = await db.query<ResourceRow>(tenant, readCurrent(tenant, type, id))
      return row?.content ? (JSON.parse(row.content) as JsonObject) : undefined
    },
  }
}
