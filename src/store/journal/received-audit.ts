/**
 * The audit row of a message that came in. A new message's is made by the statement that stores it, since only that
 * knows its number and whether its control id was there before; a resend's is made here. Both say the same.
 */
import { type AuditRow, storableName } from '../audit.ts'
import { auditHash, auditTokens, outcomeToken, tokenHashes } from '../audit-tokens.ts'
import type { MessageHeader, NewMessage, Receipt } from './message.ts'

const REFUSED = 4

export const REFUSED_TOKEN = auditHash(outcomeToken(REFUSED)!)

/** `MSH-3|MSH-4`, as an audit row names a sender. */
export function senderOf({
  sendingApplication,
  sendingFacility,
}: Pick<MessageHeader, 'sendingApplication' | 'sendingFacility'>): string {
  return `${sendingApplication ?? ''}|${sendingFacility ?? ''}`
}

const addressOf = ({ peer }: NewMessage): string => peer.split(' ')[0]!

export function receivedRow(message: NewMessage, receipt: Receipt): AuditRow {
  const { header, channel } = message
  const refused = receipt.state === 'refused'
  return {
    at: message.receivedAt,
    kind: 'hl7',
    interaction: 'message-received',
    action: 'C',
    outcome: refused ? REFUSED : 0,
    agent: { id: senderOf(header), kind: 'device', address: addressOf(message) },
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

/** What the statement can't make itself: names as they can be stored, and what the row is found by. */
export function senderColumns(message: NewMessage) {
  const agent = storableName(senderOf(message.header))
  const row = receivedRow(message, { did: 'stored', id: '', state: 'received', ack: undefined })
  const tokens = tokenHashes(auditTokens({ ...row, agent: { id: agent } }))
  return { agent, address: storableName(addressOf(message)), tokens: `{${tokens.join(',')}}` }
}

/** See auditStatement. `judged` has the messages that are stored; $39 is REFUSED_TOKEN. */
export const RECEIVED_AUDIT = `found_by as (
  insert into audit_token (tenant, hash, id)
  select current_tenant(), token, audit from judged,
    unnest(case when verdict = 'refused' then tokens::bigint[] || $39::bigint else tokens::bigint[] end) as token
), told as (
  insert into audit (tenant, outcome, action, id, turn, kind, interaction, agent_kind, agent, address,
                     entities, patients, detail)
  select current_tenant(), case when verdict = 'refused' then 4 else 0 end, 'C'::"char", audit,
    pg_current_xact_id()::text::bigint + shift, 'hl7', 'message-received', 'device', agent, address, '', '',
    jsonb_strip_nulls(jsonb_build_object(
      'channel', channel, 'message', id::text, 'receipt', case when collides then 'collided' else 'stored' end,
      'type', type, 'controlId', control_id, 'batch', batch, 'code', case when verdict = 'refused' then why end))
  from judged, audit_clock
)`
