/**
 * Reading a lane: which messages of one ordering key are still to do, oldest first.
 *
 * A lateral subquery with a limit is a fixed plan, one probe of a key for each row; a plain join is the planner's choice,
 * made when the tables were empty.
 */
import type { TenantId } from '../../kernel/ids.ts'
import type { Db } from '../db.ts'
import type { Lane, OpenMessage } from './message.ts'

interface Row {
  readonly id: string
  readonly channel: string
  readonly received_at: Date
  readonly raw: Buffer
  readonly held: boolean
  readonly attempts: number
  readonly retry_at: Date | null
  readonly other_lanes: string[] | null
  readonly control_id: string | null
  readonly sending_application: string | null
  readonly sending_facility: string | null
  readonly blocked: boolean
}

/** The oldest open messages of a lane, at most `limit`. Keys of message_turn and message. */
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
    held: row.held,
    attempts: row.attempts,
    retryAt: row.retry_at?.getTime(),
    lane,
    otherLanes: row.other_lanes ?? [],
    controlId: row.control_id ?? undefined,
    sendingApplication: row.sending_application ?? undefined,
    sendingFacility: row.sending_facility ?? undefined,
    blocked: row.blocked,
  }))
}

// A message of several lanes is blocked while another of them has an older message.
const BLOCKED = `
  t.other_lanes is not null and exists (
    select from unnest(t.other_lanes) as other(lane)
    where t.message <> (select o.message from message_turn o where o.lane = other.lane order by o.message limit 1)
  )`

const OPEN_MESSAGES = `
select
  t.message::text as id, t.channel, t.received_at, m.raw, t.held, t.attempts, t.retry_at, t.other_lanes::text[],
  m.control_id, m.sending_application, m.sending_facility, ${BLOCKED} as blocked
from (select * from message_turn where lane = $1::bigint order by message limit $2::int) t
cross join lateral (select * from message where id = t.message limit 1) m
order by t.message`

/** Whether the lane has something to do at this moment: its head is not held, not blocked, not waiting for its time. */
export async function isDue(db: Db, tenant: TenantId, lane: Lane, now: number): Promise<boolean> {
  const values = [lane, new Date(now).toISOString()]
  const [row] = await db.lookup<{ due: boolean }>(tenant, { name: 'journal-due', text: DUE, values })
  return row?.due ?? false
}

const DUE = `
select not t.held and (t.retry_at is null or t.retry_at <= $2::timestamptz) and not (${BLOCKED}) as due
from (select * from message_turn where lane = $1::bigint order by message limit 1) t`

/**
 * Lanes whose head is due and came in before a moment: what the sweeper wakes. A loose index scan: one probe a lane,
 * however many messages wait in it.
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
  (select * from message_turn order by lane, message limit 1)
  union all
  select next.* from head cross join lateral (
    select * from message_turn t where t.lane > head.lane order by t.lane, t.message limit 1
  ) next
)
select channel, lane::text from head
where not held and received_at <= $2::timestamptz and (retry_at is null or retry_at <= $1::timestamptz)
limit $3::int`
