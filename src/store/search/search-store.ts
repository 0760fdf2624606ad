/** The search port of the store: pages of what matches, keys of what matches, and the guard of conditional writes. */
import type { ExtractContext, Extractor, Include, IndexEntries, SearchRequest } from '../../fhir/index.ts'
import type { TenantId } from '../../kernel/ids.ts'
import { parseExactObject } from '../../kernel/json.ts'
import type { Db } from '../db.ts'
import { type CompiledGuard, type Guard, identifierLock, lockOf } from '../guard.ts'
import { tokenMeanings } from '../index-rows.ts'
import { bodyOf, type Stored } from '../resource.ts'
import { makeCompiler } from './compile.ts'
import type { ParameterDeps } from './compile-parameter.ts'
import { enumerate } from './enumerate.ts'
import { makeIncluder } from './includes.ts'
import { makeLinks } from './links.ts'
import type { SearchQuery } from './query.ts'
import type { Frequent } from './frequent.ts'
import type { FoundPage } from './pages/found-page.ts'
import type { Tell } from './run.ts'
import { makeSearchRunner } from './search.ts'
import type { Statement } from '../statement.ts'
import { type Sql, sql, toStatement } from './sql.ts'
import { matches, typesInUse } from './statements/index.ts'

export interface SearchPage {
  readonly entries: readonly Stored[]
  /** How well each entry meets the words that were asked for, 0 to 1; present when the order is by that. */
  readonly scores?: readonly number[]
  /** What _include and _revinclude add. */
  readonly included?: readonly Stored[]
  /** How many of these there have been, when more follow: `includesFrom` of the answer that goes on. */
  readonly moreIncludes?: number
  /** How many match in all; present when asked for, or when the page shows it. */
  readonly total?: number
  /** Where the next page begins; opaque, and signed by who hands it out. */
  readonly next?: string
}

export interface SearchOptions {
  /** Types that the caller may not see are not included; without it all are. */
  readonly allows?: (type: string) => boolean
  /** Goes on with the includes of the page, whose matches were told before. */
  readonly includesFrom?: number | undefined
}

export interface SearchStore {
  search(tenant: TenantId, request: SearchRequest, options?: SearchOptions): Promise<SearchPage>
  /** Of several types together, in one order: last changed first unless another is asked for. */
  searchTypes(
    tenant: TenantId,
    requests: readonly SearchRequest[],
    options?: SearchOptions,
  ): Promise<SearchPage>
  /** What these resources bring along. */
  include(
    tenant: TenantId,
    resources: readonly Stored[],
    includes: readonly Include[],
    allows: (type: string) => boolean,
  ): Promise<readonly Stored[]>
  /** Types that the tenant has, or had, resources of. */
  types(tenant: TenantId): Promise<readonly string[]>
  /** At most `limit` of what matches. */
  find(
    tenant: TenantId,
    request: SearchRequest,
    limit: number,
  ): Promise<readonly { type: string; id: string; version: number }[]>
  guard(tenant: TenantId, guard: Guard): Promise<CompiledGuard>
}

export interface SearchStoreDeps extends ParameterDeps {
  readonly db: Db
  readonly extractor: Extractor
  contextOf(tenant: TenantId): ExtractContext
  /** One for all who use the database. See makeStatementNames. */
  named(fragment: Sql): Statement
  /** One for all who use the database. */
  readonly frequent: Frequent
  readonly tell?: Tell | undefined
}

