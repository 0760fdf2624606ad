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
  mergeMapped,
  type MergeOptions,
  pointOf,
  type Point,
  rankOf,
  saidElements,
  type SaidTimes,
  timesAfter,
  withPoint,
} from '../mapping/index.ts'
import type { Change, SourceTime, SourceTimes, Told } from '../store/index.ts'
import { type AwaitedWord, withWord, wordsOf } from './awaited-words.ts'

export interface TimeOrder {
  /** Whether what the message says of a resource is kept in order. */
  isTimed(mapped: MappedResource): boolean
  /** The change by which the message's word takes its place among the others. */
  ordered(mapped: MappedResource, merge: Merge): Change
  /** The same of what makes no resource: it is kept for the one that it speaks of where that is not here yet. */
  orderedOrAwaited(mapped: MappedResource, merge: Merge): Change
  /** What is to be known of the resources afterwards. */
  told(): Told
}

type Merge = (current: ExactJson | undefined, options: MergeOptions) => ExactJson

/** What is kept of a resource beside its time. */
interface Said {
  readonly elements?: Readonly<Record<string, number>>
  /** Of a visit: what each admission message said. */
  readonly points?: readonly Point[]
  /** Of a result: when the message was sent that said it. */
  readonly sent?: number
  /** Of an order that is not here yet: what was said of it. */
  readonly awaited?: readonly AwaitedWord[]
}

/** A Medication is what it is made of: nothing newer can be said of it, and many messages share it. */
const UNTIMED: ReadonlySet<string> = new Set(['Provenance', 'MessageHeader', 'Medication'])
/** What admission says of a visit, nobody else changes. */
const OF_ADMISSION = ['status', 'class', 'location']

/** @param times what is known, read just now */
export function makeTimeOrder(event: Mapped['event'], times: SourceTimes): TimeOrder {
  const told = new Map<string, SourceTime>()
  let isStale = false
  let isEarly = false

  function note(mapped: MappedResource, at: number, said: Said): void {
    const name = `${mapped.type}/${mapped.id}`
    const known = times.get(name)
    const { type, id } = mapped
    const next = { type, id, at, said: said as JsonObject, version: known?.version ?? 0 }
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

  function merging(mapped: MappedResource, merge: Merge): Change['make'] {
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
      const own = said.filter((element) => !held.has(element))
      const spoken = withAwaited(exact, mapped, timesAfter(own, at, before))
      note(mapped, spoken.at, { elements: spoken.elements, ...(points.length > 0 && { points }) })
      return exactJsonOf(points.length > 0 ? laidOut(spoken.exact, points) : spoken.exact)
    }
  }

  /** What was said of it before it came, each at its time. */
  function withAwaited(exact: JsonObject, { type, id }: MappedResource, times: SaidTimes) {
    const words = wordsOf(knownAt(type, id)?.awaited)
    return words.reduce(
      (spoken, word) => {
        const said = saidElements(word)
        const held = heldBack(said, word.at, spoken)
        const own = said.filter((element) => !held.has(element))
        const merged = mergeMapped(spoken.exact, word, { held, isOlder: spoken.at > word.at })
        return { exact: merged.exact, ...timesAfter(own, word.at, spoken) }
      },
      { exact, ...times },
    )
  }

  function knownAt(type: string, id: string): Said | undefined {
    return times.get(`${type}/${id}`)?.said
  }

  /** Kept with what is known already, even of a resource that was here once. */
  function keepAwaited(mapped: MappedResource): void {
    const known = knownOf(mapped)
    const awaited = withWord(known?.said.awaited ?? [], mapped)
    note(mapped, known?.at ?? mapped.at, { ...known?.said, awaited })
    isEarly = true
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
    orderedOrAwaited(mapped, merge) {
      const { type, id } = mapped
      const make = merging(mapped, merge)
      return {
        type,
        id,
        make(current) {
          if (current !== undefined) return make(current)
          keepAwaited(mapped)
          return 'keep'
        },
      }
    },
    told: () => ({ times: [...told.values()], isStale, isEarly }),
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
