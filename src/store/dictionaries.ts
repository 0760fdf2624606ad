/** The ConceptMaps and NamingSystems of a tenant, which messages are read with. sql/0025_dictionary.sql counts their changes. */
import type { TenantId } from '../kernel/ids.ts'
import { type JsonObject, parseExactObject } from '../kernel/json.ts'
import type { Db } from './db.ts'

/** Another text whenever one of them changed; undefined: the tenant never had any. One row by its key. */
export async function dictionaryRevision(db: Db, tenant: TenantId): Promise<string | undefined> {
  const [row] = await db.lookup<{ revision: string }>(tenant, {
    name: 'dictionary-revision',
    text: 'select revision::text from dictionary_revision where tenant = $1::int',
    values: [tenant],
  })
  return row?.revision
}

/** Two ranges of the primary key. Not as a lookup: a map may have megabytes. */
const ALL = `
  select type, content::text as content from resource
  where tenant = $1::int and type in ('ConceptMap', 'NamingSystem') and not deleted
  order by type, id`

/** All of them, in the order of their ids. */
export async function dictionaryResources(db: Db, tenant: TenantId): Promise<JsonObject[]> {
  const rows = await db.query<{ type: string; content: string }>(tenant, {
    name: 'dictionary-resources',
    text: ALL,
    values: [tenant],
  })
  return rows.map(({ type, content }) => ({ resourceType: type, ...parseExactObject(content).value }))
}
