/** The search port of the store: pages of what matches, keys of what matches, and the guard of conditional writes. */
import type { ExtractContext, Extractor, IndexEntries, SearchRequest } from '../../fhir/index.ts'
import type { TenantId } from '../../kernel/ids.ts'
import { parseExactObject } from '../../kernel/json.ts'
import type { Db } from '../db.ts'
import { hash64 } from '../hash.ts'
import { tokenMeanings } from '../index-rows.ts'
import { bodyOf, type Stored } from '../resource.ts'
import type { Statement } from '../statement.ts'
import { compileSearch } from './compile.ts'
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
  guard(tenant: TenantId, criteria: SearchRequest): readonly Statement[]
}

export interface SearchStoreDeps {
  readonly db: Db
  readonly extractor: Extractor
  contextOf(tenant: TenantId): ExtractContext
}

export function makeSearchStore({ db, extractor, contextOf }: SearchStoreDeps): SearchStore {
  const entriesOf = (tenant: TenantId, type: string, content: string): IndexEntries =>
    extractor.extract(parseExactObject(bodyOf(type, content)).exact, type, contextOf(tenant))
  const runner = makeSearchRunner({
    db,
    tokenValues: (tenant, type, content, code) => tokenMeanings(entriesOf(tenant, type, content), code),
  })

  return {
    async search(tenant, request) {
      const query = compileSearch(tenant, request)
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
      const query = { ...compileSearch(tenant, request), count: limit, sort: [], cursor: undefined }
      const { entries } = await runner.page(tenant, query)
      return entries.map(({ type, id, version }) => ({ type, id, version }))
    },

    guard(tenant, criteria) {
      const query = compileSearch(tenant, criteria)
      return [
        {
          name: 'lock-criteria',
          text: 'select pg_advisory_xact_lock($1::bigint)',
          values: [criteriaHash(tenant, query)],
        },
        // A statement of its own: it has to see what the one who held the lock has committed.
        toStatement(
          sql`select assert_absent(exists (select from ${matches(tenant, query, guardCriteria(query))}))`,
        ),
      ]
    },
  }
}

/** Tokens first: a conditional create asks for an identifier. */
function guardCriteria(query: SearchQuery) {
  const driver = query.conditions.find((condition) => condition.by === 'token') ?? query.conditions[0]
  return { driver, conditions: query.conditions, rows: query.rows }
}

/** The same criteria in any order of parameters give the same lock. */
function criteriaHash(tenant: TenantId, query: SearchQuery): string {
  const parts = [...query.conditions, ...query.rows].map((condition) => JSON.stringify(condition))
  return hash64([tenant, query.type, ...parts.sort()].join('\n'))
}
