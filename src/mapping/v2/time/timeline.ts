/**
 * What a visit was and where, worked out of all that admission messages said of it, each at its own time: so that the
 * same messages make the same visit in whatever order they come.
 * https://hl7.org/fhir/R4/encounter.html, HL7 v2.5 chapter 3, §3.3.
 */
import { isObject, type Json, type JsonObject } from '../../../kernel/json.ts'
import { takeEnd } from '../merge.ts'
import type { EventTime } from '../run/event-time.ts'

/** What one message said. */
export interface Point extends EventTime {
  /** Trigger event: `A02`. */
  readonly event: string
  readonly status?: string
  readonly class?: JsonObject
  /** The present place of PV1-3, as an item of Encounter.location. */
  readonly place?: JsonObject
  /** Places that were reserved, planned or left. */
  readonly otherPlaces?: readonly JsonObject[]
}

/** A cancelled transfer did not take place (A12); what else is cancelled has a status that says so. */
const CANCELS: Readonly<Record<string, string>> = { A12: 'A02' }
/** In these the visit goes on, or is still to come. */
const OPEN: ReadonlySet<string> = new Set(['planned', 'arrived', 'triaged', 'in-progress', 'onleave'])
/** More messages about one visit are a feed gone wrong. */
const MAX_POINTS = 500

export function pointOf(
  said: JsonObject,
  fallbacks: ReadonlySet<string>,
  time: EventTime,
  event: string,
): Point {
  const { status, class: kind, location } = said
  const places = Array.isArray(location) ? location.filter(isObject) : []
  const present = places.find(isPresent)
  return {
    at: time.at,
    on: time.on,
    event,
    ...(typeof status === 'string' && !fallbacks.has('status') && { status }),
    ...(isObject(kind) && !fallbacks.has('class') && { class: kind }),
    ...(present && { place: present }),
    ...(places.length > 0 && { otherPlaces: places.filter((place) => place !== present) }),
  }
}

function isPresent({ status, extension }: JsonObject): boolean {
  return status === 'active' && extension === undefined
}

/** One point for each event at its time: a message that is sent again says nothing new. */
export function withPoint(points: readonly Point[], point: Point): Point[] {
  const others = points.filter(({ at, event }) => at !== point.at || event !== point.event)
  return [...others, point].toSorted((a, b) => a.at - b.at || (a.event < b.event ? -1 : 1)).slice(-MAX_POINTS)
}

/** The elements of a visit that follow from the points. */
export function laidOut(encounter: JsonObject, points: readonly Point[]): JsonObject {
  const statuses = runsOf(points, ({ status }) => status)
  const classes = runsOf(points, (point) => point.class)
  const laid: JsonObject = { ...encounter }
  const status = statuses.at(-1)
  if (status) {
    laid['status'] = status.value
    setList(laid, 'statusHistory', statuses.slice(0, -1), (value) => ({ status: value }))
    // Whatever a discharge that was cancelled said.
    if (OPEN.has(status.value)) takeEnd(laid)
  }
  const kind = classes.at(-1)
  if (kind) {
    laid['class'] = kind.value
    setList(laid, 'classHistory', classes.slice(0, -1), (value) => ({ class: value }))
  }
  const places = placesOf(points, status)
  if (places.length > 0) laid['location'] = places
  return laid
}

interface Run<T> {
  readonly value: T
  readonly start: string
  /** undefined: it is so still. */
  readonly end: string | undefined
}

/** Times in which the points say the same. */
function runsOf<T extends Json>(points: readonly Point[], read: (point: Point) => T | undefined): Run<T>[] {
  const runs: Run<T>[] = []
  for (const point of points) {
    const value = read(point)
    const last = runs.at(-1)
    if (value === undefined || (last && isSame(last.value, value))) continue
    if (last) runs[runs.length - 1] = { ...last, end: point.on }
    runs.push({ value, start: point.on, end: undefined })
  }
  return runs
}

function isSame(a: Json, b: Json): boolean {
  return keyOf(a) === keyOf(b)
}

/** A place is told by what it refers to, a class by its code. */
function keyOf(value: Json): string {
  if (!isObject(value)) return String(value)
  const { location, code } = value
  if (isObject(location)) return JSON.stringify(location['reference'] ?? location)
  return typeof code === 'string' ? code : JSON.stringify(value)
}

function setList<T extends Json>(
  encounter: JsonObject,
  name: string,
  runs: readonly Run<T>[],
  item: (value: T) => JsonObject,
): void {
  if (runs.length === 0) delete encounter[name]
  else
    encounter[name] = runs.map(({ value, start, end }) => ({ ...item(value), period: periodOf(start, end) }))
}

function placesOf(points: readonly Point[], status: Run<string> | undefined): JsonObject[] {
  const runs = runsOf(withoutCancelled(points), ({ place }) => place)
  const leftAt = status?.value === 'finished' ? status.start : undefined
  const places = runs.map(({ value, start, end }, at) => {
    const said = isObject(value['period']) ? value['period']['start'] : undefined
    const next = runs[at + 1]?.value['period']
    const until = end === undefined ? leftAt : ((isObject(next) ? next['start'] : undefined) ?? end)
    const from = typeof said === 'string' ? said : start
    return {
      ...value,
      status: until === undefined ? value['status']! : 'completed',
      period: periodOf(from, typeof until === 'string' ? until : undefined),
    }
  })
  const known = new Set(places.map(keyOf))
  const others = points.findLast(({ otherPlaces }) => otherPlaces !== undefined)?.otherPlaces ?? []
  return [...places, ...others.filter((each) => !known.has(keyOf(each)))]
}

function withoutCancelled(points: readonly Point[]): Point[] {
  const kept: Point[] = []
  for (const point of points) {
    const cancelled = kept.findLastIndex(({ event }) => event === CANCELS[point.event])
    if (cancelled !== -1) kept.splice(cancelled, 1)
    kept.push(point)
  }
  return kept
}

/** per-1: what ends before it begins has no end that can be said. */
function periodOf(start: string, end: string | undefined): JsonObject {
  return end === undefined || Date.parse(end) < Date.parse(start) ? { start } : { start, end }
}
