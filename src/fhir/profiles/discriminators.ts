/** How a slice knows its own. https://hl7.org/fhir/R4/profiling.html#discriminator */
import { isObject } from '../../kernel/json.ts'
import { fitsType } from './fits.ts'
import { verdictOn } from './bindings.ts'
import {
  extensionUrl,
  instancesAt,
  nodesAt,
  parseDiscriminatorPath,
  type PathStep,
  withNeededSlices,
} from './discriminator-path.ts'
import type { Discriminator, ElementNode } from './element.ts'
import type { Instance } from './instance.ts'
import { isFixed, matchesPattern } from './match.ts'
import { targetTypeOf } from './references.ts'
import type { ProfileRun } from './run.ts'
import { r4Type } from './structure.ts'

export type Predicate = (instance: Instance, run: ProfileRun) => boolean

/** Extensions are told apart by their url, whatever else the profile says. */
export const isOwnExtension = (slice: ElementNode): Predicate | undefined => {
  const url = extensionUrl(slice)
  return url === undefined ? undefined : ({ value }) => isObject(value) && value.url === url
}

/** All discriminators together; undefined when one of them can't tell. */
export function slicePredicate(
  slice: ElementNode,
  discriminators: readonly Discriminator[],
  run: ProfileRun,
): Predicate | undefined {
  const predicates = discriminators.map((discriminator) => predicateOf(slice, discriminator, run))
  if (predicates.length === 0 || predicates.includes(undefined)) return undefined
  return (instance, run) => predicates.every((predicate) => predicate!(instance, run))
}

function predicateOf(
  slice: ElementNode,
  { type, path }: Discriminator,
  run: ProfileRun,
): Predicate | undefined {
  const steps = typeof path === 'string' ? parseDiscriminatorPath(path) : undefined
  if (!steps) return undefined
  switch (type) {
    case 'value':
    case 'pattern': {
      const predicates = nodesAt(slice, steps, run).map(valuePredicate)
      return all(predicates.map((predicate) => predicate && someAt(steps, predicate)))
    }
    case 'exists':
      return existsPredicate(slice, steps, run)
    case 'type':
      return typePredicate(slice, steps, run)
    case 'profile':
      return profilePredicate(slice, steps, run)
  }
}

function someAt(steps: readonly PathStep[], predicate: Predicate): Predicate {
  return (instance, run) => instancesAt(instance, steps, run).some((each) => predicate(each, run))
}

function all(predicates: readonly (Predicate | undefined)[]): Predicate | undefined {
  const known = predicates.filter((predicate) => predicate !== undefined)
  if (known.length === 0) return undefined
  return (instance, run) => known.every((predicate) => predicate(instance, run))
}

/** By what the profile fixes at this element or below it; undefined when it fixes nothing. */
function valuePredicate({ rules, children }: ElementNode): Predicate | undefined {
  const { fixed, pattern, binding } = rules
  return all([
    fixed === undefined ? undefined : ({ value }) => isFixed(value, fixed),
    pattern === undefined ? undefined : ({ value }) => matchesPattern(value, pattern),
    binding?.strength !== 'required'
      ? undefined
      : ({ value }, run) => verdictOn(value, binding.valueSet, 'required', run) === 'yes',
    ...[...children.values()].map(childPredicate),
  ])
}

/** Some value of the child is as it must be; of its slices, those that must be there. */
function childPredicate(child: ElementNode): Predicate | undefined {
  const wanted = withNeededSlices(child)
    .map(valuePredicate)
    .filter((predicate) => predicate !== undefined)
  if (wanted.length === 0) return undefined
  return (instance, run) => {
    const values = run.world.navigator.children(instance, child.name)
    return wanted.every((predicate) => values.some((value) => predicate(value, run)))
  }
}

function existsPredicate(
  slice: ElementNode,
  steps: readonly PathStep[],
  run: ProfileRun,
): Predicate | undefined {
  const nodes = nodesAt(slice, steps, run)
  const isThere: Predicate = (instance, run) => instancesAt(instance, steps, run).length > 0
  if (nodes.some(({ rules }) => rules.max === 0)) return (instance, run) => !isThere(instance, run)
  return nodes.some(({ rules }) => (rules.min ?? 0) > 0) ? isThere : undefined
}

function typePredicate(
  slice: ElementNode,
  steps: readonly PathStep[],
  run: ProfileRun,
): Predicate | undefined {
  const isTarget = steps.at(-1)?.to === 'target'
  const before = isTarget ? steps.slice(0, -1) : steps
  const rules = nodesAt(slice, before, run).flatMap(({ rules }) => rules.types ?? [])
  const types = isTarget
    ? rules.flatMap(({ targets }) => targets.flatMap((url) => typeOf(url, run) ?? []))
    : rules.map(({ code }) => code)
  // `value[x]:valueQuantity` says its type by its name.
  if (types.length === 0)
    return steps.length === 0 ? ({ jsonName }) => jsonName === slice.sliceName : undefined
  return (instance, run) =>
    instancesAt(instance, before, run).some((each) => {
      const type = isTarget ? targetTypeOf(each, run) : each.type
      return type !== undefined && types.some((wanted) => fitsType(run.world.definitions, type, wanted))
    })
}

function typeOf(canonical: string, run: ProfileRun): string | undefined {
  return r4Type(run.world.definitions, canonical) ?? run.profile(canonical, '')?.type
}

function profilePredicate(
  slice: ElementNode,
  steps: readonly PathStep[],
  run: ProfileRun,
): Predicate | undefined {
  const isTarget = steps.at(-1)?.to === 'target'
  const before = isTarget ? steps.slice(0, -1) : steps
  const rules = nodesAt(slice, before, run).flatMap(({ rules }) => rules.types ?? [])
  const canonicals = rules.flatMap(({ profiles, targets }) => (isTarget ? targets : profiles))
  if (canonicals.length === 0) return undefined
  return (instance, run) =>
    instancesAt(instance, before, run).some((each) =>
      canonicals.some((url) => fits(url, each, isTarget, run)),
    )
}

/** What is not in sight is told by its type. */
function fits(canonical: string, instance: Instance, isTarget: boolean, run: ProfileRun): boolean {
  const [seen] = isTarget ? instancesAt(instance, [{ to: 'target' }], run) : [instance]
  const type = seen?.type ?? targetTypeOf(instance, run)
  const wanted = typeOf(canonical, run)
  if (type === undefined || wanted === undefined || !fitsType(run.world.definitions, type, wanted))
    return false
  const profile = run.profile(canonical, '')
  return !seen || !profile || run.conforms(seen, profile)
}
