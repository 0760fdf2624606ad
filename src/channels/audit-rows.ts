/** The audit rows of the channels: a message was handled, an operator decided. */
import {
  type AuditRow,
  type MessageNumber,
  type OpenMessage,
  type Outcome,
  senderOf,
} from '../store/index.ts'
import type { Hl7Channel } from './config/channel.ts'

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
