/** Slices of a repeating element or of a choice. https://hl7.org/fhir/R4/profiling.html#slicing */
import type { ElementNode, SlicingRule } from './element.ts'
import { isOwnExtension, type Predicate, slicePredicate } from './discriminators.ts'
import type { Instance } from './instance.ts'
import type { InstanceCheck } from './profile.ts'
import type { ProfileRun } from './run.ts'

/** Checks all values that an element has in one parent; the run is at the parent. */
export type ListCheck = (instances: readonly Instance[], run: ProfileRun) => void

interface Slice {
  readonly node: ElementNode
  readonly check: InstanceCheck | undefined
  /** Of its own slices. */
  readonly within: ListCheck | undefined
  /** Made when first needed: it may depend on other profiles. */
  predicate?: Predicate | undefined
  decided?: boolean
}

/**
 * @param slicing what tells the slices apart; undefined: nothing says it
 * @param checkOf what a slice asks of its values
 */
export function slicingCheck(
  { slices, name }: ElementNode,
  slicing: SlicingRule | undefined,
  checkOf: (slice: ElementNode) => InstanceCheck | undefined,
  rule: string,
): ListCheck {
  const known = [...slices.values()].map((node): Slice => ({
    node,
    check: checkOf(node),
    within:
      node.slices.size === 0
        ? undefined
        : slicingCheck(node, node.rules.slicing ?? slicing, checkOf, `${rule}:${node.sliceName}`),
  }))
  const [rest] = known.filter(({ node }) => node.sliceName === DEFAULT)
  const named = known.filter((slice) => slice !== rest)

  return (instances, run) => {
    const decided = named.filter((slice) => decide(slice, name, slicing, run))
    if (decided.length < named.length) run.report('profile-slice-unchecked', { element: name }, rule, name)
    const taken = instances.map(
      (instance) => decided.find(({ predicate }) => predicate!(instance, run)) ?? rest,
    )
    const ruled = slicing && decided.length === named.length ? slicing : undefined
    if (ruled) checkRules(instances, taken, named, ruled, run, rule)
    for (const slice of rest ? [...decided, rest] : decided) {
      const own = instances.filter((_instance, i) => taken[i] === slice)
      checkSlice(slice, own, run, rule)
    }
  }
}

/** Takes what no other slice does. https://hl7.org/fhir/R4/profiling.html#default-slice */
const DEFAULT = '@default'

function decide(slice: Slice, name: string, slicing: SlicingRule | undefined, run: ProfileRun): boolean {
  if (slice.decided === undefined) {
    const missing = run.missing.structures.size
    slice.predicate =
      name === 'extension' || name === 'modifierExtension'
        ? isOwnExtension(slice.node)
        : slicePredicate(slice.node, slicing?.discriminators ?? [], run)
    // What is missing now will be there in the next run.
    if (run.missing.structures.size > missing) return slice.predicate !== undefined
    slice.decided = slice.predicate !== undefined
  }
  return slice.decided
}

function checkSlice(
  { node, check, within }: Slice,
  own: readonly Instance[],
  run: ProfileRun,
  rule: string,
): void {
  const { rules, name } = node
  const slice = node.sliceName!
  const { min = 0, max = Infinity } = rules
  const at = `${rule}:${slice}`
  if (own.length < min) run.report('profile-slice-min', { min, slice, element: name }, at, name)
  if (own.length > max) run.report('profile-slice-max', { max, slice, element: name }, at, name)
  if (check) for (const instance of own) check(instance, run)
  within?.(own, run)
}

function checkRules(
  instances: readonly Instance[],
  taken: readonly (Slice | undefined)[],
  slices: readonly Slice[],
  { rules, ordered }: SlicingRule,
  run: ProfileRun,
  rule: string,
): void {
  let last = 0
  let isEnd = false
  for (const [i, instance] of instances.entries()) {
    const slice = taken[i]
    const place = slice === undefined ? -1 : slices.indexOf(slice)
    run.at(instance, () => {
      if (slice === undefined && rules === 'closed') run.report('profile-slice-closed', {}, rule)
      if (slice !== undefined && isEnd && rules === 'openAtEnd') run.report('profile-slice-end', {}, rule)
      if (ordered && place >= 0 && place < last) run.report('profile-slice-order', {}, rule)
    })
    if (slice === undefined) isEnd = true
    last = Math.max(last, place)
  }
}
