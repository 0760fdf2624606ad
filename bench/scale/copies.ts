/**
 * How a record that is loaded becomes another one: all of its UUIDs begin with another time, and its numbers and its
 * time of writing lie before those of the copy that was made from the same base later. So ids, numbers and times of all
 * copies rise together, as they do where everything was written one after the other.
 */

export interface Copies {
  /** How many there are of everything, the base itself (copy 0) included. */
  readonly count: number
  /** The first 32 bits of a UUIDv7 from when the base was begun, in units of 65 seconds. */
  readonly begun: number
  /** The least number that the base has; set before it is loaded. */
  readonly firstRid: number
}

/** Different people have to be different: these are not copied but written, each with other names and numbers. */
export const PEOPLE: readonly string[] = ['Patient', 'Practitioner', 'Organization']

/** UUIDs that the base gave, as a regular expression of JavaScript and of PostgreSQL. */
export const UUID = '[0-9a-f]{8}(-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})'

/** Stand where a copy's own time goes; private-use characters, which no sample has. */
export const MARK = '\ue000'
export const TIME_MARK = '\ue001'

const UUIDS = new RegExp(UUID, 'g')

export function planCopies(count: number, base: number, now: number): Copies {
  // Numbers come in blocks to each thread, and people's are among them: twice as many as there are resources is plenty.
  return { count, begun: Math.floor(now / 65_536), firstRid: 1 + 2 * count * (base + 100_000) }
}

/** What the UUIDs of a copy begin with. */
export function beginning({ begun }: Copies, copy: number): string {
  return (begun - copy).toString(16).padStart(8, '0')
}

export function copied(copies: Copies, copy: number, text: string): string {
  return copy === 0 ? text : marked(text).replaceAll(MARK, beginning(copies, copy))
}

/** The text with a gap where a copy's own time goes. */
export function marked(text: string): string {
  return text.replaceAll(UUIDS, `${MARK}$1`)
}
