/** Search for all tenants: each by its own search model, and only by what its index has. */
import type { SearchRequest } from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import type { TenantId } from '../../kernel/ids.ts'
import type { SearchModel, SearchModels } from '../search-model/index.ts'
import type { Db } from '../db.ts'
import { type Explanation, explainSearch } from './explain.ts'
import { makeFrequent } from './frequent.ts'
import { askedParameters, type AskedParameter, notIndexed, unindexed } from './readiness.ts'
import {
  makeSearchStore,
  type SearchOptions,
  type SearchStore,
  type SearchStoreDeps,
} from './search-store.ts'
import type { Tell } from './run.ts'
import type { Statement } from '../statement.ts'
import { makeStatementNames } from './sql.ts'

export interface TenantSearch extends SearchStore {
  /** How the search is answered, without its answer. */
  explain(tenant: TenantId, request: SearchRequest, options: SearchOptions): Promise<Explanation>
}

export interface TenantSearchDeps extends Omit<SearchStoreDeps, 'named' | 'frequent' | 'tell'> {
  readonly models: SearchModels
}

/** Tokens of all tenants, half a megabyte. */
const MAX_FREQUENT = 4000

/** Shapes of statements that a connection keeps. */
const MAX_SHAPES = 500

export function makeTenantSearch(given: TenantSearchDeps): TenantSearch {
  const { models, db } = given
  const deps = { ...given, named: makeStatementNames(MAX_SHAPES), frequent: makeFrequent(MAX_FREQUENT) }
  const shared = makeSearchStore(deps)
  const own = new WeakMap<SearchModel, SearchStore>()

  function storeFor(model: SearchModel): SearchStore {
    const { parameters, extractor } = model
    if (parameters === deps.parameters) return shared
    let store = own.get(model)
    if (!store) {
      store = makeSearchStore({ ...deps, parameters, extractor })
      own.set(model, store)
    }
    return store
  }

  /** The model that these are answered by. @throws Failure `unsupported`/`search-parameter-not-indexed` */
  async function readyModel(tenant: TenantId, requests: readonly SearchRequest[]): Promise<SearchModel> {
    let model = models.of(tenant)
    const asked = requests.flatMap((request) => askedParameters(model, request))
    if (asked.some(({ param }) => param.own !== undefined)) {
      model = await models.current(tenant)
      refuseChanged(model, asked)
    }
    if ((await lacking(tenant, model, asked)) !== undefined) {
      model = await models.settled(tenant)
      refuseChanged(model, asked)
      const missing = await lacking(tenant, model, asked)
      if (missing) throw notIndexed(missing)
    }
    return model
  }

  const ready = async (tenant: TenantId, requests: readonly SearchRequest[]) =>
    storeFor(await readyModel(tenant, requests))

  /** What nothing embeds need not be indexed there. */
  async function lacking(
    tenant: TenantId,
    model: SearchModel,
    asked: readonly AskedParameter[],
  ): Promise<AskedParameter | undefined> {
    const missing = unindexed(model, asked)
    const tokens = missing.flatMap(({ inside }) => inside?.token ?? [])
    if (tokens.length === 0) return missing[0]
    const known = await db.query<{ hash: string }>(tenant, knownTokens(tenant, tokens))
    const embedding = new Set(known.map(({ hash }) => hash))
    return missing.find(({ inside }) => inside === undefined || embedding.has(inside.token))
  }

  return {
    search: async (tenant, request, options) =>
      (await ready(tenant, [request])).search(tenant, request, options),
    searchTypes: async (tenant, requests, options) =>
      (await ready(tenant, requests)).searchTypes(tenant, requests, options),
    include: (tenant, ...rest) => storeFor(models.of(tenant)).include(tenant, ...rest),
    types: (tenant) => shared.types(tenant),
    find: async (tenant, request, limit) => (await ready(tenant, [request])).find(tenant, request, limit),
    async explain(tenant, request, options) {
      const { parameters, extractor } = await readyModel(tenant, [request])
      const storeOn = (noting: Db, tell: Tell) =>
        makeSearchStore({ ...deps, parameters, extractor, db: noting, tell })
      return explainSearch(db, storeOn, tenant, request, options)
    },
    guard: async (tenant, guard) => (await ready(tenant, [guard.criteria])).guard(tenant, guard),
  }
}

function knownTokens(tenant: TenantId, hashes: readonly string[]): Statement {
  return {
    name: 'known-tokens',
    text: `
      select h.hash from unnest($2::bigint[]) h(hash)
      where exists (select from token t where t.tenant = $1::int and t.hash = h.hash offset 0)`,
    values: [tenant, hashes],
  }
}

/** The search was read by parameters that are others by now. */
function refuseChanged(model: SearchModel, asked: readonly AskedParameter[]): void {
  const isCurrent = asked.every(
    ({ param }) =>
      param.own === undefined || model.parameters.of(param.base).get(param.code)?.own === param.own,
  )
  if (!isCurrent) throw new Failure('conflict', 'search-parameter-changed')
}
