/** Entries of an order's own index, or of what a search begins with where that stands in the order. */
import type { TenantId } from '../../../kernel/ids.ts'
import type { ResourceRow } from '../../queries/read-resources.ts'
import type { TokenCondition } from '../condition.ts'
import type { SortKey } from '../cursor.ts'
import type { SearchQuery, SortPart } from '../query.ts'
import type { Run } from '../run.ts'
import { datedByToken, inOrderOf } from '../statements/index.ts'

export type Keyed = ResourceRow & { readonly key: SortKey }

/** @param leading tokens that stand in the order, to begin with */
export function inOrder(
  run: Run,
  tenant: TenantId,
  query: SearchQuery,
  part: SortPart,
  leading: TokenCondition | undefined,
  after: { key: SortKey; rid: number } | undefined,
  wanted: number,
): Promise<Keyed[]> {
  const { kind, descending } = part
  if (kind.by !== 'date' || !leading)
    return run(tenant, 'order of the index', inOrderOf(tenant, query, part, after, wanted))
  const criteria = { driver: leading, conditions: query.conditions }
  const order = { param: kind.param, descending }
  const dated = datedByToken(tenant, leading, criteria, order, after, wanted)
  return run(tenant, 'dated by token', dated, leading)
}
