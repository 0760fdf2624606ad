/** Reading a lane: which messages of one ordering key are still to do, oldest first. */
import type { Db } from '../db.ts'
import type { TenantId } from '../../kernel/ids.ts'
import type { Lane, OpenMessage } from './message.ts'

interface Row {
  readonly id: string
  readonly channel: string
  readonly received_at: Date
  readonly raw: Buffer
  readonly state: 'received' | 'held'
  readonly attempts: number
  readonly retry_at: Date | null
  readonly lane: string
  readonly other_lane: string | null
  readonly control_id: string | null
  readonly sending_application: string | null
  readonly sending_facility: string | null
  readonly blocked: boolean
}

/** The oldest open messages of a lane, at most `limit`. Index message_lane, message_other_lane. */
export async function readLane(
  db: Db,
  tenant: TenantId,
  lane: Lane,
  limit: number,
): Promise<readonly OpenMessage[]> {
  const rows = await db.query<Row>(tenant, {
    name: 'journal-lane',
    text: OPEN_MESSAGES,
    values: [lane, limit],
  })
  return rows.map((row) => ({
    id: row.id,
    channel: row.channel,
    receivedAt: row.received_at.getTime(),
    raw: row.raw,
    state: row.state,
    attempts: row.attempts,
    retryAt: row.retry_at?.getTime(),
    lane: row.lane,
    otherLane: row.other_lane ?? undefined,
    controlId: row.control_id ?? undefined,
    sendingApplication: row.sending_application ?? undefined,
    sendingFacility: row.sending_facility ?? undefined,
    blocked: row.blocked,
  }))
}

// A message of two lanes is found from both.
const OPEN = `
with open as (
  (select id from message where lane = $1::bigint and state in ('received', 'held') order by id limit $2::int)
  union
  (select id from message where other_lane = $1::bigint and state in ('received', 'held') and other_lane is not null
   order by id limit $2::int)
  order by id limit $2::int
)`

// It is blocked while the lane that is not being read has an older one.
const BLOCKED = `
  m.other_lane is not null and (
    exists (
      select from message o
      where o.lane = case m.lane when $1::bigint then m.other_lane else m.lane end
        and o.state in ('received', 'held') and o.id < m.id)
    or exists (
      select from message o
      where o.other_lane = case m.lane when $1::bigint then m.other_lane else m.lane end
        and o.state in ('received', 'held') and o.other_lane is not null and o.id < m.id))`

const OPEN_MESSAGES = `${OPEN}
select
  m.id::text, m.channel, m.received_at, m.raw, m.state, m.attempts, m.retry_at,
  m.lane::text, m.other_lane::text, m.control_id, m.sending_application, m.sending_facility,
  ${BLOCKED} as blocked
from open join message m using (id)
order by m.id`

const DUE = `${OPEN}
select m.state = 'received' and (m.retry_at is null or m.retry_at <= $3::timestamptz) and not (${BLOCKED}) as due
from open join message m using (id)`

/** Whether the lane has something to do at this moment: its head is not held, not blocked, not waiting for its time. */
export async function isDue(db: Db, tenant: TenantId, lane: Lane, now: number): Promise<boolean> {
  const values = [lane, 1, new Date(now).toISOString()]
  const [row] = await db.lookup<{ due: boolean }>(tenant, { name: 'journal-due', text: DUE, values })
  return row?.due ?? false
}

/**
 * Lanes whose head is due and came in before a moment: what the sweeper wakes. A loose index scan: one probe a lane,
 * however many messages wait in it. Index message_lane.
 */
export async function dueLanes(
  db: Db,
  tenant: TenantId,
  bounds: { readonly now: number; readonly arrivedBefore: number; readonly limit: number },
): Promise<readonly { channel: string; lane: Lane }[]> {
  return db.query(tenant, {
    name: 'journal-due-lanes',
    text: DUE_LANES,
    values: [new Date(bounds.now).toISOString(), new Date(bounds.arrivedBefore).toISOString(), bounds.limit],
  })
}

const DUE_LANES = `
with recursive head as (
  (select lane, channel, state, retry_at, received_at from message
   where state in ('received', 'held') order by lane, id limit 1)
  union all
  select next.* from head cross join lateral (
    select m.lane, m.channel, m.state, m.retry_at, m.received_at from message m
    where m.lane > head.lane and m.state in ('received', 'held') order by m.lane, m.id limit 1
  ) next
)
select channel, lane::text from head
where state = 'received' and received_at <= $2::timestamptz and (retry_at is null or retry_at <= $1::timestamptz)
limit $3::int`