export function makeSearchStore(deps: SearchStoreDeps): SearchStore {
  const { db, extractor, contextOf, named } = deps
  const entriesOf = (tenant: TenantId, type: string, content: string): IndexEntries =>
    extractor.extract(parseExactObject(bodyOf(type, content)).exact, type, contextOf(tenant))
  const runner = makeSearchRunner({
    db,
    named,
    frequent: deps.frequent,
    tell: deps.tell,
    tokenValues: (tenant, type, content, code) => tokenMeanings(entriesOf(tenant, type, content), code),
  })
  const compiler = makeCompiler({ ...deps, links: makeLinks({ ...deps, runner }) })
  const includer = makeIncluder(deps)

  async function searchTypes(
    tenant: TenantId,
    requests: readonly SearchRequest[],
    { allows = () => true, includesFrom }: SearchOptions = {},
  ): Promise<SearchPage> {
    const [first] = requests
    if (!first) return { entries: [], total: 0 }
    const queries = await Promise.all(requests.map((request) => compiler.compile(tenant, request)))
    const counted = includesFrom === undefined && (first.total !== 'none' || first.count === 0)
    const [page, totals] = await Promise.all([
      queries.length === 1 ? runner.page(tenant, queries[0]!) : runner.pageOfTypes(tenant, queries),
      counted ? Promise.all(queries.map((query) => runner.total(tenant, query))) : undefined,
    ])
    const options = { from: includesFrom ?? 0, allows }
    const included = await includer.include(tenant, page.entries, first.includes, options)
    const isWhole = first.cursor === undefined && page.next === undefined
    const total = totals?.reduce((sum, one) => sum + one, 0) ?? (isWhole ? page.entries.length : undefined)
    const includes = {
      included: included.entries,
      ...(included.next !== undefined && { moreIncludes: included.next }),
    }
    if (includesFrom !== undefined) return { entries: [], ...includes }
    const scores = scoresOf(queries[0]!, page)
    return {
      entries: page.entries,
      ...(scores && { scores }),
      ...includes,
      ...(total !== undefined && { total }),
      ...(page.next !== undefined && { next: page.next }),
    }
  }

  return {
    search: (tenant, request, options) => searchTypes(tenant, [request], options),
    searchTypes,

    async include(tenant, resources, includes, allows) {
      return (await includer.include(tenant, resources, includes, { from: 0, allows })).entries
    },

    async types(tenant) {
      const rows = await db.query<{ type: string }>(tenant, toStatement(typesInUse(tenant)))
      return rows.map(({ type }) => type)
    },

    async find(tenant, request, limit) {
      const compiled = await compiler.compile(tenant, request)
      const { entries } = await runner.page(tenant, {
        ...compiled,
        count: limit,
        sort: [],
        cursor: undefined,
      })
      return entries.map(({ type, id, version }) => ({ type, id, version }))
    },

    async guard(tenant, { criteria, only, except = [] }) {
      const query = await compiler.compile(tenant, criteria)
      const matching = matches(tenant, query, guardCriteria(tenant, query))
      const known = only === undefined ? except : [...except, only]
      const others = sql`exists (select from ${matching} and r.id <> all(${known}::text[]))`
      const isOther =
        only === undefined
          ? others
          : sql`${others} or not exists (select from ${matching} and r.id = ${only}::text)`
      return {
        locks: identifierLocks(criteria) ?? [lockOf(criteriaName(query))],
        check: toStatement(sql`select assert_absent(${isOther})`),
      }
    },
  }
}

/** A rank has no upper end, and Bundle.entry.search.score is at most 1. */
function scoresOf({ sort }: SearchQuery, { places }: FoundPage): readonly number[] | undefined {
  const key = sort.findIndex(({ kind }) => kind.by === 'score')
  if (key < 0) return undefined
  const ranks = places.map(({ keys }) => Number(keys[key]))
  return ranks.map((rank) => Math.round((rank / (rank + 1)) * 1e6) / 1e6)
}

/** Tokens first: a conditional create asks for an identifier. */
function guardCriteria(tenant: TenantId, { conditions }: SearchQuery) {
  const able = conditions.filter((condition) => enumerate(tenant, condition) !== undefined)
  return { driver: able.find(({ by }) => by === 'token') ?? able[0], conditions }
}

/** The same criteria in any order of parameters give the same lock. */
function criteriaName({ type, conditions }: SearchQuery): string {
  const parts = conditions.map((condition) =>
    JSON.stringify(condition, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
  )
  return [type, ...parts.sort()].join('\n')
}

/** Of criteria that name identifiers by their values. */
function identifierLocks({ type, criteria }: SearchRequest): number[] | undefined {
  for (const criterion of criteria) {
    if (criterion.by !== 'parameter' || criterion.param.code !== 'identifier') continue
    if (criterion.modifier !== undefined) continue
    const values = criterion.values.flatMap((value) => (value.kind === 'token' && value.code) || [])
    if (values.length === criterion.values.length) return values.map((value) => identifierLock(type, value))
  }
  return undefined
}
