/** What an operator sees and does: messages that are held, and how much waits. */
import type { TenantId } from '../../kernel/ids.ts'
import type { AuditRow } from '../audit.ts'
import { auditStatement } from '../audit.ts'
import type { Db } from '../db.ts'
import type { ChannelBacklog, HeldMessage, Lane, MessageNumber } from './message.ts'

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

/** Held messages of a channel, oldest first, after a number (keyset paging). Index message_held. */
export async function listHeld(
  db: Db,
  tenant: TenantId,
  channel: string,
  page: { readonly after?: MessageNumber | undefined; readonly limit: number },
): Promise<readonly HeldMessage[]> {
  const rows = await db.query<HeldRow>(tenant, {
    name: 'journal-held',
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

// What waits behind is counted up to 1000: a lane may have any number.
const HELD = `
select m.id::text, m.channel, m.received_at, m.type, m.control_id, m.attempts, coalesce(m.last_error, '') as reason,
  (select count(*)::int from (
    select from message o where o.lane = m.lane and o.state in ('received', 'held') and o.id > m.id limit 1000
  ) waiting) as behind
from message m
where m.channel = $1 and m.state = 'held' and m.id > $2::bigint
order by m.id
limit $3::int`

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
    const [row] = await tx.query<{ lane: string; other_lane: string | null }>({
      name: `journal-${decision}`,
      text: `
        update message
        set ${decision === 'release' ? RELEASED : SKIPPED}
        where id = $1::bigint and channel = $2 and state = 'held'
        returning lane::text, other_lane::text`,
      values: [
        message.id,
        message.channel,
        ...(decision === 'skip' ? [new Date(audit.at).toISOString()] : []),
      ],
    })
    if (row === undefined) return undefined
    await tx.query(auditStatement([audit]))
    return { lanes: row.other_lane === null ? [row.lane] : [row.lane, row.other_lane] }
  })
}

const RELEASED = `state = 'received', attempts = 0, retry_at = null, finished_at = null`
const SKIPPED = `state = 'skipped', retry_at = null, finished_at = $3::timestamptz`

/** What is to do, for each channel that has something. Reads the open messages only. Index message_lane. */
export async function readBacklog(db: Db, tenant: TenantId): Promise<readonly ChannelBacklog[]> {
  const rows = await db.query<{ channel: string; waiting: number; held: number; oldest: Date | null }>(
    tenant,
    {
      name: 'journal-backlog',
      text: `
      select channel,
        (count(*) filter (where state = 'received'))::int as waiting,
        (count(*) filter (where state = 'held'))::int as held,
        min(received_at) filter (where state = 'received') as oldest
      from message where state in ('received', 'held')
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
