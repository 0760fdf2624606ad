/** The port between the pipeline and the mapping: what a message of a channel becomes. */
import type { Dictionary, IdSystem } from '../mapping/index.ts'
import type { Change, Identified } from '../store/index.ts'
import type { Hl7Channel } from './config/channel.ts'

export interface MappingWarning {
  /** Stable: `code-unmapped`, `namespace-not-registered`. */
  readonly code: string
  /** A row, segment or name of the message's form; never patient data. */
  readonly about: string
  readonly count: number
}

export type Transformed =
  | {
      readonly did: 'mapped'
      readonly changes: readonly Change[]
      /** What may be here already under another id, and the changes once that is known. */
      readonly identified?: Identified
      /** Identifier systems that ids were made for the first time. */
      readonly idSystems?: readonly IdSystem[]
      /** meta.source of what it makes. */
      readonly source?: string
      /** How many things could not be carried over as they were: unmapped codes, unreadable dates … */
      readonly warnings: readonly MappingWarning[]
    }
  /** The channel doesn't want this message: it is kept and nothing is written. */
  | { readonly did: 'filtered'; readonly reason: string }

export interface TransformInput {
  readonly raw: Buffer
  /** Epoch milliseconds. */
  readonly receivedAt: number
  /** What the tenant keeps to read messages with. */
  readonly dictionary?: Dictionary
}

/**
 * The same message gives the same changes.
 * @throws Failure when the message can't be read or mapped; it is then held
 */
export type Transform = (message: TransformInput, channel: Hl7Channel) => Transformed
