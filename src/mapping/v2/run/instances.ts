/** Runs the rules of a message at each of its segments: which resources there are, and which refers to which. */
import type { Hl7Segment } from '../../../hl7/index.ts'
import type { MessageRule, ReassignmentRule, Structure } from '../program.ts'
import type { RunContext } from './application.ts'
import { applySegmentMap } from './apply.ts'
import { nearestSegment, type GroupNode, type SegmentNode } from './groups.ts'
import type { Origin } from './identity.ts'
import { itemKey } from './place.ts'
import { holds, scopeOf } from './scope.ts'
import { makeResource, objectAt, slotOf, type ResourceNode } from './tree.ts'

export interface Instance {
  readonly label: string
  readonly resource: ResourceNode
  readonly origin: Origin
  /** The group whose iteration it belongs to. */
  readonly scope: GroupNode
}

/** What the message says about two of its resources. */
export interface ReassignmentNode extends Pick<ReassignmentRule, 'does'> {
  readonly from: ResourceNode
  readonly to: ResourceNode
  readonly what: ResourceNode | undefined
}

export interface Ran {
  /** In the order of their segments, with their references set. */
  readonly instances: readonly Instance[]
  readonly reassignments: readonly ReassignmentNode[]
}

/** References wait until all instances are there: a report may come before the visit that it names. */
interface Pending {
  readonly rule: MessageRule
  readonly own: Instance
  readonly application: number
  readonly segment: Hl7Segment
  readonly group: GroupNode
}

export function runRules(structure: Structure, root: GroupNode, context: RunContext): Ran {
  const instances: Instance[] = []
  const pending: Pending[] = []
  const visit = (node: GroupNode | SegmentNode): void => {
    if (node.kind === 'group') {
      node.children.forEach(visit)
      return
    }
    const { segment, parent } = node
    for (const rule of node.place.rules) {
      if (!holds(rule.when, scopeOf(segment, parent, context.read), context)) continue
      const own = instanceFor(structure, rule, node, instances)
      const application = applySegmentMap(rule.map, sourceOf(rule, node), parent, own.resource, context)
      if (rule.references.length + rule.reassignments.length > 0)
        pending.push({ rule, own, application, segment, group: parent })
    }
  }
  visit(root)
  for (const each of pending) setReferences(each, instances, context)
  return { instances, reassignments: pending.flatMap((each) => reassignmentsOf(each, instances)) }
}

function reassignmentsOf(
  { rule, own, segment, group }: Pending,
  instances: readonly Instance[],
): ReassignmentNode[] {
  const find = (label: string | undefined): ResourceNode | undefined =>
    label === own.label
      ? own.resource
      : label === undefined
        ? undefined
        : nearest(instances, label, segment, group)?.resource
  return rule.reassignments.flatMap(({ does, ...labels }) => {
    const [from, to, what] = [find(labels.from), find(labels.to), find(labels.what)]
    const isWhole =
      from !== undefined && to !== undefined && (labels.what === undefined || what !== undefined)
    return isWhole ? [{ does, from, to, what }] : []
  })
}

/** What a table reads: its own segment, the nearest one where the row stands at another (the ORC of each dose given). */
function sourceOf({ map }: MessageRule, { segment, parent }: SegmentNode): Hl7Segment | undefined {
  const name = map.name.split('[')[0]!
  return segment.name === name ? segment : nearestSegment(parent, name)
}

/** The instance that the label names here, or a new one. */
function instanceFor(
  structure: Structure,
  rule: MessageRule,
  { segment, parent }: SegmentNode,
  instances: Instance[],
): Instance {
  const depth = structure.scopes.get(rule.label)!
  const scope = depth === 'each' ? parent : ancestorAt(parent, depth)
  const known = instances.find(
    (each) =>
      each.label === rule.label &&
      each.scope === scope &&
      (depth !== 'each' || each.origin.segment === segment),
  )
  if (known) return known
  const made: Instance = {
    label: rule.label,
    resource: makeResource(rule.type),
    origin: { segment, group: parent },
    scope,
  }
  instances.push(made)
  return made
}

function ancestorAt(group: GroupNode, depth: number): GroupNode {
  const path: GroupNode[] = []
  for (let at: GroupNode | undefined = group; at; at = at.parent) path.unshift(at)
  return path[depth] ?? group
}

function setReferences(
  { rule, own, application, segment, group }: Pending,
  instances: readonly Instance[],
  context: RunContext,
): void {
  const find = (label: string): Instance | undefined =>
    own.label === label ? own : nearest(instances, label, segment, group)
  for (const { from, steps, to } of rule.references) {
    const source = find(from)
    const target = find(to)
    if (!source || !target) continue
    let node = source.resource.root
    for (const [index, step] of steps.entries()) {
      const isLast = index === steps.length - 1
      // Of its own resource a row means the item that it wrote itself; of another one a new item for each target.
      const key =
        source === own && !isLast ? itemKey(application, step, 0) : `reference/${instances.indexOf(target)}`
      node = objectAt(slotOf(node, { ...step, into: undefined }, key))
      if (isLast && node.resource === undefined) {
        node.resource = target.resource
        node.linked = true
        if (context.isTraced) node.why = { rows: [rule.id], field: '' }
      }
    }
  }
}

/**
 * The instance that a label means: what the same segment made, else the only one in the group's own iteration, else in
 * the ones around it. Where several could be meant none is, and none from another iteration of a group that it stands in:
 * the specimen of the first order is not the second one's.
 */
function nearest(
  instances: readonly Instance[],
  label: string,
  segment: Hl7Segment,
  group: GroupNode,
): Instance | undefined {
  const candidates = instances.filter((each) => each.label === label)
  const same = candidates.find(({ origin }) => origin.segment === segment)
  if (same) return same
  let inner: GroupNode | undefined
  for (let around: GroupNode | undefined = group; around; around = around.parent) {
    const found = candidates.filter(({ origin }) => isWithin(origin.group, around!, inner))
    if (found.length > 0) return found.length === 1 ? found[0] : undefined
    inner = around
  }
  return undefined
}

/** Inside the outer group, but in no iteration of the same group as the given one. */
function isWithin(group: GroupNode, outer: GroupNode, except: GroupNode | undefined): boolean {
  let below: GroupNode | undefined
  for (let at: GroupNode | undefined = group; at; at = at.parent) {
    if (at === outer) return below === undefined || below.place !== except?.place
    below = at
  }
  return false
}
