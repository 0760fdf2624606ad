/** How far messages are, for senders that wait for the result, and the answers that they are given then. */
import type { TenantId } from '../../kernel/ids.ts'
import type { Db } from '../db.ts'
import type { MessageNumber, MessageProgress } from './message.ts'

interface Row {
  readonly id: string
  readonly state: MessageProgress['state']
  readonly last_error: string | null
  readonly behind_held: boolean
}

/** Those of the messages that are there. Keys of message and message_turn, one probe each. */
export async function readProgress(
  db: Db,
  tenant: TenantId,
  messages: readonly MessageNumber[],
): Promise<readonly MessageProgress[]> {
  const rows = await db.lookup<Row>(tenant, { name: 'journal-progress', text: PROGRESS, values: [messages] })
  return rows.map((row) => ({
    id: row.id,
    state: row.state,
    lastError: row.last_error ?? undefined,
    behindHeld: row.behind_held,
  }))
}

// The head of a lane is held when one of it is: nothing behind it is handled.
const PROGRESS = `
select m.id::text, m.state, m.last_error,
  m.state = 'received' and exists (
    select from unnest(m.lane || coalesce(m.other_lanes, '{}')) as own(lane)
    cross join lateral (select held from message_turn t where t.lane = own.lane order by t.message limit 1) head
    where head.held
  ) as behind_held
from unnest($1::bigint[]) as wanted(id)
cross join lateral (select * from message where id = wanted.id limit 1) m`

/**
 * Keeps what the sender of a message is answered, unless an answer is kept already. Gives the one that is kept:
 * resends get the same bytes.
 */
export async function keepAnswer(
  db: Db,
  tenant: TenantId,
  message: MessageNumber,
  answer: Buffer,
): Promise<Buffer> {
  const [row] = await db.query<{ ack: Buffer }>(tenant, {
    name: 'journal-keep-answer',
    text: `update message set ack = coalesce(ack, $2::bytea) where id = $1::bigint returning ack`,
    values: [message, answer],
  })
  return row?.ack ?? answer
}
