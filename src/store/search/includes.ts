/**
 * What a page's resources refer to, and what refers to them. https://hl7.org/fhir/R4/search.html#include
 *
 * References forth are read off the resources; references back are tokens of the index: one range for each resource
 * and parameter. What was included once is not included again, so circles end by themselves.
 */
import type { ExtractContext, Extractor, Include, IndexEntries, SearchParameters } from '../../fhir/index.ts'
import type { TenantId } from '../../kernel/ids.ts'
import { parseExactObject } from '../../kernel/json.ts'
import type { Db } from '../db.ts'
import { uriHash } from '../hash.ts'
import { readMany, type ResourceRow } from '../queries/read-resources.ts'
import { type Stored, storedFrom } from '../resource.ts'
import type { Statement } from '../statement.ts'
import { referenceHashes } from './reference-hashes.ts'
import type { Sql } from './sql.ts'
import { byHashes } from './statements.ts'

export interface Included {
  readonly entries: readonly Stored[]
  /** How many have been included by now, when more follow. */
  readonly next?: number
}

export interface IncludeOptions {
  /** How many an earlier answer had. */
  readonly from: number
  /** Types that the caller may not see are left out. */
  allows(type: string): boolean
}

export interface Includer {
  include(
    tenant: TenantId,
    page: readonly Stored[],
    includes: readonly Include[],
    options: IncludeOptions,
  ): Promise<Included>
}

export interface IncluderDeps {
  readonly db: Db
  named(fragment: Sql): Statement
  readonly extractor: Extractor
  readonly parameters: SearchParameters
  contextOf(tenant: TenantId): ExtractContext
}

/** In one answer. */
const MAX_INCLUDED = 1000
/** A chain of references that is longer than this is cut. */
const MAX_ROUNDS = 20

export function makeIncluder({ db, named, extractor, parameters, contextOf }: IncluderDeps): Includer {
  async function forth(
    tenant: TenantId,
    resources: readonly Stored[],
    includes: readonly Include[],
  ): Promise<Stored[]> {
    const keys = new Map<string, { type: string; id: string }>()
    const canonicals = new Set<string>()
    for (const { type, body } of resources) {
      const wanted = includes.filter(({ source }) => source === type)
      if (wanted.length === 0) continue
      const entries = extractor.extract(parseExactObject(body).value, type, contextOf(tenant))
      for (const target of wanted.flatMap((include) => targetsOf(entries, include))) {
        const [kind = '', id = '', more] = target.split('/')
        if (more === undefined && id !== '') keys.set(target, { type: kind, id })
        else canonicals.add(target)
      }
    }
    const direct =
      keys.size === 0 ? [] : await db.query<ResourceRow>(tenant, readMany(tenant, [...keys.values()]))
    const named = await byCanonical(tenant, [...canonicals], includes)
    return [...direct.map(storedFrom).filter(({ deleted }) => !deleted), ...named]
  }

  /** Canonical URLs name what has them as its `url`. https://hl7.org/fhir/R4/references.html#canonical */
  async function byCanonical(
    tenant: TenantId,
    urls: readonly string[],
    includes: readonly Include[],
  ): Promise<Stored[]> {
    const types = new Set(
      includes.flatMap(({ param, target }) => (target ? [target] : (param?.targets ?? []))),
    )
    const hashes = [...types]
      .filter((type) => parameters.of(type).has('url'))
      .flatMap((type) => urls.map((url) => uriHash(type, 'url', url.split('|')[0]!)))
    return hashes.length === 0 ? [] : fetch(tenant, hashes, MAX_INCLUDED)
  }

  async function back(
    tenant: TenantId,
    resources: readonly Stored[],
    includes: readonly Include[],
    limit: number,
  ): Promise<Stored[]> {
    const hashes = includes.flatMap(({ source, param, target }) => {
      const all = [...parameters.of(source).values()].filter(({ type }) => type === 'reference')
      const codes = param ? [param] : all
      const wanted = target === undefined ? resources : resources.filter(({ type }) => type === target)
      const names = wanted.map(({ type, id }) => `${type}/${id}`)
      return codes.flatMap((each) => referenceHashes(parameters, each, names))
    })
    return hashes.length === 0 ? [] : fetch(tenant, hashes, limit)
  }

  async function fetch(tenant: TenantId, hashes: readonly string[], limit: number): Promise<Stored[]> {
    return (await db.query<ResourceRow>(tenant, named(byHashes(tenant, hashes, limit)))).map(storedFrom)
  }

  return {
    async include(tenant, page, includes, { from, allows }) {
      if (includes.length === 0 || page.length === 0) return { entries: [] }
      const wanted = from + MAX_INCLUDED
      const seen = new Set(page.map(keyOf))
      const found: Stored[] = []
      let frontier = page
      for (let round = 0; round < MAX_ROUNDS && frontier.length > 0 && found.length <= wanted; round++) {
        const now = round === 0 ? includes : includes.filter(({ iterate }) => iterate)
        const [ahead, behind] = await Promise.all([
          forth(
            tenant,
            frontier,
            now.filter(({ reverse }) => !reverse),
          ),
          back(
            tenant,
            frontier,
            now.filter(({ reverse }) => reverse),
            wanted + seen.size + 1,
          ),
        ])
        frontier = [...ahead, ...behind].filter((one) => {
          const isNew = !seen.has(keyOf(one)) && allows(one.type)
          seen.add(keyOf(one))
          return isNew
        })
        found.push(...frontier)
      }
      const entries = found.slice(from, wanted)
      return found.length > wanted ? { entries, next: wanted } : { entries }
    },
  }
}

function targetsOf({ references }: IndexEntries, { param, target }: Include): string[] {
  return references
    .filter((entry) => param === undefined || entry.param === param.code)
    .map((entry) => entry.target)
    .filter((name) => target === undefined || name.startsWith(`${target}/`) || name.includes('://'))
}

function keyOf({ type, id }: Stored): string {
  return `${type}/${id}`
}
