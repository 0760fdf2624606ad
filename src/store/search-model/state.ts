/** What the database says of a tenant's search parameters. sql/0018_search_parameters.sql */
import type { TenantId } from '../../kernel/ids.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { Db } from '../db.ts'

export interface SearchState {
  readonly revision: number
  /** See index-version.ts. */
  readonly indexVersion: number
  /** A pass over its resources is on. */
  readonly isReindexing: boolean
  readonly parameters: readonly StoredParameter[]
}

/** A SearchParameter in force, or one that was until the index is cleaned of it. */
export interface StoredParameter {
  /** Another one with each change. */
  readonly number: string
  /** Of the resource. */
  readonly id: string
  readonly definition: JsonObject
  readonly retired: boolean
  /** Resource types that are all indexed by it, or when retired, cleaned of it. */
  readonly done: readonly string[]
}

const REVISION = `
  select coalesce((select revision from search_revision where tenant = $1::int), 0)::float8 as revision,
    index_version as "indexVersion",
    exists (select from reindex where tenant = $1::int and status in ('waiting', 'running')) as "isReindexing"
  from tenant where id = $1::int`

/** A few rows in all: who has own parameters has some hundreds at most. */
const PARAMETERS = `
  select number::text, id, definition, retired, done from search_parameter where tenant = $1::int order by number`

type Revision = Omit<SearchState, 'parameters'>

/** Three rows by their keys. undefined: no such tenant. */
export async function readRevision(db: Db, tenant: TenantId): Promise<Revision | undefined> {
  const statement = { name: 'search-revision', text: REVISION, values: [tenant] }
  const [row] = await db.lookup<Revision>(tenant, statement)
  return row
}

/** The parameters as of a revision: asked for again when one changed meanwhile. */
export async function readParameters(db: Db, tenant: TenantId, of: Revision): Promise<SearchState> {
  if (of.revision === 0) return { ...of, parameters: [] }
  const statement = { name: 'search-parameters', text: PARAMETERS, values: [tenant] }
  const parameters = await db.query<StoredParameter>(tenant, statement)
  const now = await readRevision(db, tenant)
  return now === undefined || now.revision === of.revision
    ? { ...of, parameters }
    : readParameters(db, tenant, now)
}
