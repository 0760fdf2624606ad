/** One check of a resource against profiles: where it is, what it found, what it had to know and didn't. */
import type { FailureParams } from '../../kernel/failure.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { Definitions } from '../definitions/index.ts'
import { messageOf } from '../outcome/index.ts'
import type { Membership, Verdict } from '../terminology/index.ts'
import { ValidationContext } from '../validate/index.ts'
import type { FindingCode } from './findings.ts'
import { FINDINGS } from './findings.ts'
import type { Instance, Navigator } from './instance.ts'
import type { Profile } from './profile.ts'

/** What a run had to know and didn't: with it the run might say more. */
export interface Missing {
  /** URLs of StructureDefinitions of which it isn't known whether they are here. */
  readonly structures: Set<string>
  /** Canonicals. */
  readonly valueSets: Set<string>
}

/** What a run may ask about the world outside the resource. */
export interface ProfileWorld {
  readonly definitions: Definitions
  readonly navigator: Navigator
  /** By canonical. */
  readonly valueSets: ReadonlyMap<string, Membership>
  /** null: there is no such profile. undefined: that isn't known yet, and `missing` is told what must be. */
  find(canonical: string, missing: Set<string>): Profile | null | undefined
}

/** `write`: errors only. `review`: also what is advice, and what could not be checked. */
export type Depth = 'write' | 'review'

export class ProfileRun extends ValidationContext {
  readonly world: ProfileWorld
  readonly depth: Depth
  readonly missing: Missing
  /** The Bundle that the resource is in, or is. */
  bundle: JsonObject | undefined
  private readonly found = new Set<string>()
  private underway = new Map<unknown, Set<Profile>>()

  constructor(
    resource: JsonObject,
    world: ProfileWorld,
    depth: Depth,
    missing: Missing = { structures: new Set(), valueSets: new Set() },
    maxIssues?: number,
  ) {
    super(resource, maxIssues)
    this.world = world
    this.depth = depth
    this.missing = missing
    this.bundle = resource['resourceType'] === 'Bundle' ? resource : undefined
  }

  /** undefined when it isn't here, or not known to be. @param rule what asks for it; empty: only to look */
  profile(canonical: string, rule: string): Profile | undefined {
    const found = this.world.find(canonical, this.missing.structures)
    if (found === null && rule !== '') this.report('profile-unknown', { profile: canonical }, rule)
    return found ?? undefined
  }

  /** Whether a code is in a value set. @param system undefined: of an element of type code */
  verdict(valueSet: string, system: string | undefined, code: string): Verdict {
    const membership = this.world.valueSets.get(valueSet)
    if (!membership) this.missing.valueSets.add(valueSet)
    return membership?.contains(system, code) ?? 'unknown'
  }

  /** Once for each place; what could not be checked, once. @param rule what says so: `https://…/profile#Patient.name` */
  report(code: FindingCode, params: FailureParams, rule: string, child?: string): void {
    const { severity, type } = FINDINGS[code]
    if (this.depth === 'write' && severity !== 'error') return
    const text = messageOf(code, params, 'en')
    const key = type === 'incomplete' ? text : [code, text, ...this.steps, child ?? ''].join('\n')
    if (this.found.has(key)) return
    this.found.add(key)
    this.add({ severity, type, code, params, diagnostics: `${text} (${rule})` }, child)
  }

  /** Runs a check at the place of an instance; inside a resource that is in another one, it is the one to look at. */
  at(instance: Instance, check: () => void): void {
    const { resource, rootResource, steps } = this
    const { length } = steps
    const { value, within } = instance
    steps.push(...instance.steps)
    if (within !== undefined) this.resource = value as JsonObject
    if (within === 'entry') this.rootResource = value as JsonObject
    check()
    steps.length = length
    this.resource = resource
    this.rootResource = rootResource
  }

  /** Checks against a whole profile, unless that is being done already: references may go in circles. */
  conform(instance: Instance, profile: Profile): void {
    const { value } = instance
    const checking = this.underway.get(value) ?? new Set()
    if (checking.has(profile)) return
    this.underway.set(value, checking.add(profile))
    const { unknownBase, url } = profile
    if (unknownBase !== undefined)
      this.at(instance, () => this.report('profile-base-unknown', { base: unknownBase }, url))
    profile.check(instance, this)
    checking.delete(profile)
  }

  /** The same without telling. */
  conforms(instance: Instance, profile: Profile): boolean {
    const silent = new ProfileRun(this.resource, this.world, 'write', this.missing, 1)
    silent.rootResource = this.rootResource
    silent.bundle = this.bundle
    silent.underway = this.underway
    silent.conform(instance, profile)
    return silent.issues.length === 0
  }
}
