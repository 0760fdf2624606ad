/**
 * Where records are that were merged or got another number: who names an old one means the one it is now. Chains are
 * short (a merge of a merge) and can't be circles: such a merge is refused.
 */
import type { TenantId } from '../../kernel/ids.ts'
import type { Db } from '../db.ts'
import type { Key } from '../integrity/index.ts'
import type { Statement } from '../statement.ts'

/** `Type/id` → the ids that it leads to, its own first and the one it is now last. Only those that lead anywhere. */
export type Redirects = ReadonlyMap<string, readonly string[]>

const NOTHING: Redirects = new Map()

/** What can be merged, and so be asked for. */
export const REDIRECTED: ReadonlySet<string> = new Set(['Patient', 'Encounter', 'Account'])

/** One lookup of redirect_pkey for each record, one more round for those that were found. */
export async function readRedirects(db: Db, tenant: TenantId, records: readonly Key[]): Promise<Redirects> {
  const asked = records.filter(({ type }) => REDIRECTED.has(type))
  if (asked.length === 0) return NOTHING
  const found = new Map<string, string[]>()
  let open = asked.map(({ type, id }) => ({ type, first: id, id }))
  while (open.length > 0) {
    const rows = await db.lookup<Key & { into_id: string }>(tenant, redirectsOf(tenant, open))
    const next = new Map(rows.map(({ type, id, into_id: into }) => [`${type}/${id}`, into]))
    open = open.flatMap(({ type, first, id }) => {
      const into = next.get(`${type}/${id}`)
      if (into === undefined) return []
      const name = `${type}/${first}`
      found.set(name, [...(found.get(name) ?? [first]), into])
      return [{ type, first, id: into }]
    })
  }
  return found
}

function redirectsOf(tenant: TenantId, records: readonly Key[]): Statement {
  return {
    name: 'redirects',
    text: `
      select d.type, d.id, d.into_id
      from unnest($2::text[], $3::text[]) as k(type, id)
      cross join lateral (
        select * from redirect r where r.tenant = $1::int and r.type = k.type and r.id = k.id offset 0
      ) d`,
    values: [tenant, records.map(({ type }) => type), records.map(({ id }) => id)],
  }
}

/** To be sent behind the writes: raises PA002 when one of the records has been merged meanwhile. */
export function assertInForce(tenant: TenantId, records: readonly Key[]): Statement {
  return {
    name: 'assert-in-force',
    text: `
      select assert_absent(exists (
        select from unnest($2::text[], $3::text[]) as k(type, id)
        cross join lateral (
          select from redirect r where r.tenant = $1::int and r.type = k.type and r.id = k.id offset 0
        ) d
      ))`,
    values: [tenant, records.map(({ type }) => type), records.map(({ id }) => id)],
  }
}
