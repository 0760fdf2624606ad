/**
 * Runs a search. The shape is chosen from bounded counts of the index, so that sparse, dense and empty results each
 * get a plan whose cost is known, however large the store is:
 *
 * - no order asked for: newest first, streamed from the condition that the fewest resources meet;
 * - an order, and few matches: collect the matches with their keys, sort here;
 * - an order, and many: stream the order's own index and probe the conditions; what has no key comes last;
 * - of several keys: stream the first one's, and search for those that share it in the order of the rest.
 */
import type { TenantId } from '../../kernel/ids.ts'
import { type Condition, isStream } from './condition.ts'
import { makeDrivers } from './drivers.ts'
import { isExact } from './enumerate.ts'
import type { Frequent } from './frequent.ts'
import type { TokenValues } from './pages/collected.ts'
import type { FoundPage } from './pages/found-page.ts'
import { newestPage } from './pages/newest.ts'
import { mergedPage } from './pages/of-types.ts'
import { MOST_SORTABLE, sortedPage } from './pages/sorted.ts'
import { makeStreamedPage } from './pages/streamed.ts'
import { LAST_CHANGED_FIRST, type SearchQuery } from './query.ts'
import { makeRun, type RunDeps } from './run.ts'
import { countMatches, idsByCollecting, numbersByCollecting } from './statements/index.ts'

export interface SearchRunner {
  page(tenant: TenantId, query: SearchQuery): Promise<FoundPage>
  total(tenant: TenantId, query: SearchQuery): Promise<number>
  /** A page of several types together, in one order. */
  pageOfTypes(tenant: TenantId, queries: readonly SearchQuery[]): Promise<FoundPage>
  /** The numbers of all that match, when an index knows that they are no more than `limit`; else undefined. */
  fewNumbers(
    tenant: TenantId,
    query: Pick<SearchQuery, 'type' | 'conditions'>,
    limit: number,
  ): Promise<readonly string[] | undefined>
  /** Ids, and contents, of all that match, when an index knows that they are no more than `limit`; else undefined. */
  few(
    tenant: TenantId,
    query: Pick<SearchQuery, 'conditions'>,
    limit: number,
    withContent: boolean,
  ): Promise<readonly FewRow[] | undefined>
}

interface FewRow {
  readonly id: string
  readonly content: string | null
}

export interface SearchRunnerDeps extends RunDeps {
  readonly tokenValues: TokenValues
  readonly frequent: Frequent
}

export function makeSearchRunner(deps: SearchRunnerDeps): SearchRunner {
  const run = makeRun(deps)
  const drivers = makeDrivers({ ...deps, run })
  const streamedPage = makeStreamedPage({ ...deps, run, drivers })
  const pages = { ...deps, run, drivers, streamedPage, total, page }

  async function count(tenant: TenantId, query: SearchQuery, driver: Condition | undefined): Promise<number> {
    const criteria = { driver, conditions: query.conditions }
    const counting = countMatches(tenant, query, criteria)
    const [row] = await run<{ total: number }>(tenant, 'count', counting, driver)
    return row!.total
  }

  function page(tenant: TenantId, query: SearchQuery): Promise<FoundPage> {
    if (query.count === 0) return Promise.resolve({ entries: [], places: [] })
    return query.sort.length > 0 ? sortedPage(pages, tenant, query) : newestPage(pages, tenant, query)
  }

  async function total(tenant: TenantId, query: SearchQuery): Promise<number> {
    const { conditions } = query
    if (conditions.length === 1 && isStream(conditions[0]!)) return count(tenant, query, conditions[0])
    const chosen = await drivers.choose(tenant, conditions, MOST_SORTABLE)
    return count(tenant, query, chosen?.driver)
  }

  return {
    total,

    page,

    async pageOfTypes(tenant, queries) {
      const { count, sort } = queries[0]!
      if (count === 0) return { entries: [], places: [] }
      const order = sort.length > 0 ? sort : [LAST_CHANGED_FIRST]
      const found = queries.map((query) =>
        sortedPage(pages, tenant, { ...query, sort: sort.length > 0 ? query.sort : order }),
      )
      return mergedPage(await Promise.all(found), order, count)
    },

    async fewNumbers(tenant, { conditions }, limit) {
      const driver = await drivers.fewest(tenant, conditions, limit)
      if (!driver) return undefined
      const criteria = { driver, conditions }
      const collecting = numbersByCollecting(tenant, criteria)
      const rows = await run<{ rid: string }>(tenant, 'collect numbers', collecting, driver)
      return rows.map(({ rid }) => rid)
    },

    async few(tenant, { conditions }, limit, withContent) {
      const only = conditions.length === 1 ? conditions[0]! : undefined
      const chosen = only && isExact(only) ? only : await drivers.fewest(tenant, conditions, limit)
      if (!chosen) return undefined
      const criteria = { driver: chosen, conditions }
      const collecting = idsByCollecting(tenant, criteria, limit + 1, withContent)
      const rows = await run<FewRow>(tenant, 'collect ids', collecting, chosen)
      return rows.length > limit ? undefined : rows
    },
  }
}
