/**
 * A resource against profiles: those that it names itself, and those that somebody wants it to conform to.
 * https://hl7.org/fhir/R4/profiling.html#resources
 */
import type { Issue } from '../../kernel/failure.ts'
import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import { printableCanonical } from '../terminology/index.ts'
import { fitsType } from './fits.ts'
import { resourceInstance } from './instance.ts'
import { type Depth, type Missing, ProfileRun, type ProfileWorld } from './run.ts'
import { r4Type } from './structure.ts'

export interface ProfileFindings {
  readonly issues: readonly Issue[]
  /** What has to be looked up; when there is something, the issues may be too few. */
  readonly missing: Missing
}

/** True when the resource, or one inside it, names a profile: the only case in which there is something to check. */
export function namesProfiles(resource: JsonObject): boolean {
  if (profilesOf(resource).length > 0) return true
  if (objectsOf(resource['contained']).some((each) => profilesOf(each).length > 0)) return true
  return resource['resourceType'] === 'Bundle' && entriesOf(resource).some(([each]) => namesProfiles(each))
}

/** @param wanted canonicals beside those that the resource names */
export function checkProfiles(
  resource: JsonObject,
  world: ProfileWorld,
  depth: Depth,
  wanted: readonly string[] = [],
): ProfileFindings {
  const run = new ProfileRun(resource, world, depth)
  checkResource(resource, [String(resource['resourceType'])], run, wanted)
  return { issues: run.issues, missing: run.missing }
}

function checkResource(
  resource: JsonObject,
  steps: readonly (string | number)[],
  run: ProfileRun,
  wanted: readonly string[],
): void {
  const before = run.rootResource
  run.rootResource = resource
  checkOne(resource, steps, run, wanted)
  for (const [i, contained] of objectsOf(resource['contained']).entries())
    checkOne(contained, [...steps, 'contained', i], run, [])
  if (resource['resourceType'] === 'Bundle') {
    for (const [each, i] of entriesOf(resource))
      checkResource(each, [...steps, 'entry', i, 'resource'], run, [])
  }
  run.rootResource = before
}

/** By the profiles that one resource names, apart from what is in it. */
function checkOne(
  resource: JsonObject,
  steps: readonly (string | number)[],
  run: ProfileRun,
  wanted: readonly string[],
): void {
  const named = profilesOf(resource).map((url, i) => [url, `meta.profile[${i}]`] as const)
  const before = run.resource
  run.resource = resource
  for (const [canonical, place] of [...named, ...wanted.map((url) => [url, undefined] as const)])
    checkProfile(resource, steps, run, canonical, place)
  run.resource = before
}

function checkProfile(
  resource: JsonObject,
  steps: readonly (string | number)[],
  run: ProfileRun,
  canonical: string,
  place: string | undefined,
): void {
  const instance = resourceInstance(resource, steps)
  const { definitions } = run.world
  const r4 = r4Type(definitions, canonical)
  const profile = r4 === undefined ? run.profile(canonical, '') : undefined
  const type = r4 ?? profile?.type
  const params = { profile: printableCanonical(canonical), type }
  if (type !== undefined && !fitsType(definitions, instance.type, type))
    run.at(instance, () => run.report('profile-other-type', params, params.profile, place))
  else if (profile) run.conform(instance, profile)
  else if (r4 === undefined && run.missing.structures.size === 0)
    run.at(instance, () => run.report('profile-unknown', params, params.profile, place))
}

function profilesOf({ meta }: JsonObject): string[] {
  const profiles = isObject(meta) ? meta.profile : undefined
  return Array.isArray(profiles) ? profiles.filter((url) => typeof url === 'string') : []
}

/** The resources in a Bundle's entries, with their places. */
function entriesOf({ entry }: JsonObject): [JsonObject, number][] {
  if (!Array.isArray(entry)) return []
  return entry.flatMap((each, i): [JsonObject, number][] =>
    isObject(each) && isObject(each.resource) ? [[each.resource, i]] : [],
  )
}

function objectsOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}
