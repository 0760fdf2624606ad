/**
 * Terminology as search and validation need it: which codes a value set holds, and which codes are above or below
 * another. A tenant's own code systems and value sets come before R4's.
 * https://hl7.org/fhir/R4/terminologies.html, https://hl7.org/fhir/R4/search.html#token
 */
import { LRUCache } from 'lru-cache'
import { Failure } from '../../kernel/failure.ts'
import type { TenantId } from '../../kernel/ids.ts'
import { DEFAULT_LIMITS, type Limits } from './budget.ts'
import { parseCanonical, printable } from './canonical.ts'
import { type CodeSet, unknownCodes } from './code-set.ts'
import { ancestors, codingsOf, type CodeSystem, descendants } from './code-system.ts'
import type { Coding, Verdict } from './coding.ts'
import type { R4Content } from './r4-content.ts'
import {
  makeR4OnlyContent,
  makeTenantContent,
  type StoredTerminology,
  type TenantContent,
} from './tenant-content.ts'
import { composeValueSet, resolveValueSet } from './value-set.ts'

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
   * @throws Failure `not-found`/`code-system-unknown`
   */
  below(tenant: TenantId, system: string, code: string): Promise<readonly Coding[]>
  /** The code and all codes that subsume it. @throws Failure `not-found`/`code-system-unknown` */
  above(tenant: TenantId, system: string, code: string): Promise<readonly Coding[]>
  /** What can be said of single codes, also where not all codes can be listed. Never fails for what a value set says. */
  membership(tenant: TenantId, valueSet: string): Promise<Membership>
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

/** Tenants whose terminology stays at hand, and value sets of each. */
const MAX_TENANTS = 50
const MAX_VALUE_SETS = 500

/** What was worked out for one tenant, as long as none of its code systems and value sets changes. */
interface Worked {
  readonly revision: string | undefined
  readonly content: TenantContent
  readonly sets: LRUCache<string, Promise<CodeSet>>
}

export function makeTerminology({ r4, stored, limits = DEFAULT_LIMITS }: TerminologyDeps): Terminology {
  const tenants = new LRUCache<TenantId, Worked>({ max: MAX_TENANTS })
  /** Tenants that never stored any share what is worked out from R4's. */
  const shared = newWorked(undefined, makeR4OnlyContent(r4))

  async function workedFor(tenant: TenantId): Promise<Worked> {
    const revision = await stored.revision(tenant)
    if (revision === undefined) return shared
    const known = tenants.get(tenant)
    if (known?.revision === revision) return known
    const made = newWorked(revision, makeTenantContent(stored, tenant, r4))
    tenants.set(tenant, made)
    return made
  }

  async function setOf(tenant: TenantId, valueSet: string): Promise<CodeSet> {
    const { sets, content } = await workedFor(tenant)
    const known = sets.get(valueSet)
    if (known !== undefined) return known
    const making = makeSet(valueSet, content, limits)
    sets.set(valueSet, making)
    making.catch(() => sets.delete(valueSet))
    return making
  }

  async function systemOf(tenant: TenantId, text: string): Promise<CodeSystem> {
    const { content } = await workedFor(tenant)
    const system = await content.codeSystem(parseCanonical(text))
    if (system === undefined) throw new Failure('not-found', 'code-system-unknown', { url: printable(text) })
    return system
  }

  return {
    async expand(tenant, valueSet) {
      return [...(await setOf(tenant, valueSet)).codings()]
    },
    async below(tenant, system, code) {
      const found = await systemOf(tenant, system)
      return codingsOf(found, descendants(found, code))
    },
    async above(tenant, system, code) {
      const found = await systemOf(tenant, system)
      return codingsOf(found, ancestors(found, code))
    },
    membership: setOf,
  }
}

function newWorked(revision: string | undefined, content: TenantContent): Worked {
  return { revision, content, sets: new LRUCache({ max: MAX_VALUE_SETS }) }
}

async function makeSet(valueSet: string, content: TenantContent, limits: Limits): Promise<CodeSet> {
  const id = /^ValueSet\/([A-Za-z0-9\-.]{1,64})$/.exec(valueSet)?.[1]
  if (id === undefined) return resolveValueSet(valueSet, content, limits)
  const found = await content.valueSetById(id)
  if (found !== undefined) return composeValueSet(found, content, limits)
  return unknownCodes(new Failure('not-found', 'value-set-unknown', { url: valueSet }))
}
