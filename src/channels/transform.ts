/** The port to the mapping: what a message of a channel becomes. */
import type { Change, OpenMessage } from '../store/index.ts'
import type { Hl7Channel } from './config/channel.ts'

export interface Transformed {
  /** `filtered`: the channel doesn't want this message; nothing is written. */
  readonly did: 'mapped' | 'filtered'
  readonly changes: readonly Change[]
  /** How many things could not be carried over as they were: unmapped codes, unreadable dates … */
  readonly warnings: number
}

/**
 * Pure: the same message gives the same changes.
 * @throws Failure when the message can't be mapped; it is then held
 */
export type Transform = (
  message: Pick<OpenMessage, 'id' | 'raw' | 'receivedAt'>,
  channel: Hl7Channel,
) => Transformed
