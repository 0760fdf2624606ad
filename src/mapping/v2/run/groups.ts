/**
 * Sorts the segments of a message into the groups of its structure (HL7 v2.5 chapter 2, §2.12). Tolerant: what stands in
 * a wrong order is taken where it belongs, what belongs nowhere is named, nothing is lost silently.
 */
import type { Hl7Segment } from '../../../hl7/index.ts'
import type { GroupPlace, SegmentPlace, Structure } from '../program.ts'

export interface GroupNode {
  readonly kind: 'group'
  readonly place: GroupPlace
  readonly parent: GroupNode | undefined
  readonly children: (GroupNode | SegmentNode)[]
}

export interface SegmentNode {
  readonly kind: 'segment'
  readonly place: SegmentPlace
  readonly parent: GroupNode
  readonly segment: Hl7Segment
}

export interface Grouped {
  readonly root: GroupNode
  readonly outOfOrder: readonly Hl7Segment[]
  readonly unexpected: readonly Hl7Segment[]
}

interface OpenGroup {
  readonly node: GroupNode
  /** Child of the place that was filled last; -1 at the start. */
  at: number
}

export function groupSegments(structure: Structure, segments: readonly Hl7Segment[]): Grouped {
  const root: GroupNode = { kind: 'group', place: structure.root, parent: undefined, children: [] }
  const open: OpenGroup[] = [{ node: root, at: -1 }]
  const outOfOrder: Hl7Segment[] = []
  const unexpected: Hl7Segment[] = []
  for (const segment of segments) {
    if (placeForward(open, segment, true)) continue
    // A comment belongs to what came before it rather than to a result that never came.
    const isLate = placeBackward(open.slice(-1), segment)
    if (isLate || !placeForward(open, segment, false)) {
      if (isLate || placeBackward(open, segment)) outOfOrder.push(segment)
      else unexpected.push(segment)
    }
  }
  return { root, outOfOrder, unexpected }
}

/**
 * From the innermost group outwards: further on in it, or a new iteration of it.
 * @param isLeading a group may only be opened by the segment that it begins with
 */
function placeForward(open: OpenGroup[], segment: Hl7Segment, isLeading: boolean): boolean {
  const opens = isLeading ? leads : holds
  for (let level = open.length - 1; level >= 0; level -= 1) {
    const group = open[level]!
    const found = findFrom(group, segment.name, opens)
    if (found !== undefined && !beginsAnew(open, level, found, segment.name)) {
      open.length = level + 1
      descend(open, found, segment)
      return true
    }
    const { place, parent } = group.node
    if (parent !== undefined && place.repeats && opens(place, segment.name)) {
      open.length = level
      descend(open, open[level - 1]!.at, segment)
      return true
    }
  }
  return false
}

/**
 * An optional group that could be opened in its midst (the prior results of an order, at their ORC) is not, where a
 * group around it could begin again with the same segment: it is the next order that comes.
 */
function beginsAnew(open: readonly OpenGroup[], level: number, found: number, name: string): boolean {
  const candidate = open[level]!.node.place.children[found]!
  if (candidate.kind === 'segment' || leads(candidate, name)) return false
  return open
    .slice(1, level + 1)
    .some(
      ({ node, at }) =>
        node.place.repeats && node.place.children.slice(0, at + 1).some((child) => takes(child, name, holds)),
    )
}

/** The group begins with the segment. */
function leads(place: GroupPlace | SegmentPlace, name: string): boolean {
  if (place.kind === 'segment') return place.name === name
  return place.children[0] !== undefined && leads(place.children[0], name)
}

/** A segment that comes too late: into the open group that has a place for it before the present one. */
function placeBackward(open: readonly OpenGroup[], segment: Hl7Segment): boolean {
  for (const { node } of open.toReversed()) {
    for (const place of node.place.children) {
      if (place.kind === 'segment' ? place.name !== segment.name : !leads(place, segment.name)) continue
      const present = node.children.findLast((child) => child.place === place)
      if (present !== undefined && !place.repeats) continue
      if (place.kind === 'segment') node.children.push({ kind: 'segment', place, parent: node, segment })
      else addGroup(node, place, segment)
      return true
    }
  }
  return false
}

/** One more of a group that is past, for the segment that begins it. */
function addGroup(parent: GroupNode, place: GroupPlace, segment: Hl7Segment): void {
  const node: GroupNode = { kind: 'group', place, parent, children: [] }
  parent.children.push(node)
  descend([{ node, at: -1 }], 0, segment)
}

/** The child at or after the present one that can take the segment. */
function findFrom({ node, at }: OpenGroup, name: string, opens: typeof holds): number | undefined {
  const { children } = node.place
  const present = children[at]
  if (present?.kind === 'segment' && present.repeats && present.name === name) return at
  const found = children.findIndex((child, index) => index > at && takes(child, name, opens))
  return found === -1 ? undefined : found
}

function takes(place: GroupPlace | SegmentPlace, name: string, opens: typeof holds): boolean {
  return place.kind === 'segment' ? place.name === name : opens(place, name)
}

function holds(group: GroupPlace, name: string): boolean {
  return group.children.some((child) => takes(child, name, holds))
}

/** Opens groups down to the segment's place below the given child of the innermost open group. */
function descend(open: OpenGroup[], child: number, segment: Hl7Segment): void {
  const group = open.at(-1)!
  group.at = child
  const place = group.node.place.children[child]!
  if (place.kind === 'segment') {
    group.node.children.push({ kind: 'segment', place, parent: group.node, segment })
    return
  }
  const node: GroupNode = { kind: 'group', place, parent: group.node, children: [] }
  group.node.children.push(node)
  open.push({ node, at: -1 })
  descend(
    open,
    place.children.findIndex((each) => takes(each, segment.name, holds)),
    segment,
  )
}

/**
 * The nearest segment of a name: in the group itself, then in the groups around it. What another iteration of the same
 * group holds is never meant: the specimen of the second order says nothing about the first.
 */
export function nearestSegment(from: GroupNode, name: string): Hl7Segment | undefined {
  let inner: GroupNode | undefined
  for (let group: GroupNode | undefined = from; group; group = group.parent) {
    const found = firstIn(group, name, inner?.place)
    if (found) return found
    inner = group
  }
  return undefined
}

function firstIn(group: GroupNode, name: string, except?: GroupPlace): Hl7Segment | undefined {
  for (const child of group.children) {
    if (child.kind === 'segment' && child.segment.name === name) return child.segment
  }
  for (const child of group.children) {
    const found = child.kind === 'group' && child.place !== except ? firstIn(child, name) : undefined
    if (found) return found
  }
  return undefined
}
