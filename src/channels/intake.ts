/**
 * Takes a message in: header read, raw bytes committed to the journal with their audit row, acknowledged, lane woken;
 * in this order. An acknowledgement that says "accepted" exists only as a column of a committed row.
 * HL7 v2.5 chapter 2, §2.9.2.
 */
import { hash } from 'node:crypto'

import {
  buildAck,
  decideAck,
  readIntake,
  refusalOf,
  type Intake as IncomingMessage,
  type PatientIdentifier,
  type Unreadable,
} from '../hl7/index.ts'
import type { Clock } from '../kernel/clock.ts'
import { asFailure, Failure } from '../kernel/failure.ts'
import { uuidv7, type TenantId } from '../kernel/ids.ts'
import type { Log } from '../kernel/log.ts'
import type { MessageHeader, NewMessage, Receipt } from '../store/index.ts'
import type { Hl7Channel } from './config/channel.ts'
import { lanesOf } from './lane.ts'
import type { ChannelMetrics } from './metrics.ts'
import type { Wake } from './wake.ts'

interface Peer {
  readonly address: string
  readonly port: number
}

/** Answers with the acknowledgement's bytes (without framing), or undefined when the sender gets none. Never throws. */
export type Intake = (frame: Buffer, peer: Peer) => Promise<Buffer | undefined>

export interface IntakeDeps {
  readonly tenant: TenantId
  readonly channel: Hl7Channel
  /** Commits the message, with others that come in meanwhile, and its audit row. */
  append(message: NewMessage): Promise<Receipt>
  laneSecret(): Promise<string>
  wake(wakes: readonly Wake[]): Promise<void>
  readonly clock: Clock
  readonly metrics: ChannelMetrics
  readonly log: Log
}

type Read = IncomingMessage | Unreadable

export function makeIntake(deps: IntakeDeps): Intake {
  const { tenant, channel, append, laneSecret, wake, clock, metrics, log } = deps
  const choice = { override: channel.text.charset, fallback: channel.text.defaultCharset }

  return async (frame, peer) => {
    const begun = clock.now()
    const count = (outcome: Receipt['did'] | 'refused' | 'failed') =>
      metrics.received({ channel: channel.channel, outcome, durationMs: clock.now() - begun })
    const read = readIntake(frame, choice)
    try {
      const message = describe(channel, frame, peer, read, begun, await laneSecret())
      const receipt = await append(message)
      count(receipt.state === 'refused' ? 'refused' : receipt.did)
      if (receipt.did === 'collided')
        log.warn({ channel: channel.channel, message: receipt.id }, 'control id used again')
      if (receipt.state === 'received' && receipt.did !== 'resent') {
        const lanes = [message.lane, ...(message.otherLane === undefined ? [] : [message.otherLane])]
        wake(lanes.map((lane) => ({ tenant, channel: channel.channel, lane }))).catch((error: unknown) =>
          // The sweeper wakes the lane.
          log.warn({ channel: channel.channel, code: asFailure(error).code }, 'lane not woken'),
        )
      }
      return receipt.ack
    } catch (error) {
      const failure = asFailure(error)
      count('failed')
      log.error({ channel: channel.channel, code: failure.code }, 'message not taken in')
      return answer(channel, read, begun, failure)
    }
  }
}

/** What is stored of a frame, its answer included. */
function describe(
  channel: Hl7Channel,
  raw: Buffer,
  peer: Peer,
  read: Read,
  receivedAt: number,
  secret: string,
): NewMessage {
  const refused = whyNot(read)
  const header = read.readable ? headerOf(read) : {}
  return {
    channel: channel.channel,
    receivedAt,
    peer: `${peer.address} ${peer.port}`,
    raw,
    header,
    ...lanesOf(channel, orderingFacts(read, raw, header), secret),
    ...(refused === undefined ? { state: 'received' } : { state: 'refused', reason: refused.code }),
    ack: answer(channel, read, receivedAt, refused),
    ...(channel.reusedControlId === 'refuse'
      ? { whenReused: { ack: answer(channel, read, receivedAt, REUSED) } }
      : {}),
  }
}

const REUSED = new Failure('conflict', 'hl7-duplicate-control-id')

/** Why a frame is refused at the door: kept for the operator, never handled. */
function whyNot(read: Read): Failure | undefined {
  if (!read.readable) return new Failure('invalid', `hl7-${read.reason}`)
  // Two messages in one frame would be mapped as one: the results of one patient could reach another.
  if (read.several) return new Failure('unsupported', 'hl7-several-messages')
  return undefined
}

/** The same question for a message that isn't taken in, only tried. */
export function refusalBefore(raw: Buffer, { text }: Hl7Channel): Failure | undefined {
  return whyNot(readIntake(raw, { override: text.charset, fallback: text.defaultCharset }))
}

function answer(channel: Hl7Channel, read: Read, epochMs: number, refused?: Failure): Buffer | undefined {
  const refusal = refused && refusalOf(refused)
  const policy = channel.acknowledge === 'never' ? 'never' : channel.acknowledgeMode
  const header = read.readable ? read.header : undefined
  const { immediate } = decideAck(header, refusal?.verdict ?? 'accepted', policy)
  if (immediate === undefined) return undefined
  return buildAck({
    to: read,
    code: immediate,
    controlId: ownControlId(),
    epochMs,
    errors: refusal === undefined ? [] : [refusal.error],
    self: { application: 'PASSERELLE', facility: channel.tenant },
  })
}

/** 20 characters, the most that MSH-10 holds before v2.7: 48 bits of time, 32 of chance. */
function ownControlId(): string {
  const id = uuidv7().replaceAll('-', '')
  return id.slice(0, 12) + id.slice(24)
}

function headerOf(read: IncomingMessage): MessageHeader {
  const { header } = read
  const type = [header.messageCode, header.triggerEvent].filter((part) => part !== undefined).join('^')
  return {
    sendingApplication: header.sendingApplication,
    sendingFacility: header.sendingFacility,
    receivingApplication: header.receivingApplication,
    receivingFacility: header.receivingFacility,
    type: type === '' ? undefined : type,
    controlId: header.controlId,
    version: header.version,
    patient: firstIdentifier(read.patientIdentifiers),
    visit: read.visitNumber,
    placerOrder: read.placerOrderNumber,
    fillerOrder: read.fillerOrderNumber,
  }
}

function orderingFacts(read: Read, raw: Buffer, header: MessageHeader) {
  return {
    patient: header.patient,
    mergedPatient: read.readable ? firstIdentifier(read.priorPatientIdentifiers) : undefined,
    visit: header.visit,
    sendingApplication: header.sendingApplication,
    sendingFacility: header.sendingFacility,
    digest: hash('sha256', raw, 'hex'),
  }
}

/** `12345^LAB`: the identifier with its authority. */
function firstIdentifier([first]: readonly PatientIdentifier[]): string | undefined {
  if (first === undefined) return undefined
  return first.authority === undefined ? first.id : `${first.id}^${first.authority}`
}
