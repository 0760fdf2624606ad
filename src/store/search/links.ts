/** Looks up what chains, _has and _list refer to. See compile-links.ts. */
import { type ExtractContext, referenceTarget } from '../../fhir/index.ts'
import type { TenantId } from '../../kernel/ids.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { Db } from '../db.ts'
import { uriHash } from '../hash.ts'
import { readMany, type ResourceRow } from '../queries/read-resources.ts'
import type { Links } from './compile-links.ts'
import type { ParameterDeps } from './compile-parameter.ts'
import type { Statement } from '../statement.ts'
import type { SearchRunner } from './search.ts'
import { arrayOf, type Sql, sql, join } from './sql.ts'
import { byHashes, countOfType } from './statements/index.ts'

/** Up to so many linked resources become tokens or ids: each costs one descent of an index. */
const FEW_LINKED = 2000
/**
 * Each costs a look into its content (8 µs); beyond, so many refer that those who are referred to soon fill a page. With
 * 40,000 patients both ways cost the same at about 4,000.
 */
const FEW_REFERRING = 3000
/** Where those who are referred to are looked for among more than so many, tests find them too late … */
const LARGE = 20_000
/** … and up to so many who refer are looked up: half a second. */
const MANY_REFERRING = 50_000
/** Where those who refer can be streamed, a page of the newest costs as much as looking up so many. */
const FEWER_THAN_A_STREAM = 300

export interface LinksDeps extends Pick<ParameterDeps, 'definitions' | 'parameters'> {
  readonly db: Db
  named(fragment: Sql): Statement
  readonly runner: Pick<SearchRunner, 'few' | 'fewNumbers'>
  contextOf(tenant: TenantId): ExtractContext
}

export function makeLinks({ db, named, runner, definitions, parameters, contextOf }: LinksDeps): Links {
  /** Ids of what has these canonical URLs, and the version if one is named. */
  async function namedBy(
    tenant: TenantId,
    type: string,
    canonicals: readonly string[],
  ): Promise<readonly string[]> {
    const wanted = new Set(
      canonicals.map((canonical) => (canonical.includes('|') ? canonical : `${canonical}|`)),
    )
    const hashes = new Set([...wanted].map((canonical) => uriHash(type, 'url', canonical.split('|')[0]!)))
    const found = await db.query<ResourceRow>(tenant, named(byHashes(tenant, [...hashes], FEW_LINKED)))
    return found
      .filter(({ content }) => canonicalUrls(content).some((canonical) => wanted.has(canonical)))
      .map(({ id }) => id)
  }

  async function isLarge(tenant: TenantId, type: string): Promise<boolean> {
    const [row] = await db.query<{ count: number }>(tenant, named(countOfType(tenant, type, LARGE + 1)))
    return row!.count > LARGE
  }

  return {
    definitions,
    parameters,
    bases: (tenant) => contextOf(tenant).bases(),

    async targets(tenant, type, conditions, canonical) {
      const found = await runner.few(tenant, { conditions }, FEW_LINKED, canonical)
      return found?.flatMap(({ id, content }) => [`${type}/${id}`, ...canonicalUrls(content)])
    },

    async known(tenant, hashes) {
      const rows = await db.query<{ hash: string }>(tenant, named(used(tenant, hashes)))
      return new Set(rows.map(({ hash }) => hash))
    },

    async referred(tenant, source, type) {
      const limit = source.streams ? FEWER_THAN_A_STREAM : FEW_REFERRING
      let numbers = await runner.fewNumbers(tenant, source, limit)
      if (!numbers && !source.streams && (await isLarge(tenant, type)))
        numbers = await runner.fewNumbers(tenant, source, MANY_REFERRING)
      if (!numbers) return undefined
      const written = await db.query<{ written: string | null }>(
        tenant,
        named(references(numbers, source.paths)),
      )
      const texts = written.flatMap((row) => row.written ?? [])
      if (source.canonical) return namedBy(tenant, type, texts)
      const { toLocal } = contextOf(tenant)
      const ids = new Set<string>()
      for (const text of texts) {
        const target = referenceTarget(text, toLocal)?.target
        if (target?.startsWith(`${type}/`)) ids.add(target.slice(type.length + 1))
      }
      return [...ids]
    },

    async listed(tenant, lists, type) {
      const keys = lists.map((id) => ({ type: 'List', id }))
      const rows = await db.query<ResourceRow>(tenant, readMany(tenant, keys))
      const { toLocal } = contextOf(tenant)
      const ids = rows
        .flatMap(({ content }) => listItems(content))
        .flatMap((reference) => {
          const target = referenceTarget(reference, toLocal)?.target
          return target?.startsWith(`${type}/`) ? [target.slice(type.length + 1)] : []
        })
      return [...new Set(ids)]
    },
  }
}

function references(numbers: readonly string[], paths: readonly string[]): Sql {
  const each = paths.map((path) => sql`select jsonb_path_query(r.content, ${path}::jsonpath) #>> '{}'`)
  return sql`select distinct w.written from unnest(${arrayOf(numbers)}::bigint[]) n(rid)
    cross join lateral (select o.content from resource o where o.rid = n.rid and not o.deleted offset 0) r
    cross join lateral (${join(each, ' union all ', sql`select null::text where false`)}) w(written)`
}

/** As references to it are spelled in the index: `url|` without a version, and with its own. */
export function canonicalUrls(content: string | null): string[] {
  if (content === null || content === '') return []
  const { url, version } = JSON.parse(content) as JsonObject
  if (typeof url !== 'string') return []
  return typeof version === 'string' ? [`${url}|`, `${url}|${version}`] : [`${url}|`]
}

/** Those of the tokens that some resource has: one descent of token_pkey each. */
function used(tenant: TenantId, hashes: readonly string[]): Sql {
  return sql`select h.hash from unnest(${arrayOf(hashes)}::bigint[]) h(hash)
    where exists (select from token p where p.tenant = ${tenant}::int and p.hash = h.hash offset 0)`
}

/** What a List has: entries that are marked as deleted are not in it. https://hl7.org/fhir/R4/list.html */
function listItems(content: string | null): string[] {
  const { entry } = JSON.parse(content ?? '{}') as {
    entry?: { deleted?: boolean; item?: { reference?: string } }[]
  }
  return (entry ?? []).flatMap(({ deleted, item }) =>
    deleted || item?.reference === undefined ? [] : [item.reference],
  )
}
