/** The profiles, tags and security labels that current resources carry. */
import type { TenantId } from '../kernel/ids.ts'
import type { Db } from './db.ts'
import { orderHash } from './hash.ts'
import { readMeaning } from './token-meaning.ts'

export interface Labels {
  readonly profiles: readonly string[]
  readonly tags: readonly Label[]
  readonly security: readonly Label[]
}

interface Label {
  readonly system?: string
  readonly code: string
}

/** Of those in use, in the order of their text; more would not help anybody. */
const MAX_LABELS = 5000

/** What is in use by resources of these types, each label once. */
export async function labelsInUse(db: Db, tenant: TenantId, types: readonly string[]): Promise<Labels> {
  const [profiles, tags, security] = await Promise.all(
    ['_profile', '_tag', '_security'].map((code) => valuesInUse(db, tenant, types, code)),
  )
  return { profiles: profiles!, tags: labelsOf(tags!), security: labelsOf(security!) }
}

/**
 * Index token_value_order: as many steps as there are distinct labels, whatever the number of resources; then one probe
 * of token_pkey for each, because a value stays known when nobody has it any more.
 */
async function valuesInUse(
  db: Db,
  tenant: TenantId,
  types: readonly string[],
  code: string,
): Promise<string[]> {
  const rows = await db.query<{ value: string }>(tenant, {
    name: 'labels-in-use',
    text: `
      select distinct v.value
      from unnest($2::bigint[]) as p(param)
      cross join lateral (
        select value, hash from token_value v where v.param = p.param and v.tenant = $1::int offset 0
      ) v
      where exists (select from token t where t.tenant = $1::int and t.hash = v.hash)
      order by v.value limit $3::int`,
    values: [tenant, types.map((type) => orderHash(tenant, type, code)), MAX_LABELS],
  })
  return rows.map(({ value }) => value)
}

/** A coding with no more than a system is none. */
function labelsOf(values: readonly string[]): Label[] {
  return values.map(toLabel).filter(({ code }) => code !== '')
}

function toLabel(value: string): Label {
  const { system, code } = readMeaning(value)
  return system === undefined ? { code } : { system, code }
}
