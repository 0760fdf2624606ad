/** Who refers to a record, in parts: by the tokens of the reference index, those that nobody has left out first. */
import type { TenantId } from '../../kernel/ids.ts'
import type { Tx } from '../db.ts'
import { RESOURCE_COLUMNS, type ResourceRow } from '../queries/read-resources.ts'

/** Resources that are read, turned and written at once: some megabytes. */
const AT_ONCE = 200

/**
 * Each referring resource, locked, so that nobody changes it before the transaction ends. One range of token_pkey for
 * each token, in the order of the resources' numbers. Who refers in two ways may come in two parts.
 */
export async function* referrersOf(
  tx: Tx,
  tenant: TenantId,
  tokens: readonly string[],
): AsyncGenerator<readonly ResourceRow[]> {
  let part = new Map<string, ResourceRow>()
  for (const hash of await inUse(tx, tenant, tokens)) {
    for (let after: string | undefined = '0'; after !== undefined;) {
      const values = [tenant, hash, after, AT_ONCE]
      const rows: ResourceRow[] = await tx.query<ResourceRow>({ name: 'referrers-next', text: NEXT, values })
      for (const row of rows) part.set(row.rid, row)
      after = rows.length < AT_ONCE ? undefined : rows.at(-1)!.rid
      if (part.size < AT_ONCE) continue
      yield [...part.values()]
      part = new Map()
    }
  }
  if (part.size > 0) yield [...part.values()]
}

async function inUse(tx: Tx, tenant: TenantId, tokens: readonly string[]): Promise<string[]> {
  const rows = await tx.query<{ hash: string }>({
    name: 'tokens-in-use',
    text: `
      select h.hash from unnest($2::bigint[]) h(hash)
      where exists (select from token t where t.tenant = $1::int and t.hash = h.hash offset 0)`,
    values: [tenant, `{${tokens.join(',')}}`],
  })
  return rows.map(({ hash }) => hash)
}

// Straight along token_pkey, then resource_rid. The lock waits for who is writing a resource, and gives what he wrote.
const NEXT = `
  select ${RESOURCE_COLUMNS}
  from (
    select t.rid from token t where t.tenant = $1::int and t.hash = $2::bigint and t.rid > $3::bigint
    order by t.rid limit $4::int
  ) t
  cross join lateral (select * from resource o where o.rid = t.rid offset 0 for update) r
  order by r.rid`
