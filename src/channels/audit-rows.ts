/** The audit rows of the channels: a message came in, it was handled, an operator decided. */
import type { AuditRow, MessageNumber, NewMessage, OpenMessage, Outcome, Receipt } from '../store/index.ts'
import type { Hl7Channel } from './config/channel.ts'

/** Of a message that came in, and of a resend. */
export function receivedRow(message: NewMessage, receipt: Receipt): AuditRow {
  const { header, channel } = message
  const refused = receipt.state === 'refused'
  return {
    at: message.receivedAt,
    kind: 'hl7',
    interaction: 'message-received',
    action: 'C',
    outcome: refused ? 4 : 0,
    agent: { id: senderOf(header), kind: 'device', address: message.peer.split(' ')[0]! },
    entities: [],
    patients: [],
    detail: {
      channel,
      message: receipt.id,
      receipt: receipt.did,
      ...(header.type === undefined ? {} : { type: header.type }),
      ...(header.controlId === undefined ? {} : { controlId: header.controlId }),
      ...(message.batch === undefined ? {} : { batch: message.batch.id }),
      ...(refused ? { code: message.reason ?? 'control-id-reused' } : {}),
    },
  }
}

/** The audit row of the resources that a message made: the sender acts, all that it touched are the entities. */
export function handledRow(
  channel: Hl7Channel,
  message: OpenMessage,
  outcomes: readonly Outcome[],
  at: number,
): AuditRow {
  return {
    at,
    kind: 'hl7',
    interaction: 'message-handled',
    action: 'E',
    outcome: 0,
    agent: senderAgent(message),
    entities: outcomes.map(({ type, id, version }) => ({ type, id, version })),
    patients: [...new Set(outcomes.flatMap(({ patients }) => patients))],
    detail: {
      channel: channel.channel,
      message: message.id,
      ...(message.controlId === undefined ? {} : { controlId: message.controlId }),
    },
  }
}

/** Who sent a message, as its audit rows name him. */
export function senderAgent(message: OpenMessage): AuditRow['agent'] {
  return { id: senderOf(message), kind: 'device' }
}

/** Of an operator's word on a held message. */
export function decisionRow(
  channel: string,
  message: MessageNumber,
  decision: 'release' | 'skip',
  agent: AuditRow['agent'],
  at: number,
): AuditRow {
  const interaction = `message-${decision}`
  return {
    at,
    kind: 'admin',
    interaction,
    action: 'U',
    outcome: 0,
    agent,
    entities: [],
    patients: [],
    detail: { channel, message },
  }
}

/** `MSH-3|MSH-4`, as an audit row names a sender. */
function senderOf(message: {
  readonly sendingApplication?: string | undefined
  readonly sendingFacility?: string | undefined
}): string {
  return `${message.sendingApplication ?? ''}|${message.sendingFacility ?? ''}`
}
