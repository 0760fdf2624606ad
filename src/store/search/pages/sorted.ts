/** Pages of an order: collected where few match, else streamed. */
import { Failure } from '../../../kernel/failure.ts'
import type { TenantId } from '../../../kernel/ids.ts'
import { isPersonal, isStream, type TokenCondition } from '../condition.ts'
import { type Drivers, FEW, HANDFUL } from '../drivers.ts'
import type { SearchQuery, SortKind } from '../query.ts'
import { collectedPage, type CollectedDeps } from './collected.ts'
import type { FoundPage } from './found-page.ts'
import type { StreamedPage } from './streamed.ts'

/** Orders by several keys have no index to stream, so they are collected up to here and refused beyond. */
export const MOST_SORTABLE = 20_000

export interface SortedDeps extends CollectedDeps {
  readonly drivers: Drivers
  readonly streamedPage: StreamedPage
  total(tenant: TenantId, query: SearchQuery): Promise<number>
}

export async function sortedPage(deps: SortedDeps, tenant: TenantId, query: SearchQuery): Promise<FoundPage> {
  const { drivers, streamedPage } = deps
  const { conditions, sort } = query
  const collects = sort.length > 1 || !isOneIndex(sort[0]!.kind)
  const leading = collects ? [] : leadingDrivers(query)
  const personal = leading.find(isPersonal)
  if (leading.length > 0 && (personal || conditions.length === 1))
    return streamedPage(tenant, query, sort[0]!, personal ?? leading[0])
  const limit = collects ? MOST_SORTABLE : FEW
  const chosen = await drivers.choose(tenant, conditions, limit + 1)
  const best = leading.find((one) => one === chosen?.driver) ?? leading[0]
  const few = best === undefined ? limit : best === chosen?.driver ? 0 : HANDFUL
  if (chosen && chosen.count <= few) return collectedPage(deps, tenant, query, chosen.driver)
  if (collects) return collectedOfType(deps, tenant, query)
  return streamedPage(tenant, query, sort[0]!, best)
}

async function collectedOfType(deps: SortedDeps, tenant: TenantId, query: SearchQuery): Promise<FoundPage> {
  const total = await deps.total(tenant, query)
  if (total > MOST_SORTABLE) {
    throw new Failure(
      'unsupported',
      'search-sort-too-broad',
      { matches: total, max: MOST_SORTABLE },
      { expression: ['_sort'] },
    )
  }
  return collectedPage(deps, tenant, query, undefined)
}

function isOneIndex(kind: SortKind): boolean {
  return kind.by !== 'content' && kind.by !== 'score' && (kind.by !== 'number' || kind.params.length === 1)
}

/** Conditions whose tokens stand in the order that is asked for. */
function leadingDrivers({ conditions, sort }: SearchQuery): TokenCondition[] {
  const [first] = sort
  if (sort.length !== 1 || first?.kind.by !== 'date' || !first.kind.leading) return []
  return conditions.filter(isStream).filter(({ leading }) => leading)
}
