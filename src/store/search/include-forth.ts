/**
 * What resources refer to: references are read off them, and their targets by key, or by URL where they are canonical.
 * https://hl7.org/fhir/R4/search.html#include, https://hl7.org/fhir/R4/references.html#canonical
 */
import type { Include, IndexEntries } from '../../fhir/index.ts'
import type { TenantId } from '../../kernel/ids.ts'
import { parseExactObject } from '../../kernel/json.ts'
import { uriHash } from '../hash.ts'
import { readMany, readVersion, type ResourceRow } from '../queries/read-resources.ts'
import { type Stored, storedFrom } from '../resource.ts'
import type { IncludeDeps } from './include-back.ts'
import { canonicalUrls } from './links.ts'
import { byHashes } from './statements/index.ts'

export type Forth = (
  tenant: TenantId,
  resources: readonly Stored[],
  includes: readonly Include[],
) => Promise<readonly Stored[]>

interface Wanted {
  /** By `Type/id` and the version that is referred to, '' where it is the current one. */
  readonly literal: Map<string, { readonly type: string; readonly id: string; readonly version: string }>
  /** `url|version`, or `url|`, and the types that it may be the name of. */
  readonly canonical: Map<string, Set<string>>
}

const MAX_CANONICALS = 1000

export function makeForth({ db, named, extractor, parameters, contextOf }: IncludeDeps): Forth {
  function collect(entries: IndexEntries, type: string, include: Include, wanted: Wanted): void {
    for (const { param, target, version = '' } of entries.references) {
      // Of the resource itself, not of what it contains.
      const parameter = parameters.of(type).get(param)
      if (!parameter || (include.param !== undefined && include.param.code !== param)) continue
      const [kind = '', id = '', more] = target.split('/')
      if (target.includes('|')) {
        const types = wanted.canonical.get(target) ?? new Set()
        for (const each of include.target ? [include.target] : parameter.targets) types.add(each)
        wanted.canonical.set(target, types)
      } else if (
        more === undefined &&
        id !== '' &&
        (include.target === undefined || include.target === kind)
      ) {
        wanted.literal.set(`${target}/${version}`, { type: kind, id, version })
      }
    }
  }

  async function literal(tenant: TenantId, wanted: Wanted['literal']): Promise<Stored[]> {
    if (wanted.size === 0) return []
    const keys = [...wanted.values()]
    const rows = await db.query<ResourceRow>(tenant, readMany(tenant, keys))
    const current = new Map(rows.map(storedFrom).map((stored) => [`${stored.type}/${stored.id}`, stored]))
    const found = await Promise.all(
      keys.map(async ({ type, id, version }) => {
        const stored = current.get(`${type}/${id}`)
        if (!stored || version === '' || version === String(stored.version)) return stored
        return /^[1-9]\d{0,8}$/.test(version) ? readOld(tenant, type, id, Number(version)) : undefined
      }),
    )
    return found.filter((stored) => stored !== undefined && !stored.deleted) as Stored[]
  }

  async function readOld(tenant: TenantId, type: string, id: string, version: number) {
    const [row] = await db.query<ResourceRow>(tenant, readVersion(tenant, type, id, version))
    return row && storedFrom(row)
  }

  async function canonical(tenant: TenantId, wanted: Wanted['canonical']): Promise<Stored[]> {
    const hashes = [...wanted].flatMap(([name, types]) =>
      [...types]
        .filter((type) => parameters.of(type).has('url'))
        .map((type) => uriHash(type, 'url', name.slice(0, name.indexOf('|')))),
    )
    if (hashes.length === 0) return []
    const rows = await db.query<ResourceRow>(tenant, named(byHashes(tenant, hashes, MAX_CANONICALS)))
    return rows.map(storedFrom).filter(({ body }) => canonicalUrls(body).some((name) => wanted.has(name)))
  }

  return async (tenant, resources, includes) => {
    const wanted: Wanted = { literal: new Map(), canonical: new Map() }
    for (const { type, body } of resources) {
      const own = includes.filter(({ source }) => source === type)
      if (own.length === 0) continue
      const entries = extractor.extract(parseExactObject(body).value, type, contextOf(tenant))
      for (const include of own) collect(entries, type, include, wanted)
    }
    const found = await Promise.all([literal(tenant, wanted.literal), canonical(tenant, wanted.canonical)])
    return found.flat()
  }
}
