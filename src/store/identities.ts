/**
 * Who is already here under another id. Ids that messages and images make come from an identifier, so they meet by
 * themselves; a resource that a client created first has an id of the server's, and is found by the identifier.
 */
import type { TenantId } from '../kernel/ids.ts'
import type { Db } from './db.ts'
import { tokenHash } from './hash.ts'

export interface WantedIdentity {
  readonly type: string
  /** The id that is made from the identifier. */
  readonly id: string
  /** Empty: it has none. */
  readonly system: string
  readonly value: string
}

/** `Type/id` as it would be → id of the resource that is there. */
export type KnownIdentities = ReadonlyMap<string, string>

export interface FoundIdentities {
  readonly known: KnownIdentities
  /** Those whose identifier nobody has. */
  readonly strangers: readonly WantedIdentity[]
}

/**
 * The oldest resource with the identifier, for those whose own id is not taken. Two key lookups each. A movement inside a
 * visit may bear a number that another visit has: it is never what a visit is.
 */
export async function findIdentities(
  db: Db,
  tenant: TenantId,
  wanted: readonly WantedIdentity[],
): Promise<FoundIdentities> {
  if (wanted.length === 0) return { known: new Map(), strangers: [] }
  const rows = await db.query<{ n: string; known: string | null; stranger: boolean }>(tenant, {
    name: 'find-identities',
    text: `
      select w.n, r.id as known, t.rid is null as stranger
      from unnest($2::text[], $3::text[], $4::bigint[]) with ordinality as w(type, id, hash, n)
      left join lateral (
        select t.rid from token t where t.tenant = $1::int and t.hash = w.hash order by t.rid limit 1
      ) t on true
      left join lateral (
        select o.id from resource o
        where o.rid = t.rid and (o.type <> 'Encounter' or not o.content ? 'partOf') offset 0
      ) r on true
      where not exists (
        select from resource o where o.tenant = $1::int and o.type = w.type and o.id = w.id and not o.deleted offset 0
      )
      order by w.n`,
    values: [
      tenant,
      wanted.map(({ type }) => type),
      wanted.map(({ id }) => id),
      `{${wanted.map(({ type, system, value }) => tokenHash(type, 'identifier', system, value)).join(',')}}`,
    ],
  })
  const known = new Map<string, string>()
  const taken = new Set<string>()
  const strangers: WantedIdentity[] = []
  for (const { n, known: other, stranger } of rows) {
    const one = wanted[Number(n) - 1]!
    const { type, id } = one
    if (stranger) strangers.push(one)
    // The first identifier decides; two resources of one message never become one.
    else if (other !== null && !known.has(`${type}/${id}`) && !taken.has(`${type}/${other}`)) {
      known.set(`${type}/${id}`, other)
      taken.add(`${type}/${other}`)
    }
  }
  return { known, strangers }
}
