/**
 * Terminology as search and validation need it: which codes a value set holds, and which codes are above or below
 * another. A tenant's own code systems and value sets come before R4's.
 * https://hl7.org/fhir/R4/terminologies.html, https://hl7.org/fhir/R4/search.html#token
 */
import { LRUCache } from 'lru-cache'
import { Failure } from '../../kernel/failure.ts'
import type { TenantId } from '../../kernel/ids.ts'
import { DEFAULT_LIMITS, type Limits, tooCostly } from './budget.ts'
import { parseCanonical, printable } from './canonical.ts'
import { type CodeSet, unknownCodes } from './code-set.ts'
import { ancestors, codingsOf, type CodeSystem, descendants } from './code-system.ts'
import type { Coding, Verdict } from './coding.ts'
import type { KnownCodeSystem, R4Content } from './r4-content.ts'
import {
  makeR4OnlyContent,
  makeSystemCache,
  makeTenantContent,
  type StoredTerminology,
  type TenantContent,
} from './tenant-content.ts'
import { composeValueSet, resolveValueSet, type WeighedSet } from './value-set.ts'

export interface Terminology {
  /**
   * The codes of a value set, each once.
   * @param valueSet `url`, `url|version`, or `ValueSet/id` of one that the tenant has stored
   * @throws Failure `not-found`/`value-set-unknown`, `not-found`/`code-system-unknown` (the codes of a system that it draws
   * on are not here), `unsupported`/`value-set-too-costly`, `invalid`/`value-set-circular`, and those of filters
   */
  expand(tenant: TenantId, valueSet: string): Promise<readonly Coding[]>
  /**
   * The code and all codes that it subsumes; a code that the system does not have stands alone.
   * @throws Failure `not-found`/`code-system-unknown`, `unsupported`/`value-set-too-costly`
   */
  below(tenant: TenantId, system: string, code: string): Promise<readonly Coding[]>
  /** The code and all codes that subsume it. @throws as below */
  above(tenant: TenantId, system: string, code: string): Promise<readonly Coding[]>
  /** What can be said of single codes, also where not all codes can be listed. Never fails for what a value set says. */
  membership(tenant: TenantId, valueSet: string): Promise<Membership>
  /** The code systems that every tenant has: those of R4. */
  shared(): readonly KnownCodeSystem[]
}

/** A value set as it was when it was asked for. */
export interface Membership {
  /** `system` undefined: an element of type code, which has none. */
  contains(system: string | undefined, code: string): Verdict
}

export interface TerminologyDeps {
  readonly r4: R4Content
  readonly stored: StoredTerminology
  readonly limits?: Limits
}

/** Codes that value sets may hold on to, in all: about 400 bytes each. */
const MAX_CODES = 300_000

/** What a tenant works with at this moment. */
interface View {
  readonly content: TenantContent
  /** Begins the names of what was worked out from it. */
  readonly name: string
}

export function makeTerminology({ r4, stored, limits = DEFAULT_LIMITS }: TerminologyDeps): Terminology {
  const systems = makeSystemCache()
  const sets = new LRUCache<string, CodeSet>({ maxSize: MAX_CODES })
  const underway = new Map<string, Promise<CodeSet>>()
  /** Tenants that never stored any share what is worked out from R4's. */
  const shared: View = { content: makeR4OnlyContent(r4), name: 'R4' }

  async function viewOf(tenant: TenantId): Promise<View> {
    const revision = await stored.revision(tenant)
    if (revision === undefined) return shared
    return { content: makeTenantContent(stored, tenant, r4, systems), name: `${tenant} ${revision}` }
  }

  async function setOf(tenant: TenantId, valueSet: string): Promise<CodeSet> {
    const view = await viewOf(tenant)
    const key = `${view.name} ${valueSet}`
    const known = sets.get(key) ?? underway.get(key)
    if (known !== undefined) return known
    const making = makeSet(valueSet, view, key).finally(() => underway.delete(key))
    underway.set(key, making)
    return making
  }

  async function makeSet(valueSet: string, { content }: View, key: string): Promise<CodeSet> {
    const { set, weight } = await weighedSet(valueSet, content, limits)
    const isLight = weight < MAX_CODES
    const kept = isLight ? set : unknownCodes(tooCostly(limits))
    sets.set(key, kept, { size: isLight ? weight + 1 : 1 })
    return kept
  }

  async function systemOf(tenant: TenantId, text: string): Promise<CodeSystem> {
    const { content } = await viewOf(tenant)
    const system = await content.codeSystem(parseCanonical(text))
    if (system === undefined) throw new Failure('not-found', 'code-system-unknown', { url: printable(text) })
    return system
  }

  function listed(system: CodeSystem, codes: readonly string[]): readonly Coding[] {
    if (codes.length > limits.codes) throw tooCostly(limits)
    return codingsOf(system, codes)
  }

  return {
    async expand(tenant, valueSet) {
      return [...(await setOf(tenant, valueSet)).codings()]
    },
    async below(tenant, system, code) {
      const found = await systemOf(tenant, system)
      return listed(found, descendants(found, code))
    },
    async above(tenant, system, code) {
      const found = await systemOf(tenant, system)
      return listed(found, ancestors(found, code))
    },
    membership: setOf,
    shared: () => r4.codeSystems(),
  }
}

async function weighedSet(valueSet: string, content: TenantContent, limits: Limits): Promise<WeighedSet> {
  const id = /^ValueSet\/([A-Za-z0-9\-.]{1,64})$/.exec(valueSet)?.[1]
  if (id === undefined) return resolveValueSet(valueSet, content, limits)
  const found = await content.valueSetById(id)
  if (found !== undefined) return composeValueSet(found, content, limits)
  return { set: unknownCodes(new Failure('not-found', 'value-set-unknown', { url: valueSet })), weight: 0 }
}
