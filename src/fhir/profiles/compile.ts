/**
 * The tree of a profile as functions. Only what goes beyond R4 becomes a check: a snapshot repeats all of R4, and that
 * is the validator's.
 */
import type { Definitions, TypeDefinition } from '../definitions/index.ts'
import { fitsType } from './fits.ts'
import { bindingCheck } from './bindings.ts'
import type { ConstraintRule, ElementNode, SlicingRule } from './element.ts'
import type { InstanceCheck } from './profile.ts'
import type { ProfileRun } from './run.ts'
import type { Instance } from './instance.ts'
import { type ListCheck, slicingCheck } from './slicing.ts'
import { parseCanonical } from '../terminology/index.ts'
import { typeChecks, typeTest } from './types.ts'
import { valueChecks } from './value-checks.ts'

export interface CompilerDeps {
  readonly definitions: Definitions
  constraintCheck(constraint: ConstraintRule, rule: string): InstanceCheck
}

/** @param url of the profile, for findings */
export function compileProfile(deps: CompilerDeps, root: ElementNode, url: string): InstanceCheck {
  const check = instanceCheck(deps, root, [root.name], undefined, url)
  return check ?? (() => {})
}

/** What R4 says of an element in all the types that may have it. */
interface R4Element {
  readonly min: number
  readonly max: number
  readonly types: readonly string[]
  readonly choice: boolean
  readonly required: string | undefined
  readonly keys: ReadonlySet<string>
}

/**
 * What is asked of each value of an element, and of what is below it; undefined: nothing.
 * @param types R4's types of the element
 */
function instanceCheck(
  deps: CompilerDeps,
  node: ElementNode,
  types: readonly string[],
  r4: R4Element | undefined,
  url: string,
): InstanceCheck | undefined {
  const { definitions } = deps
  const { rules } = node
  const rule = `${url}#${node.id}`
  const narrowed = narrow(definitions, types, node)
  const isAllowed = r4 && rules.types && typeTest(definitions, rules.types, types)
  const own = [
    ...(rules.types && r4 ? typeChecks(definitions, rules.types, rule) : []),
    ...valueChecks(rules, rule),
    ...(rules.binding && parseCanonical(rules.binding.valueSet).url !== r4?.required
      ? [bindingCheck(rules.binding, rule)]
      : []),
    ...constraintsBeyond(definitions, rules.constraints, narrowed, r4).map((each) =>
      deps.constraintCheck(each, rule),
    ),
  ]
  const children = [...node.children.values()].flatMap(
    (child) => childCheck(deps, child, narrowed, url) ?? [],
  )
  if (!isAllowed && own.length === 0 && children.length === 0) return undefined
  const names = (rules.types ?? []).map(({ code }) => code).join(', ')
  return (instance, run) => {
    run.at(instance, () => {
      if (isAllowed && !isAllowed(instance.type)) return run.report('profile-type', { types: names }, rule)
      for (const check of own) check(instance, run)
      for (const check of children) check(instance, run)
    })
  }
}

/** All values of an element below one parent. */
function childCheck(
  deps: CompilerDeps,
  node: ElementNode,
  owners: readonly string[],
  url: string,
): ((parent: Instance, run: ProfileRun) => void) | undefined {
  const { name } = node
  const r4 = r4Element(deps.definitions, owners, name)
  const each = instanceCheck(deps, node, r4.types, r4, url)
  const list = [countCheck(node, r4, url), ...slicesCheck(deps, node, r4, url)].filter(
    (check) => check !== undefined,
  )
  if (!each && list.length === 0) return undefined
  return (parent, run) => {
    const instances = run.world.navigator.children(parent, name)
    for (const check of list) check(instances, run)
    if (each) for (const instance of instances) each(instance, run)
  }
}

function countCheck({ name, id, rules }: ElementNode, r4: R4Element, url: string): ListCheck | undefined {
  const { min = 0, max = Infinity } = rules
  if (min <= r4.min && max >= r4.max) return undefined
  const rule = `${url}#${id}`
  return ({ length }, run) => {
    if (length < min) run.report('profile-min', { min, element: name }, rule, name)
    if (length > max) run.report('profile-max', { max, element: name }, rule, name)
  }
}

function slicesCheck(deps: CompilerDeps, node: ElementNode, r4: R4Element, url: string): ListCheck[] {
  if (node.slices.size === 0) return []
  const slicing = node.rules.slicing ?? (r4.choice ? BY_TYPE : undefined)
  const checkOf = (slice: ElementNode) => instanceCheck(deps, slice, r4.types, r4, url)
  return [slicingCheck(node, slicing, checkOf, `${url}#${node.id}`)]
}

/** How a choice is sliced when the profile does not say it. */
const BY_TYPE: SlicingRule = {
  discriminators: [{ type: 'type', path: '$this' }],
  rules: 'open',
  ordered: false,
}

/** The types that are left of R4's. */
function narrow(
  definitions: Definitions,
  types: readonly string[],
  { rules }: ElementNode,
): readonly string[] {
  if (!rules.types) return types
  const codes = rules.types.map(({ code }) => code)
  const left = types.filter((type) => codes.some((code) => fitsType(definitions, type, code)))
  return left.length > 0 ? left : codes
}

function r4Element(definitions: Definitions, owners: readonly string[], name: string): R4Element {
  const found = owners.flatMap((owner) => {
    const type = definitions.type(owner)
    return elementsHolder(definitions, type)?.elements.get(name) ?? []
  })
  const types = found.flatMap(({ types, contentReference }) =>
    contentReference === undefined ? (types ?? []).map(({ code }) => code) : [contentReference],
  )
  const invariants = found.flatMap(({ invariants = [] }) => invariants)
  return {
    min: Math.min(...found.map(({ min = 0 }) => min)),
    max: Math.max(...found.map(({ max = 1 }) => (max === '*' ? Infinity : max))),
    types,
    choice: found.some(({ choice }) => choice === true),
    required: found.length === 1 ? found[0]!.required : undefined,
    keys: new Set(invariants.map(({ key }) => key)),
  }
}

/** Primitives have the id and the extensions that every element has. */
function elementsHolder(
  definitions: Definitions,
  type: TypeDefinition | undefined,
): TypeDefinition | undefined {
  return type?.kind === 'primitive' ? definitions.type('Element') : type
}

function constraintsBeyond(
  definitions: Definitions,
  constraints: ReadonlyMap<string, ConstraintRule> | undefined,
  types: readonly string[],
  r4: R4Element | undefined,
): ConstraintRule[] {
  const ofTypes = types.flatMap((type) => definitions.type(type)?.invariants ?? []).map(({ key }) => key)
  const known = new Set(['ele-1', ...ofTypes, ...(r4?.keys ?? [])])
  return [...(constraints?.values() ?? [])].filter(({ key }) => !known.has(key))
}
