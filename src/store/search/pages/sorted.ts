/** Pages of an order: collected where few match, else streamed. */
import { Failure } from '../../../kernel/failure.ts'
import type { TenantId } from '../../../kernel/ids.ts'
import { isPersonal, isStream, type TokenCondition } from '../condition.ts'
import { FEW, HANDFUL } from '../drivers.ts'
import type { SearchQuery, SortKind } from '../query.ts'
import { collectedPage } from './collected.ts'
import type { FoundPage } from './found-page.ts'
import { groupedPage, type GroupedDeps } from './grouped.ts'
import type { StreamedPage } from './streamed.ts'

/** What has no index to stream, a reference or a score, is collected up to here and refused beyond. */
export const MOST_SORTABLE = 20_000

export interface SortedDeps extends GroupedDeps {
  readonly streamedPage: StreamedPage
  total(tenant: TenantId, query: SearchQuery): Promise<number>
}

export async function sortedPage(deps: SortedDeps, tenant: TenantId, query: SearchQuery): Promise<FoundPage> {
  const { conditions, sort } = query
  const streams = hasIndex(sort[0]!.kind)
  const leading = leadingDrivers(query)
  const personal = leading.find(isPersonal)
  if (sort.length === 1 && leading.length > 0 && (personal || conditions.length === 1))
    return manyPage(deps, tenant, query, personal ?? leading[0])
  const limit = streams ? FEW : MOST_SORTABLE
  const chosen = await deps.drivers.choose(tenant, conditions, limit + 1)
  const best = leading.find((one) => one === chosen?.driver) ?? leading[0]
  const few = best === undefined || sort.length > 1 ? limit : best === chosen?.driver ? 0 : HANDFUL
  if (chosen && chosen.count <= few) return collectedPage(deps, tenant, query, chosen.driver)
  return streams ? manyPage(deps, tenant, query, best) : collectedOfType(deps, tenant, query)
}

function manyPage(
  deps: SortedDeps,
  tenant: TenantId,
  query: SearchQuery,
  leading: TokenCondition | undefined,
): Promise<FoundPage> {
  const [first, ...rest] = query.sort
  return rest.length === 0 && first!.kind.by !== 'token'
    ? deps.streamedPage(tenant, query, first!, leading)
    : groupedPage(deps, tenant, query, leading)
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

function hasIndex(kind: SortKind): boolean {
  return kind.by !== 'content' && kind.by !== 'score'
}

/** Conditions whose tokens stand in the order of the first key. */
function leadingDrivers({ conditions, sort }: SearchQuery): TokenCondition[] {
  const [first] = sort
  if (first?.kind.by !== 'date' || !first.kind.leading) return []
  return conditions.filter(isStream).filter(({ leading }) => leading)
}
