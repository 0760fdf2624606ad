/**
 * Which lane a message goes into: messages of one lane are handled one after the other, in the order of arrival, and
 * lanes run side by side. A lane's number is a keyed hash of channel and ordering key, because the key names a patient
 * and the number travels through the queue.
 */
import { createHmac } from 'node:crypto'

import type { Lane } from '../store/index.ts'
import type { Hl7Channel } from './config/channel.ts'

/** What the order of a message can hang on, as its header says. */
export interface OrderingFacts {
  /** Patient identifiers with their authorities: PID-3, and MRG-1 of a merge, or a second PID. */
  readonly patient?: string | undefined
  readonly mergedPatient?: string | undefined
  readonly visit?: string | undefined
  readonly sendingApplication?: string | undefined
  readonly sendingFacility?: string | undefined
  /** SHA-256 of the message: where nothing has to stay in order. */
  readonly digest: string
}

/**
 * The lane of a message, and the second lane of a merge (A40 …), which waits for both patients.
 * A message that names no patient keeps the order of its visit, else of its sender.
 */
export function lanesOf(
  channel: Pick<Hl7Channel, 'channel' | 'order'>,
  facts: OrderingFacts,
  secret: string,
): { lane: Lane; otherLane?: Lane } {
  const lane = (...key: readonly string[]) => laneNumber([channel.channel, ...key], secret)
  const sender = ['sender', facts.sendingApplication ?? '', facts.sendingFacility ?? ''] as const
  switch (channel.order) {
    case 'channel':
      return { lane: lane('channel') }
    case 'none':
      return { lane: lane('message', facts.digest) }
    case 'sender':
      return { lane: lane(...sender) }
    case 'patient': {
      const { patient, mergedPatient, visit } = facts
      if (patient === undefined) return { lane: visit === undefined ? lane(...sender) : lane('visit', visit) }
      const own = lane('patient', patient)
      if (mergedPatient === undefined || mergedPatient === patient) return { lane: own }
      return { lane: own, otherLane: lane('patient', mergedPatient) }
    }
  }
}

/** 64 bits, signed as PostgreSQL's bigint is. */
function laneNumber(key: readonly string[], secret: string): Lane {
  const digest = createHmac('sha256', secret).update(JSON.stringify(key)).digest()
  return digest.readBigInt64BE(0).toString()
}
