/**
 * Lets an older message say only what nobody has said since. Which is older goes by when a thing happened and not by when
 * the message came: a queue that is replayed, a resend after a correction, a feed from two interfaces.
 * docs/decisions/0011-time-order.md
 */
import { exactJsonOf, type ExactJson, type JsonObject, sameJson } from '../kernel/json.ts'
import {
  heldBack,
  laidOut,
  type Mapped,
  type MappedResource,
  type MergeOptions,
  pointOf,
  type Point,
  rankOf,
  saidElements,
  timesAfter,
  withPoint,
} from '../mapping/index.ts'
import type { Change, SourceTime, SourceTimes } from '../store/index.ts'

export interface TimeOrder {
  /** Whether what the message says of a resource is kept in order. */
  isTimed(mapped: MappedResource): boolean
  /** The change by which the message's word takes its place among the others. */
  ordered(
    mapped: MappedResource,
    merge: (current: ExactJson | undefined, options: MergeOptions) => ExactJson,
  ): Change
  /** What is to be known of the resources afterwards, and whether something newer was known of one. */
  told(): { readonly times: readonly SourceTime[]; readonly isStale: boolean }
}

/** What is kept of a resource beside its time. */
interface Said {
  readonly elements?: Readonly<Record<string, number>>
  /** Of a visit: what each admission message said. */
  readonly points?: readonly Point[]
  /** Of a result: when the message was sent that said it. */
  readonly sent?: number
}

const UNTIMED: ReadonlySet<string> = new Set(['Provenance', 'MessageHeader'])
/** What admission says of a visit, nobody else changes. */
const OF_ADMISSION = ['status', 'class', 'location']

/** @param times what is known, read just now */
export function makeTimeOrder(event: Mapped['event'], times: SourceTimes): TimeOrder {
  const told = new Map<string, SourceTime>()
  let isStale = false

  function note(mapped: MappedResource, at: number, said: Said): void {
    const name = `${mapped.type}/${mapped.id}`
    const known = times.get(name)
    const next = { type: mapped.type, id: mapped.id, at, said: said as JsonObject }
    if (known && known.at === at && sameJson(known.said, next.said)) told.delete(name)
    else told.set(name, next)
  }

  function knownOf(mapped: MappedResource): { at: number; said: Said } | undefined {
    const name = `${mapped.type}/${mapped.id}`
    return told.get(name) ?? times.get(name)
  }

  /** A result is said whole: by its time, then its status, then by when it was sent. */
  function replacing(mapped: MappedResource): Change['make'] {
    return (current) => {
      const { at } = mapped
      const known = current && knownOf(mapped)
      const order = [known?.at ?? 0, rankOf(current?.value['status']), known?.said.sent ?? 0]
      if (known && isBefore([at, rankOf(mapped.resource['status']), event.at], order)) {
        isStale = true
        return 'keep'
      }
      note(mapped, at, { sent: event.at })
      return { value: mapped.resource, exact: mapped.exact }
    }
  }

  function merging(mapped: MappedResource, merge: Parameters<TimeOrder['ordered']>[1]): Change['make'] {
    const said = saidElements(mapped)
    return (current) => {
      const known = current && knownOf(mapped)
      const before = known && { at: known.at, elements: known.said.elements ?? {} }
      const { at } = mapped
      const held = heldBack(said, at, before)
      if (isOutranked(mapped, current, before)) held.add('status')
      if (held.size > 0) isStale = true
      const points = pointsAfter(mapped, known?.said.points ?? [])
      if (points.length > 0 && !isOfAdmission(mapped)) OF_ADMISSION.forEach((element) => held.add(element))
      const { exact } = merge(current, { held, isOlder: (before?.at ?? at) > at })
      const after = timesAfter(
        said.filter((element) => !held.has(element)),
        at,
        before,
      )
      note(mapped, after.at, { elements: after.elements, ...(points.length > 0 && { points }) })
      return exactJsonOf(points.length > 0 ? laidOut(exact, points) : exact)
    }
  }

  /** A report that is said to be preliminary at the very time at which it is said to be final. */
  function isOutranked(
    { at, resource }: MappedResource,
    current: ExactJson | undefined,
    before: { readonly elements: Readonly<Record<string, number>> } | undefined,
  ): boolean {
    if (resource['resourceType'] !== 'DiagnosticReport' || before?.elements['status'] !== at) return false
    return rankOf(resource['status']) < rankOf(current?.value['status'])
  }

  /** A movement inside a visit is no visit with a history of its own. */
  function isOfAdmission({ type, resource }: MappedResource): boolean {
    return type === 'Encounter' && event.type === 'ADT' && resource['partOf'] === undefined
  }

  function pointsAfter(mapped: MappedResource, points: readonly Point[]): readonly Point[] {
    if (!isOfAdmission(mapped)) return points
    return withPoint(points, pointOf(mapped.exact, new Set(mapped.fallbacks), event, event.code))
  }

  return {
    isTimed,
    ordered(mapped, merge) {
      const { type, id } = mapped
      const make = mapped.mode === 'replace' ? replacing(mapped) : merging(mapped, merge)
      return { type, id, make }
    },
    told: () => ({ times: [...told.values()], isStale }),
  }
}

/** Not what only completes what is there: that is no later word on anything. */
export function isTimed(mapped: MappedResource): boolean {
  if (UNTIMED.has(mapped.type)) return false
  return mapped.mode === 'replace' || saidElements(mapped).length > 0
}

function isBefore(one: readonly number[], other: readonly number[]): boolean {
  const at = one.findIndex((number, index) => number !== other[index])
  return at !== -1 && one[at]! < other[at]!
}
