/**
 * A feed of mixed messages of every type that there is a table for, each after its own structure: groups and segments
 * come or don't, repeat or don't. One seed gives one feed.
 */
import type { Program } from '../../../src/mapping/index.ts'
import { makeRandom, type Random } from './random.ts'
import { type Scene, SEGMENTS } from './segments.ts'

type Place =
  ReturnType<Program['structures']['get']> extends infer S
    ? S extends { readonly root: infer Root }
      ? Root
      : never
    : never

export interface FeedOptions {
  readonly program: Program
  readonly seed: number
  readonly count: number
  /** People in the feed; a tenth of the messages unless given. */
  readonly patients?: number
  /** Leaves out what merges, moves, links and renames records: done again it means something else. */
  readonly withoutMerges?: boolean
}

/** What a message of its kind is nothing without. */
const NEEDED = new Set(
  'EVN PID MRG ORC OBR RXO RXE RXD RXA TXA SCH FT1 MFI MFE STF LOC OM1 RF1 PRB GOL PTH'.split(' '),
)
const BEGIN = Date.UTC(2026, 0, 5, 8)

export function makeFeed({
  program,
  seed,
  count,
  patients = Math.ceil(count / 10),
  withoutMerges = false,
}: FeedOptions): Buffer[] {
  const random = makeRandom(seed)
  const events = [...program.events]
    .filter(([event]) => /^[A-Z]{3}\^[A-Z0-9]{3}$/.test(event) && !(withoutMerges && LINKING.has(event)))
    .filter(([, structure]) => !(withoutMerges && holds(program.structures.get(structure)!.root, 'MRG')))
    .map(([event]) => event)
    .toSorted()
  return Array.from({ length: count }, (_, number) => {
    const event = events[number % events.length]!
    const structure = program.structures.get(program.events.get(event)!)!
    const patient = random.below(patients)
    // Who is merged away never comes again: another record of its own for each merge.
    const other = patients + number
    const time = timeText(BEGIN + number * 60_000)
    const turns = new Map<string, number>()
    const emit = (name: string): string[] => {
      const template = SEGMENTS[name]
      if (template === undefined) return []
      const turn = turns.get(name) ?? 0
      turns.set(name, turn + 1)
      const scene: Scene = { random, number, event, patient, other, time, turn }
      return [template(scene)]
    }
    const header = `MSH|^~\\&|FEED|HOSP|PASSERELLE|HOSP|${time}+0100||${event}^${structure.name}|F${seed}-${number}|P|2.5.1|||||FRA|UNICODE UTF-8`
    const segments = [header, ...structure.root.children.flatMap((each) => walk(each, random, emit))]
    return Buffer.from(`${segments.join('\r')}\r`)
  })
}

function walk(place: Place['children'][number], random: Random, emit: (name: string) => string[]): string[] {
  if (place.kind === 'segment') {
    if (place.name === 'MSH' || (!NEEDED.has(place.name) && !random.chance(0.6))) return []
    const times = place.repeats && random.chance(0.3) ? 2 : 1
    return Array.from({ length: times }, () => emit(place.name)).flat()
  }
  const isPrior = place.name.includes('PRIOR')
  if (isPrior || (!needs(place) && !random.chance(0.6))) return []
  const times = place.repeats && random.chance(0.3) ? 2 : 1
  return Array.from({ length: times }, () =>
    place.children.flatMap((each) => walk(each, random, emit)),
  ).flat()
}

function needs(place: Place['children'][number]): boolean {
  return place.kind === 'segment' ? NEEDED.has(place.name) : place.children.some(needs)
}

function timeText(epochMs: number): string {
  return new Date(epochMs).toISOString().replaceAll(/\D/g, '').slice(0, 14)
}

const LINKING = new Set(['ADT^A24', 'ADT^A37'])

function holds(place: Place['children'][number] | Place, name: string): boolean {
  return place.kind === 'segment' ? place.name === name : place.children.some((each) => holds(each, name))
}
