/** From the bytes of a message to its row in the journal, and whether it is refused at the door. */
import { hash } from 'node:crypto'

import { type Intake as IncomingMessage, type PatientIdentifier, type Unreadable } from '../hl7/index.ts'
import { Failure } from '../kernel/failure.ts'
import type { MessageHeader, NewMessage } from '../store/index.ts'
import type { Hl7Channel } from './config/channel.ts'
import { formatOf } from './format.ts'
import { knownBy } from './known-by.ts'
import { lanesOf, type OrderingFacts } from './lane.ts'

/** What readIntake gives. */
export type Read = IncomingMessage | Unreadable

/** Where and when a frame came in. */
export interface Arrival {
  readonly channel: Hl7Channel
  /** Address and port of the sender. */
  readonly peer: string
  readonly receivedAt: number
  readonly laneSecret: string
}

/** Why bytes are refused at the door: kept for the operator, never handled. */
export function whyNot(read: Read): Failure | undefined {
  if (!read.readable)
    return new Failure(read.reason === 'lines' ? 'too-large' : 'invalid', `hl7-${read.reason}`)
  // Two messages in one frame would be mapped as one: the results of one patient could reach another.
  if (read.several) return new Failure('unsupported', 'hl7-several-messages')
  return undefined
}

/**
 * The messages of a file that isn't taken in, only tried.
 * @throws Failure where the door would refuse
 */
export function messagesIn(raw: Buffer, channel: Hl7Channel): readonly Buffer[] {
  const format = formatOf(channel)
  const read = format.read(raw)
  if (read.readable && read.several && channel.severalMessages === 'split') {
    return format
      .split(raw)
      .flatMap((message) => messagesIn(message, { ...channel, severalMessages: 'refuse' }))
  }
  const refused = whyNot(read)
  if (refused !== undefined) throw refused
  return [raw]
}

/** The row of a message; its answer is added by who decides it. */
export function describe(
  { channel, peer, receivedAt, laneSecret }: Arrival,
  raw: Buffer,
  read: Read,
  refused: Failure | undefined,
): NewMessage {
  const header = read.readable ? headerOf(read) : {}
  return {
    channel: channel.channel,
    receivedAt,
    peer,
    raw,
    header,
    ...lanesOf(channel, orderingFacts(read, raw, header, channel), laneSecret),
    ...(refused === undefined ? { state: 'received' } : { state: 'refused', reason: refused.code }),
  }
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

function orderingFacts(read: Read, raw: Buffer, header: MessageHeader, channel: Hl7Channel): OrderingFacts {
  const patients = read.readable ? read.patients : []
  return {
    patients: patients.flatMap((identifiers) => knownBy(identifiers, channel) ?? []),
    visit: header.visit,
    order: header.placerOrder ?? header.fillerOrder,
    sendingApplication: header.sendingApplication,
    sendingFacility: header.sendingFacility,
    digest: () => hash('sha256', raw, 'hex'),
  }
}

/** `12345^LAB`: the identifier with its authority. */
function firstIdentifier([first]: readonly PatientIdentifier[]): string | undefined {
  if (first === undefined) return undefined
  return first.authority === undefined ? first.id : `${first.id}^${first.authority}`
}
