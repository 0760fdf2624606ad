/** Looks for patients of a tenant by a search of FHIR, as a question needs it. */
import { escapeValue, type ExtractContext } from '../../fhir/index.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { TenantId } from '../../kernel/ids.ts'
import { isObject, type JsonObject } from '../../kernel/json.ts'
import type { Repository, SearchModels, SearchPage, SearchStore, Stored } from '../../store/index.ts'

export interface PeopleDeps {
  readonly repository: Pick<Repository, 'read'>
  readonly search: Pick<SearchStore, 'search' | 'find'>
  readonly models: Pick<SearchModels, 'of'>
  contextOf(tenant: TenantId): ExtractContext
  readonly clock: Clock
}

export type Pairs = readonly (readonly [name: string, value: string])[]

export interface People {
  /** Those that are not deleted or merged into others. @throws Failure `invalid`/`search-cursor` */
  page(tenant: TenantId, pairs: Pairs, count: number, cursor: string | undefined): Promise<SearchPage>
  /** The one who holds an identifier today: of a record that was merged, the one that replaced it. */
  holding(tenant: TenantId, system: string, value: string): Promise<Stored | undefined>
  /** Whether anybody has an identifier of the system. */
  knows(tenant: TenantId, system: string): Promise<boolean>
}

/** How many replaced records may stand one behind the other. */
const MOST_REPLACED = 10

export function makePeople({ repository, search, models, contextOf, clock }: PeopleDeps): People {
  function request(tenant: TenantId, pairs: Pairs) {
    const query = new URLSearchParams()
    for (const [name, value] of pairs) query.append(name, value)
    const context = { ...contextOf(tenant), nowMs: clock.now() }
    return models.of(tenant).parser.parse('Patient', query, context)
  }

  return {
    page(tenant, pairs, count, cursor) {
      const all = [...pairs, ['active:not', 'false'], ['_include', 'Patient:general-practitioner']] as const
      const asked = request(tenant, [...all, ['_count', String(count)]])
      return search.search(tenant, cursor === undefined ? asked : { ...asked, cursor })
    },

    async holding(tenant, system, value) {
      const [found] = await search.find(tenant, request(tenant, [identifier(system, value)]), 1)
      let stored = found && (await repository.read(tenant, 'Patient', found.id))
      for (let n = 0; n < MOST_REPLACED; n++) {
        const next = stored && replacedBy(JSON.parse(stored.body) as JsonObject)
        if (next === undefined) return stored
        stored = await repository.read(tenant, 'Patient', next)
      }
      return stored
    },

    knows: async (tenant, system) =>
      (await search.find(tenant, request(tenant, [['identifier', `${escapeValue(system)}|`]]), 1)).length > 0,
  }
}

export function identifier(system: string, value: string): readonly [string, string] {
  return ['identifier', `${escapeValue(system)}|${escapeValue(value)}`]
}

function replacedBy({ link }: JsonObject): string | undefined {
  for (const each of Array.isArray(link) ? link : []) {
    if (!isObject(each) || each['type'] !== 'replaced-by' || !isObject(each['other'])) continue
    const { reference } = each['other']
    const id = typeof reference === 'string' ? /^Patient\/([\w.-]+)$/.exec(reference)?.[1] : undefined
    if (id !== undefined) return id
  }
  return undefined
}
