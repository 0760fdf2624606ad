/** What an operator sees and does: messages that are held, and how much waits. */
import type { TenantId } from '../../kernel/ids.ts'
import type { AuditRow } from '../audit.ts'
import { auditStatement } from '../audit.ts'
import type { Db } from '../db.ts'
import type { ChannelBacklog, HeldMessage, Lane, MessageNumber, RefusedMessage } from './message.ts'

interface HeldRow {
  readonly id: string
  readonly channel: string
  readonly received_at: Date
  readonly type: string | null
  readonly control_id: string | null
  readonly attempts: number
  readonly reason: string
  readonly behind: number
}

/** Held messages of a channel, oldest first, after a number (keyset paging). Reads the open messages only. */
export async function listHeld(
  db: Db,
  tenant: TenantId,
  channel: string,
  page: { readonly after?: MessageNumber | undefined; readonly limit: number },
): Promise<readonly HeldMessage[]> {
  const rows = await db.query<HeldRow>(tenant, {
    text: HELD,
    values: [channel, page.after ?? '0', page.limit],
  })
  return rows.map((row) => ({
    id: row.id,
    channel: row.channel,
    receivedAt: row.received_at.getTime(),
    type: row.type ?? undefined,
    controlId: row.control_id ?? undefined,
    attempts: row.attempts,
    reason: row.reason,
    behind: row.behind,
  }))
}

// Without a name, so that it is planned for the lanes as they are. What waits behind is counted up to 1000.
const HELD = `
select m.id::text, m.channel, m.received_at, m.type, m.control_id, m.attempts, coalesce(m.last_error, '') as reason,
  (select count(*)::int from (
    select from message_turn o where o.lane = m.lane and o.message > m.id limit 1000
  ) waiting) as behind
from (
  select distinct message from message_turn where held and channel = $1 and message > $2::bigint
  order by message limit $3::int
) t
cross join lateral (select * from message where id = t.message limit 1) m
order by m.id`

interface RefusedRow {
  readonly id: string
  readonly channel: string
  readonly received_at: Date
  readonly peer: string
  readonly type: string | null
  readonly control_id: string | null
  readonly reason: string
  readonly batch: string | null
  readonly size: string
}

/** Messages of a channel that were refused at the door, newest first. */
export async function listRefused(
  db: Db,
  tenant: TenantId,
  channel: string,
  limit: number,
): Promise<readonly RefusedMessage[]> {
  const rows = await db.query<RefusedRow>(tenant, { text: REFUSED, values: [channel, limit] })
  return rows.map((row) => ({
    id: row.id,
    channel: row.channel,
    receivedAt: row.received_at.getTime(),
    peer: row.peer,
    type: row.type ?? undefined,
    controlId: row.control_id ?? undefined,
    reason: row.reason,
    batch: row.batch ?? undefined,
    size: Number(row.size),
  }))
}

// Keys of message_refused and message.
const REFUSED = `
select m.id::text, m.channel, m.received_at, m.peer, m.type, m.control_id, coalesce(m.last_error, '') as reason,
  m.batch, coalesce(m.full_size, octet_length(m.raw))::text as size
from (select message from message_refused where channel = $1 order by message desc limit $2::int) t
cross join lateral (select * from message where id = t.message limit 1) m
order by m.id desc`

/**
 * Lets a held message be tried again (`release`) or sets it aside for good (`skip`), and leaves the audit row of the
 * operator in the same transaction. Answers its lanes, to be woken; undefined when the message isn't held.
 */
export async function decideHeld(
  db: Db,
  tenant: TenantId,
  message: { readonly channel: string; readonly id: MessageNumber },
  decision: 'release' | 'skip',
  audit: AuditRow,
): Promise<{ lanes: readonly Lane[] } | undefined> {
  return db.transaction(tenant, async (tx) => {
    const [row] = await tx.query<{ lane: string; other_lanes: string[] | null }>({
      text: decision === 'release' ? RELEASE : SKIP,
      values: [
        message.id,
        message.channel,
        ...(decision === 'skip' ? [new Date(audit.at).toISOString()] : []),
      ],
    })
    if (row === undefined) return undefined
    const lanes = [row.lane, ...(row.other_lanes ?? [])]
    await Promise.all([
      tx.query({ text: decision === 'release' ? FREE_TURNS : REMOVE_TURNS, values: [message.id, lanes] }),
      tx.query(auditStatement([audit])),
    ])
    return { lanes }
  })
}

const RELEASE = `
update message set state = 'received', attempts = 0
where id = $1::bigint and channel = $2 and state = 'held' returning lane::text, other_lanes::text[]`
const FREE_TURNS = `
update message_turn set held = false, attempts = 0, retry_at = null, begun = 0
where lane = any($2::bigint[]) and message = $1::bigint`

const SKIP = `
update message set state = 'skipped', finished_at = $3::timestamptz
where id = $1::bigint and channel = $2 and state = 'held' returning lane::text, other_lanes::text[]`
const REMOVE_TURNS = `delete from message_turn where lane = any($2::bigint[]) and message = $1::bigint`

/** What is to do, for each channel that has something. Reads the open messages only. */
export async function readBacklog(db: Db, tenant: TenantId): Promise<readonly ChannelBacklog[]> {
  const rows = await db.query<{ channel: string; waiting: number; held: number; oldest: Date | null }>(
    tenant,
    {
      text: `
      select channel,
        (count(distinct message) filter (where not held))::int as waiting,
        (count(distinct message) filter (where held))::int as held,
        min(received_at) filter (where not held) as oldest
      from message_turn
      group by channel order by channel`,
      values: [],
    },
  )
  return rows.map(({ channel, waiting, held, oldest }) => ({
    channel,
    waiting,
    held,
    oldest: oldest?.getTime(),
  }))
}
