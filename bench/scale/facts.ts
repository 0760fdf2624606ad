/** What the workloads know of a loaded database: a fair sample of its patients and observations. */
import type { DiskUse } from './disk.ts'
import type { Multiplied } from './multiply.ts'

export interface PatientFact {
  readonly id: string
  readonly family: string
  /** Of `http://hospital.smarthealthit.org`. */
  readonly identifier: string
}

/** Sample and template by which the observation was made, and where it belongs. */
export interface ObservationFact {
  readonly sample: number
  readonly template: number
  readonly id: string
  readonly patient: string
  readonly encounter: string
}

export interface LoadedBase {
  readonly resources: number
  readonly seconds: number
  readonly perSecond: number
}

export interface LoadFacts {
  readonly seconds: number
  readonly perSecond: number
  readonly finishSeconds: number
  /** What the store has written of it, without the people of copies. */
  readonly base: LoadedBase
  /** Where the rest is made in bulk: what the base alone took, its indexes grown row by row. */
  readonly grownDisk?: DiskUse
  readonly people?: { readonly resources: number; readonly seconds: number }
  readonly multiplied?: Multiplied
}

export interface Facts {
  readonly resources: number
  readonly types: Readonly<Record<string, number>>
  readonly patients: readonly PatientFact[]
  readonly observations: readonly ObservationFact[]
  readonly load: LoadFacts
  /** Of the bench client, for another start on the same folder. */
  readonly secret: string
}

export interface Reservoir<T> {
  readonly kept: T[]
  offer(item: T): void
}

/** Keeps `size` of all that is offered, each with the same chance. */
export function makeReservoir<T>(size: number): Reservoir<T> {
  const kept: T[] = []
  let offered = 0
  return {
    kept,
    offer(item) {
      const place = Math.floor(Math.random() * ++offered)
      if (kept.length < size) kept.push(item)
      else if (place < size) kept[place] = item
    },
  }
}
