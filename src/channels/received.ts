/** The audit row of a message that came in. */
import type { AuditRow, NewMessage, Receipt } from '../store/index.ts'

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
      ...(refused ? { code: message.reason ?? 'control-id-reused' } : {}),
    },
  }
}

/** `MSH-3|MSH-4`, as an audit row names a sender. */
export function senderOf(message: {
  readonly sendingApplication?: string | undefined
  readonly sendingFacility?: string | undefined
}): string {
  return `${message.sendingApplication ?? ''}|${message.sendingFacility ?? ''}`
}
