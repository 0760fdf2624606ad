/**
 * What makes one copy of a Synthea patient another person: own ids, names, numbers, and all dates moved. The same
 * number gives the same person, but for the ids, which rise with time as the server's own do.
 */
import { uuidv7 } from '../../src/kernel/ids.ts'

export interface Person {
  /** The id that stands for the n-th id of the sample. */
  id(index: number): string
  /** Between 0 and 1, the next of this person's. */
  chance(): number
  readonly family: string
  given(): string
  /** Added to every date of the record, so that visits keep their order. */
  readonly shiftMs: number
  /** Added to the day of birth. */
  readonly birthShiftMs: number
}

const DAY_MS = 86_400_000

/** A record moves by up to 3 years back or 1 forward, a birth by up to 20 years either way. */
export function makePerson(number: number, newId: (index: number) => string = uuidv7): Person {
  const chance = mulberry32(number)
  const ids: string[] = []
  return {
    id: (index) => (ids[index] ??= newId(index)),
    chance,
    family: familyName(chance()),
    given: () => GIVEN[Math.floor(chance() * GIVEN.length)]!,
    shiftMs: Math.floor(chance() * 4 * 365 * DAY_MS) - 3 * 365 * DAY_MS,
    birthShiftMs: (Math.floor(chance() * 40 * 365) - 20 * 365) * DAY_MS,
  }
}

/** About 12,000 names, a few of them common and most rare: the square prefers the first. */
function familyName(chance: number): string {
  const place = Math.floor(chance ** 2 * BEGINNINGS.length * MIDDLES.length * ENDINGS.length)
  const ending = ENDINGS[place % ENDINGS.length]!
  const middle = MIDDLES[Math.floor(place / ENDINGS.length) % MIDDLES.length]!
  return BEGINNINGS[Math.floor(place / ENDINGS.length / MIDDLES.length)]! + middle + ending
}

const words = (text: string) => text.split(' ')
const BEGINNINGS = words(
  'Mar Ber Du Le Ro La Mo Gar Si Fer Bou Che De Gau Gi Hu Jo Ko Lam Mül Na Oli Per Qué Re Sau Tho Va We Za',
)
const MIDDLES = words('ti na ran bi cher de fé ga li mon no pi ri san ta ve vi zo ler mer')
const ENDINGS = words('n ard at eau er es et ie ier in lle on ot ou oux quet rd sson t y')
const GIVEN = words(
  'Camille Louise Jeanne Alice Emma Léa Chloé Inès Zoé Marie Anna Rose Léo Louis Gabriel Raphaël Arthur Jules Adam ' +
    'Hugo Paul Lucas Noé Émile Nathan Théo Tom Martin Victor Simon',
)

/** A small generator that a number starts. https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
