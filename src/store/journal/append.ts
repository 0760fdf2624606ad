/**
 * Puts all the messages that wait into the journal (group commit): a commit costs an fsync, so a hundred messages share
 * one. One statement holds all of it, rows, lanes and audit rows, and is its own transaction: one round trip, and its
 * answer comes when the commit is on disk. Resends are found by the key of message_identity.
 */
import { hash } from 'node:crypto'

import type { TenantId } from '../../kernel/ids.ts'
import { auditStatement } from '../audit.ts'
import type { Db, Tx } from '../db.ts'
import type { Statement } from '../statement.ts'
import { RECEIVED_AUDIT, receivedRow, REFUSED_TOKEN, senderColumns } from './received-audit.ts'
import type { MessageHeader, NewMessage, Receipt, ReceivedState } from './message.ts'

const LONGEST_FIELD = 200

interface Inserted {
  readonly ord: number
  readonly id: string
  readonly collides: boolean
  readonly state: ReceivedState
}

interface Known {
  readonly ord: number
  readonly id: string
  readonly state: ReceivedState
  readonly ack: Buffer | null
}

interface Fingerprint {
  readonly identity: string
  readonly sha256: Buffer
}

/** One receipt for each message, in the same order. Each message and each resend leaves its audit row. */
export async function append(
  db: Db,
  tenant: TenantId,
  messages: readonly NewMessage[],
): Promise<readonly Receipt[]> {
  const prints = messages.map(fingerprint)
  const first = firstOfEach(prints)
  const fresh = messages.map((_, index) => index).filter((index) => first[index] === index)

  const inserted = await db.query<Inserted>(tenant, insertStatement(messages, prints, fresh))
  const receipts = new Map<number, Receipt>()
  for (const row of inserted) receipts.set(row.ord, receiptOf(row, messages[row.ord]!))
  if (receipts.size === messages.length) return messages.map((_, index) => receipts.get(index)!)

  return db.transaction(tenant, (tx) => acceptResends(tx, messages, { prints, first, receipts }))
}

interface Appended {
  readonly prints: readonly Fingerprint[]
  readonly first: readonly number[]
  /** Of those that were stored. */
  readonly receipts: ReadonlyMap<number, Receipt>
}

/**
 * Completes the receipts. In a transaction behind that of the new messages, with a new snapshot: an earlier copy may have
 * been committed while ours was on its way. If it fails the senders try again, and all of the group are resends then.
 */
async function acceptResends(
  tx: Tx,
  messages: readonly NewMessage[],
  { prints, first, receipts }: Appended,
): Promise<readonly Receipt[]> {
  const known = new Map(receipts)
  const resent = [...new Set(first)].filter((index) => !receipts.has(index))
  if (resent.length > 0) {
    for (const row of await tx.query<Known>(resentStatement(prints, resent)))
      known.set(row.ord, { did: 'resent', id: row.id, state: row.state, ack: row.ack ?? undefined })
  }
  const all = first.map((original, index) => {
    const receipt = known.get(original)!
    return original === index ? receipt : ({ ...receipt, did: 'resent' } as const)
  })
  const rows = all.flatMap((receipt, index) =>
    receipt.did === 'resent' ? [receivedRow(messages[index]!, receipt)] : [],
  )
  void tx.query(auditStatement(rows))
  return all
}

function receiptOf(row: Inserted, message: NewMessage): Receipt {
  if (!row.collides) return { did: 'stored', id: row.id, state: row.state, ack: message.ack }
  const { ack } = message.whenReused ?? message
  return { did: 'collided', id: row.id, state: row.state, ack }
}

/** JSON of the four, so that no two different senders and control ids join to the same text. */
function fingerprint({ channel, header, raw }: NewMessage): Fingerprint {
  const sender = [channel, header.sendingApplication, header.sendingFacility, header.controlId]
  const identity = hash('sha256', JSON.stringify(sender.map((part) => part ?? '')), 'hex').slice(0, 32)
  return { identity, sha256: hash('sha256', raw, 'buffer') }
}

