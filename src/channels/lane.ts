/**
 * Which lane a message goes into: messages of one lane are handled one after the other, in the order of arrival, and
 * lanes run side by side. A lane's number is a keyed hash of channel and ordering key, because the key names a patient
 * and the number travels through the queue.
 */
import { createHmac } from 'node:crypto'

import type { Lane } from '../store/index.ts'
import type { Hl7Channel } from './config/channel.ts'

/** What the order of a message can hang on. */
export interface OrderingFacts {
  /** The number that each of its patients is known by: see src/channels/known-by.ts. */
  readonly patients: readonly string[]
  readonly visit?: string | undefined
  /** The placer's number, else the filler's. */
  readonly order?: string | undefined
  readonly sendingApplication?: string | undefined
  readonly sendingFacility?: string | undefined
  /** SHA-256 of the message: where nothing has to stay in order. */
  digest(): string
}

export interface Lanes {
  readonly lane: Lane
  /** Of a message about several patients (a merge, a link, a change of beds): it waits for each of them. */
  readonly otherLanes?: readonly Lane[]
}

/** A message that names no patient keeps the order of its visit and its order, else of its sender. */
export function lanesOf(
  channel: Pick<Hl7Channel, 'channel' | 'order'>,
  facts: OrderingFacts,
  secret: string,
): Lanes {
  const lane = (...key: readonly string[]) => laneNumber([channel.channel, ...key], secret)
  const sender = ['sender', facts.sendingApplication ?? '', facts.sendingFacility ?? ''] as const
  switch (channel.order) {
    case 'channel':
      return { lane: lane('channel') }
    case 'none':
      return { lane: lane('message', facts.digest()) }
    case 'sender':
      return { lane: lane(...sender) }
    case 'patient': {
      const { patients, visit, order } = facts
      const keys = patients.map((patient) => ['patient', patient])
      if (keys.length === 0 && visit !== undefined) keys.push(['visit', visit])
      if (patients.length === 0 && order !== undefined) keys.push(['order', order])
      if (keys.length === 0) keys.push([...sender])
      const [own, ...others] = new Set(keys.map((key) => lane(...key)))
      return others.length === 0 ? { lane: own! } : { lane: own!, otherLanes: others }
    }
  }
}

/** 64 bits, signed as PostgreSQL's bigint is. */
function laneNumber(key: readonly string[], secret: string): Lane {
  const digest = createHmac('sha256', secret).update(JSON.stringify(key)).digest()
  return digest.readBigInt64BE(0).toString()
}
