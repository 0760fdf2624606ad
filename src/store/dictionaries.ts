/**
 * The ConceptMaps and NamingSystems of a tenant, which messages are read with, and what ids were made of.
 * sql/0025_dictionary.sql counts their changes.
 */
import type { TenantId } from '../kernel/ids.ts'
import { type JsonObject, parseExactObject } from '../kernel/json.ts'
import type { Db, Tx } from './db.ts'

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

/** Identifier system → the one that ids are made of: sql/0030_id_systems.sql. Some dozen rows. */
export async function readIdSystems(db: Db, tenant: TenantId): Promise<Map<string, string>> {
  const rows = await db.query<{ system: string; made: string }>(tenant, {
    name: 'id-systems',
    text: 'select system, made from id_system where tenant = $1::int order by system',
    values: [tenant],
  })
  return new Map(rows.map(({ system, made }) => [system, made]))
}

/** Notes what ids were made of for the first time; what somebody noted before stays. Doesn't wait for the answer. */
export function noteIdSystems(
  tx: Tx,
  systems: readonly { readonly system: string; readonly made: string }[],
): void {
  if (systems.length === 0) return
  const sorted = systems.toSorted((a, b) => (a.system < b.system ? -1 : 1))
  void tx.query({
    name: 'id-systems-note',
    text: `
      insert into id_system (tenant, system, made)
      select current_tenant(), n.system, n.made from unnest($1::text[], $2::text[]) as n(system, made)
      on conflict (tenant, system) do nothing`,
    values: [sorted.map(({ system }) => system), sorted.map(({ made }) => made)],
  })
}