/** For each message the index of the first of this group with the same identity and bytes (itself, mostly). */
function firstOfEach(prints: readonly Fingerprint[]): readonly number[] {
  const seen = new Map<string, number>()
  return prints.map(({ identity, sha256 }, index) => {
    const key = identity + sha256.toString('latin1')
    const known = seen.get(key)
    if (known === undefined) seen.set(key, index)
    return known ?? index
  })
}

/**
 * Bodies and answers travel as one binary value each and are cut apart by the server: as elements of a bytea[] they
 * would be sent in hexadecimal, twice the bytes.
 */
function insertStatement(
  messages: readonly NewMessage[],
  prints: readonly Fingerprint[],
  fresh: readonly number[],
): Statement {
  const rows = fresh.map((index) => messages[index]!)
  const header = (name: keyof MessageHeader) => rows.map((row) => storable(row.header[name]))
  const bodies = joined(rows.map((row) => row.raw))
  const acks = joined(rows.map((row) => row.ack))
  const reusedAcks = joined(rows.map((row) => row.whenReused?.ack))
  const senders = rows.map(senderColumns)
  return {
    name: 'journal-append',
    text: INSERT,
    values: [
      fresh,
      rows.map((row) => row.channel),
      rows.map((row) => new Date(row.receivedAt).toISOString()),
      rows.map((row) => row.peer),
      bodies.bytes,
      bodies.offsets,
      bodies.lengths,
      fresh.map((index) => prints[index]!.sha256),
      fresh.map((index) => prints[index]!.identity),
      secondOfIdentity(prints, fresh),
      header('sendingApplication'),
      header('sendingFacility'),
      header('receivingApplication'),
      header('receivingFacility'),
      header('type'),
      header('controlId'),
      header('version'),
      header('patient'),
      header('visit'),
      header('placerOrder'),
      header('fillerOrder'),
      rows.map((row) => row.lane),
      rows.map(({ otherLanes }) => (otherLanes ? `{${otherLanes.join(',')}}` : null)),
      rows.map((row) => row.state),
      rows.map((row) => storable(row.reason)),
      acks.bytes,
      acks.offsets,
      acks.lengths,
      rows.map((row) => row.whenReused !== undefined),
      reusedAcks.bytes,
      reusedAcks.offsets,
      reusedAcks.lengths,
      rows.map((row) => storable(row.batch?.id)),
      rows.map((row) => row.batch?.position ?? null),
      rows.map((row) => row.fullSize ?? null),
      senders.map(({ agent }) => agent),
      senders.map(({ address }) => address),
      senders.map(({ tokens }) => tokens),
      REFUSED_TOKEN,
    ],
  }
}

/** PostgreSQL has no U+0000 in text, and a field of a megabyte belongs in the body only. */
function storable(text: string | undefined): string | null {
  return text === undefined ? null : text.slice(0, LONGEST_FIELD).replaceAll('\0', ' ')
}

/** Whether an earlier one of this group has the same identity (with other bytes): the INSERT doesn't see its own rows. */
function secondOfIdentity(prints: readonly Fingerprint[], fresh: readonly number[]): boolean[] {
  const seen = new Set<string>()
  return fresh.map((index) => {
    const { identity } = prints[index]!
    if (seen.has(identity)) return true
    seen.add(identity)
    return false
  })
}

/** Offsets count from 1, as substring() does; length null where there is nothing. */
function joined(parts: readonly (Buffer | undefined)[]) {
  const offsets: number[] = []
  let next = 1
  for (const part of parts) {
    offsets.push(next)
    next += part?.length ?? 0
  }
  const bytes = Buffer.concat(parts.filter((part) => part !== undefined))
  return { bytes, offsets, lengths: parts.map((part) => part?.length ?? null) }
}

