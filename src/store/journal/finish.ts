/** How a message leaves its lane, or stays in it after a failed attempt. */
import { Failure } from '../../kernel/failure.ts'
import type { TenantId } from '../../kernel/ids.ts'
import type { Db, Tx } from '../db.ts'
import type { FailedAttempt, MessagePlace, MessageResult } from './message.ts'

/**
 * Marks a message as finished inside the transaction that writes its resources; doesn't wait for the answer. It does so
 * only while the message is at the head of its lanes: the lock on its turn makes a second worker with the same message
 * wait, and then find no turn. So each message is written once and in order, whoever else may believe to own the lane.
 * Otherwise the transaction fails, and isNotHead tells that from other failures.
 */
export function finish(tx: Tx, message: MessagePlace, result: MessageResult): void {
  const lanes = lanesOf(message)
  // A failure comes out of the transaction as a whole.
  void tx.query({
    name: 'journal-finish',
    text: FINISH,
    values: [
      message.id,
      result.state,
      isoOf(result.finishedAt),
      result.written,
      result.warnings,
      message.attempts + 1,
      result.reason ?? null,
      lanes,
      lanes.length,
    ],
  })
}

// Keys of message_turn: one probe for the turn of each lane and one for the lane's head. In one order of lanes, whichever
// of them was drained, so that two workers with the same message wait for one another in line.
const FINISH = `
with taken as (
  delete from message_turn t
  where t.lane = any($8::bigint[]) and t.message = $1::bigint and not t.held
    and t.message = (select h.message from message_turn h where h.lane = t.lane order by h.message limit 1)
  returning 1
),
finished as (
  update message
  set state = $2, finished_at = $3::timestamptz, result = $4::text[], warnings = $5::int, attempts = $6::int,
    last_error = $7
  where id = $1::bigint
)
select assert_turn((select count(*) from taken), $9::bigint)`

/** Whether a transaction failed because its message was finished by somebody else, or an older one is there. */
export function isNotHead(error: unknown): boolean {
  return error instanceof Failure && error.params['sqlstate'] === 'PA007'
}

/** Counts a failed attempt. Does nothing when the message is no longer to do. */
export async function recordFailure(
  db: Db,
  tenant: TenantId,
  message: MessagePlace,
  { code, next }: FailedAttempt,
): Promise<void> {
  const hold = next === 'hold'
  await db.query(tenant, {
    name: 'journal-failed',
    text: `
      with failed as (
        update message_turn set attempts = attempts + 1, held = $4, retry_at = $5::timestamptz, begun = 0
        where lane = any($2::bigint[]) and message = $1::bigint and not held
        returning message
      )
      update message set attempts = attempts + 1, last_error = $3, state = case when $4 then 'held' else state end
      where id = $1::bigint and exists (select from failed)`,
    values: [message.id, lanesOf(message), code, hold, hold ? null : isoOf(next.retryAt)],
  })
}

/**
 * Counts that a message is begun, and answers how often it was, this time included. Without waiting for the disk: what
 * matters is the end of the worker, not of the database. 1 when it is no longer to do.
 */
export async function begin(
  db: Db,
  tenant: TenantId,
  message: Pick<MessagePlace, 'id' | 'lane'>,
): Promise<number> {
  const [row] = await db.query<{ begun: number }>(tenant, {
    name: 'journal-begin',
    text: `
      with quick as (select set_config('synchronous_commit', 'off', true))
      update message_turn set begun = begun + 1 from quick
      where lane = $2::bigint and message = $1::bigint and not held
      returning begun`,
    values: [message.id, message.lane],
  })
  return row?.begun ?? 1
}

/** In one order, whichever of them was read. */
function lanesOf({ lane, otherLanes }: MessagePlace): readonly string[] {
  return otherLanes.length === 0 ? [lane] : [lane, ...otherLanes].toSorted()
}

function isoOf(epochMs: number): string {
  return new Date(epochMs).toISOString()
}
