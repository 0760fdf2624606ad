/** The code systems and value sets that a tenant works with: its own, then R4's. */
import { LRUCache } from 'lru-cache'
import { Failure } from '../../kernel/failure.ts'
import type { TenantId } from '../../kernel/ids.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { type CodeSystem, type CodeSystemContent, makeCodeSystem } from './code-system.ts'
import { chooseEdition, type Edition } from './editions.ts'
import type { R4Content } from './r4-content.ts'
import type { TerminologyContent, ValueSet } from './value-set.ts'

/** The CodeSystems and ValueSets that tenants keep as resources. */
export interface StoredTerminology {
  /** Another text whenever one of the tenant's changed; undefined: it never had any. */
  revision(tenant: TenantId): Promise<string | undefined>
  editions(tenant: TenantId, type: TerminologyType, url: string): Promise<readonly StoredEdition[]>
  /** CodeSystems whose `valueSet` is this URL. */
  systemsOfValueSet(tenant: TenantId, url: string): Promise<readonly StoredEdition[]>
  /** The resource, valid R4. */
  read(tenant: TenantId, type: TerminologyType, id: string): Promise<JsonObject | undefined>
}

export type TerminologyType = 'CodeSystem' | 'ValueSet'

export interface StoredEdition extends Edition {
  readonly id: string
  readonly url: string
  /** Another text for each change of the resource. */
  readonly change: string
}

/** Code systems of all tenants that stay in memory: by tenant, id and change, or that one is too large. */
export type SystemCache = LRUCache<string, CodeSystem | Failure>

/** Concepts, about 400 bytes each. LOINC whole is 100,000. */
const MAX_CONCEPTS = 300_000

export function makeSystemCache(): SystemCache {
  return new LRUCache({
    maxSize: MAX_CONCEPTS + 1,
    sizeCalculation: (known) => (known instanceof Failure ? 1 : known.size + 1),
  })
}

export interface TenantContent extends TerminologyContent {
  /** Of a value set that the tenant has stored. */
  valueSetById(id: string): Promise<ValueSet | undefined>
}

/** For tenants that have stored none. It must not even look, because they share it. */
export function makeR4OnlyContent(r4: R4Content): TenantContent {
  return {
    codeSystem: async (canonical) => r4.codeSystem(canonical),
    valueSet: async (canonical) => r4.valueSet(canonical),
    valueSetById: async () => undefined,
  }
}

export function makeTenantContent(
  stored: StoredTerminology,
  tenant: TenantId,
  r4: R4Content,
  systems: SystemCache,
): TenantContent {
  async function ownSystem({ id, url, change }: StoredEdition): Promise<CodeSystem | undefined> {
    const key = `${tenant} ${id} ${change}`
    const known = systems.get(key)
    if (known instanceof Failure) throw known
    if (known !== undefined) return known
    const content = (await stored.read(tenant, 'CodeSystem', id)) as CodeSystemContent | undefined
    const made = content && makeCodeSystem(url, content)
    if (made === undefined) return undefined
    if (made.size <= MAX_CONCEPTS) {
      systems.set(key, made)
      return made
    }
    const tooLarge = new Failure('unsupported', 'code-system-too-large', { max: MAX_CONCEPTS })
    systems.set(key, tooLarge)
    throw tooLarge
  }

  async function ownSet(id: string): Promise<ValueSet | undefined> {
    return (await stored.read(tenant, 'ValueSet', id)) as ValueSet | undefined
  }

  return {
    async codeSystem(canonical) {
      const { url, version } = canonical
      const edition = chooseEdition(await stored.editions(tenant, 'CodeSystem', url), version)
      return (edition && (await ownSystem(edition))) ?? r4.codeSystem(canonical)
    },

    async valueSet(canonical) {
      const { url, version } = canonical
      const edition = chooseEdition(await stored.editions(tenant, 'ValueSet', url), version)
      if (edition !== undefined) return ownSet(edition.id)
      const system = chooseEdition(await stored.systemsOfValueSet(tenant, url), version)
      if (system !== undefined) return { compose: { include: [{ system: system.url }] } }
      return r4.valueSet(canonical)
    },

    valueSetById: ownSet,
  }
}