// Messages are numbered in the order of `ord`; the number of a resend is lost, which harms nothing.
const INSERT = `
with incoming as (
  select * from unnest(
    $1::int[], $2::text[], $3::timestamptz[], $4::text[], $6::int[], $7::int[], $8::bytea[], $9::uuid[], $10::boolean[],
    $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[], $18::text[], $19::text[],
    $20::text[], $21::text[], $22::bigint[], $23::text[], $24::text[], $25::text[],
    $27::int[], $28::int[], $29::boolean[], $31::int[], $32::int[], $33::text[], $34::int[], $35::bigint[],
    $36::text[], $37::text[], $38::text[]
  ) as i(
    ord, channel, received_at, peer, body_from, body_length, sha256, identity, again,
    sending_application, sending_facility, receiving_application, receiving_facility, type, control_id, version,
    patient, visit, placer_order, filler_order, lane, other_lanes, state, reason,
    ack_from, ack_length, refuse_reuse, reused_ack_from, reused_ack_length,
    batch, batch_position, full_size, agent, address, tokens
  )
), numbered as materialized (
  select i.*, nextval('message_number') as id,
    again or coalesce((select true from message_identity m where m.identity = i.identity limit 1), false) as collides
  from (select * from incoming order by ord) i
), fresh as (
  insert into message_identity (tenant, identity, sha256, message)
  select current_tenant(), identity, sha256, id from numbered
  on conflict (tenant, identity, sha256) do nothing
  returning message
), judged as materialized (
  select *, case when collides and refuse_reuse and state <> 'refused' then 'control-id-reused' else reason end as why,
    case when collides and refuse_reuse then 'refused' else state end as verdict,
    (floor(extract(epoch from received_at) * 1000)::bigint << 20) | (nextval('audit_number') & 1048575) as audit
  from numbered where id in (select message from fresh)
), stored as (
  insert into message (
    tenant, id, channel, received_at, peer, raw, sha256, collides,
    sending_application, sending_facility, receiving_application, receiving_facility, type, control_id, version,
    patient, visit, placer_order, filler_order, lane, other_lanes, state, last_error, ack,
    batch, batch_position, full_size
  )
  select
    current_tenant(), id, channel, received_at, peer, substring($5::bytea from body_from for body_length),
    sha256, collides,
    sending_application, sending_facility, receiving_application, receiving_facility, type, control_id, version,
    patient, visit, placer_order, filler_order, lane, other_lanes::bigint[], verdict, why,
    case when verdict = state then substring($26::bytea from ack_from for ack_length)
      else substring($30::bytea from reused_ack_from for reused_ack_length) end,
    batch, batch_position, full_size
  from judged
), refused as (
  insert into message_refused (tenant, channel, message)
  select current_tenant(), channel, id from judged where verdict = 'refused'
), queued as (
  insert into message_turn (tenant, lane, message, channel, received_at, other_lanes)
  select current_tenant(), turn.lane, id, channel, received_at, turn.other_lanes
  from judged cross join lateral (
    select lane, other_lanes::bigint[]
    union all
    select other, array_remove(lane || other_lanes::bigint[], other) from unnest(other_lanes::bigint[]) as other
  ) as turn(lane, other_lanes)
  where verdict = 'received'
), ${RECEIVED_AUDIT}
select ord, id::text, collides, verdict as state from judged`

function resentStatement(prints: readonly Fingerprint[], resent: readonly number[]): Statement {
  return {
    name: 'journal-resent',
    text: `
      select r.ord, m.id::text, case when m.state = 'refused' or m.batch_position = 0 then m.state else 'received' end as state, m.ack
      from unnest($1::int[], $2::uuid[], $3::bytea[]) as r(ord, identity, sha256)
      cross join lateral (
        select message from message_identity i where i.identity = r.identity and i.sha256 = r.sha256 limit 1
      ) known
      cross join lateral (select * from message m where m.id = known.message limit 1) m`,
    values: [
      resent,
      resent.map((index) => prints[index]!.identity),
      resent.map((index) => prints[index]!.sha256),
    ],
  }
}
