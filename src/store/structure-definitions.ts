/** The StructureDefinitions that a tenant keeps, by their canonical URLs. sql/0010_profiles.sql keeps the names. */
import type { TenantId } from '../kernel/ids.ts'
import { type JsonObject, parseExactObject } from '../kernel/json.ts'
import type { Db } from './db.ts'

/**
 * Another text whenever one of the tenant's profiles, value sets or code systems changed; undefined: it never had any.
 * One row by its key.
 */
export async function definitionsRevision(db: Db, tenant: TenantId): Promise<string | undefined> {
  const [row] = await db.lookup<{ revision: string }>(tenant, {
    name: 'terminology-revision',
    text: 'select revision::text from terminology_revision where tenant = $1::int',
    values: [tenant],
  })
  return row?.revision
}

/** Straight into terminology_name_pkey and resource_pkey. Not as a lookup: a snapshot may have a megabyte. */
const BY_URL = `
  select r.content::text as content
  from terminology_name n
  cross join lateral (
    select content from resource r
    where r.tenant = $1::int and r.type = 'StructureDefinition' and r.id = n.id and not r.deleted offset 0
  ) r
  where n.tenant = $1::int and n.name = terminology_name_of('StructureDefinition', $2::text) and n.url = $2::text`

/** All versions, with `meta.lastUpdated`. */
export async function structureDefinitions(db: Db, tenant: TenantId, url: string): Promise<JsonObject[]> {
  const rows = await db.query<{ content: string }>(tenant, {
    name: 'structure-definitions',
    text: BY_URL,
    values: [tenant, url],
  })
  return rows.map(({ content }) => parseExactObject(content).value)
}
