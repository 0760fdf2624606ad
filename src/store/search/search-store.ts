/** The search port of the store: pages of what matches, keys of what matches, and the guard of conditional writes. */
import type { ExtractContext, Extractor, IndexEntries, SearchRequest } from '../../fhir/index.ts'
import type { TenantId } from '../../kernel/ids.ts'
import { parseExactObject } from '../../kernel/json.ts'
import type { Db } from '../db.ts'
import { hash64 } from '../hash.ts'
import { tokenMeanings } from '../index-rows.ts'
import { bodyOf, type Stored } from '../resource.ts'
import type { Statement } from '../statement.ts'
import { makeCompiler } from './compile.ts'
import type { ParameterDeps } from './compile-parameter.ts'
import { enumerate } from './enumerate.ts'
import { makeLinks } from './links.ts'
import type { SearchQuery } from './query.ts'
import { makeSearchRunner } from './search.ts'
import { sql, toStatement } from './sql.ts'
import { matches } from './statements.ts'

export interface SearchPage {
  readonly entries: readonly Stored[]
  /** How many match in all; present when asked for, or when the page shows it. */
  readonly total?: number
  /** Where the next page begins; opaque, and signed by who hands it out. */
  readonly next?: string
}

export interface SearchStore {
  search(tenant: TenantId, request: SearchRequest): Promise<SearchPage>
  /** At most `limit` of what matches. */
  find(
    tenant: TenantId,
    request: SearchRequest,
    limit: number,
  ): Promise<readonly { type: string; id: string; version: number }[]>
  /** To be sent in the transaction of a write: others with the same criteria wait, and a match raises PA002. */
  guard(tenant: TenantId, criteria: SearchRequest): Promise<readonly Statement[]>
}

export interface SearchStoreDeps extends ParameterDeps {
  readonly db: Db
  readonly extractor: Extractor
  contextOf(tenant: TenantId): ExtractContext
}

export function makeSearchStore(deps: SearchStoreDeps): SearchStore {
  const { db, extractor, contextOf } = deps
  const entriesOf = (tenant: TenantId, type: string, content: string): IndexEntries =>
    extractor.extract(parseExactObject(bodyOf(type, content)).exact, type, contextOf(tenant))
  const runner = makeSearchRunner({
    db,
    tokenValues: (tenant, type, content, code) => tokenMeanings(entriesOf(tenant, type, content), code),
  })
  const compiler = makeCompiler({ ...deps, links: makeLinks({ ...deps, runner }) })

  return {
    async search(tenant, request) {
      const query = await compiler.compile(tenant, request)
      const counted = request.total !== 'none' || request.count === 0
      const [page, total] = await Promise.all([
        runner.page(tenant, query),
        counted ? runner.total(tenant, query) : undefined,
      ])
      if (total !== undefined) return { ...page, total }
      const isWhole = request.cursor === undefined && page.next === undefined
      return isWhole ? { ...page, total: page.entries.length } : page
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

    async guard(tenant, criteria) {
      const query = await compiler.compile(tenant, criteria)
      return [
        {
          name: 'lock-criteria',
          text: 'select pg_advisory_xact_lock($1::bigint)',
          values: [criteriaHash(tenant, query)],
        },
        // A statement of its own: it has to see what the one who held the lock has committed.
        toStatement(
          sql`select assert_absent(exists (select from ${matches(tenant, query, guardCriteria(tenant, query))}))`,
        ),
      ]
    },
  }
}

/** Tokens first: a conditional create asks for an identifier. */
function guardCriteria(tenant: TenantId, { conditions }: SearchQuery) {
  const able = conditions.filter((condition) => enumerate(tenant, condition) !== undefined)
  return { driver: able.find(({ by }) => by === 'token') ?? able[0], conditions }
}

/** The same criteria in any order of parameters give the same lock. */
function criteriaHash(tenant: TenantId, { type, conditions }: SearchQuery): string {
  const parts = conditions.map((condition) =>
    JSON.stringify(condition, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
  )
  return hash64([tenant, type, ...parts.sort()].join('\n'))
}
