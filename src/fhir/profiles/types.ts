/** What a profile says of an element's type: fewer types, profiles of them, targets of references. */
import { isObject } from '../../kernel/json.ts'
import type { Definitions } from '../definitions/index.ts'
import { fitsType } from './fits.ts'
import type { TypeRule } from './element.ts'
import type { Instance } from './instance.ts'
import type { InstanceCheck } from './profile.ts'
import { resolveReference, targetTypeOf } from './references.ts'
import type { ProfileRun } from './run.ts'
import { coreName, r4Type } from './structure.ts'

/**
 * Whether a value has one of the types that the profile leaves; undefined where it leaves all of R4's.
 * @param base the types that R4 gives the element
 */
export function typeTest(
  definitions: Definitions,
  types: readonly TypeRule[],
  base: readonly string[],
): ((type: string) => boolean) | undefined {
  const codes = types.map(({ code }) => code).filter((code) => !code.startsWith(SYSTEM_TYPE))
  const allows = (type: string) => codes.some((code) => fitsType(definitions, type, code))
  // Where R4 leaves no choice the validator has checked the type; snapshots name some types otherwise (Resource.id).
  const isChoice = base.length > 1 || definitions.type(base[0] ?? '')?.abstract === true
  return !isChoice || codes.length === 0 || base.every(allows) ? undefined : allows
}

/** Of a value whose type is one of these: its profiles, and where it may point to. */
export function typeChecks(
  definitions: Definitions,
  types: readonly TypeRule[],
  rule: string,
): InstanceCheck[] {
  const checks: InstanceCheck[] = []
  for (const type of types) {
    const profiles = type.profiles.filter((url) => !isR4(definitions, url))
    if (profiles.length > 0) checks.push(only(definitions, type, conformCheck(profiles, rule)))
    if (type.targets.length > 0) checks.push(only(definitions, type, targetCheck(type.targets, rule)))
  }
  return checks
}

/** FHIRPath's own types, as snapshots give them for ids and urls. */
const SYSTEM_TYPE = 'http://hl7.org/fhirpath/'

/** A type of R4, or a profile whose rules the validator has: SimpleQuantity and the like. */
function isR4(definitions: Definitions, canonical: string): boolean {
  return r4Type(definitions, canonical) !== undefined || R4_PROFILES.has(coreName(canonical) ?? '')
}

const R4_PROFILES: ReadonlySet<string> = new Set(['SimpleQuantity', 'MoneyQuantity'])

function only(definitions: Definitions, { code }: TypeRule, check: InstanceCheck): InstanceCheck {
  return (instance, run) => {
    if (fitsType(definitions, instance.type, code)) check(instance, run)
  }
}

/** With one profile, all that is wrong by it is told; with several, only that the value fits none. */
function conformCheck(profiles: readonly string[], rule: string): InstanceCheck {
  return (instance, run) => {
    const found = profiles.map((url) => run.profile(url, rule))
    if (found.includes(undefined)) return
    // The run is at the instance already.
    if (found.length === 1) run.conform({ ...instance, steps: [] }, found[0]!)
    else if (!found.some((profile) => run.conforms(instance, profile!)))
      run.report('profile-conform', { profiles: profiles.join(', ') }, rule)
  }
}

function targetCheck(targets: readonly string[], rule: string): InstanceCheck {
  return (instance, run) => {
    const { value } = instance
    if (!isObject(value)) return
    const type = targetTypeOf(instance, run)
    if (type === undefined) return
    const fitting = targets.filter((url) => mayPointTo(url, type, run))
    if (fitting.length === 0)
      return run.report('profile-target', { targets: targets.join(', ') }, rule, 'reference')
    checkTarget(instance, fitting, run, rule)
  }
}

/** What is not known to be of another type may be of this one. */
function mayPointTo(canonical: string, type: string, run: ProfileRun): boolean {
  const { definitions } = run.world
  const r4 = r4Type(definitions, canonical)
  if (r4 !== undefined) return fitsType(definitions, type, r4)
  const profile = run.profile(canonical, '')
  return profile === undefined || fitsType(definitions, type, profile.type)
}

/** What is in the same resource or Bundle is looked at; what is elsewhere is its own writer's business. */
function checkTarget(reference: Instance, targets: readonly string[], run: ProfileRun, rule: string): void {
  if (targets.some((url) => isR4(run.world.definitions, url))) return
  const target = resolveReference(reference, run)
  if (!target) return
  const profiles = targets.map((url) => run.profile(url, rule))
  if (profiles.includes(undefined) || profiles.some((profile) => run.conforms(target, profile!))) return
  run.report('profile-target', { targets: targets.join(', ') }, rule, 'reference')
}
