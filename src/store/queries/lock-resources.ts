/**
 * Locks resources in the order given, which is the same for everybody: who waits for one waits in line. What is sent
 * behind this sees all that was committed before the locks were had. Straight into resource_pkey.
 */
import type { TenantId } from '../../kernel/ids.ts'
import type { Statement } from '../statement.ts'

export interface LockedRow {
  readonly type: string
  readonly id: string
  readonly version: number
}

export function lockResources(
  tenant: TenantId,
  keys: readonly { readonly type: string; readonly id: string }[],
): Statement {
  return {
    name: 'lock-resources',
    text: `
      select r.type, r.id, r.version from unnest($2::text[], $3::text[]) as k(type, id)
      cross join lateral (
        select * from resource o where o.tenant = $1::int and o.type = k.type and o.id = k.id offset 0 for update
      ) r`,
    values: [tenant, keys.map(({ type }) => type), keys.map(({ id }) => id)],
  }
}
