/** How a message leaves its lane, or stays in it after a failed attempt. */
import { Failure } from '../../kernel/failure.ts'
import type { TenantId } from '../../kernel/ids.ts'
import type { Db, Tx } from '../db.ts'
import type { FailedAttempt, MessageNumber, MessageResult } from './message.ts'

/**
 * Marks a message as finished inside the transaction that writes its resources; doesn't wait for the answer. It does so
 * only while the message is still to do and nothing older of its lanes is: the row's lock makes a second worker with the
 * same message wait, and then find nothing to update. So each message is written once and in order, whoever else may
 * believe to own the lane. Otherwise the transaction fails, and isNotHead tells that from other failures.
 */
export function finish(
  tx: Tx,
  id: MessageNumber,
  { state, finishedAt, written, warnings }: MessageResult,
): void {
  // A failure comes out of the transaction as a whole.
  void tx.query({
    name: 'journal-finish',
    text: FINISH,
    values: [id, state, isoOf(finishedAt), written, warnings],
  })
}

/** Whether a transaction failed because its message was finished by somebody else, or an older one is back. */
export function isNotHead(error: unknown): boolean {
  return (
    error instanceof Failure && (error.code === 'message-not-head' || error.params['sqlstate'] === 'PA003')
  )
}

const FINISH = `
with finished as (
  update message m
  set state = $2, finished_at = $3::timestamptz, result = $4::text[], warnings = $5::int,
    attempts = attempts + 1, last_error = null, retry_at = null
  where m.id = $1::bigint and m.state = 'received'
    and not exists (
      select from message o where o.lane = m.lane and o.state in ('received', 'held') and o.id < m.id)
    and not exists (
      select from message o
      where o.other_lane = m.lane and o.state in ('received', 'held') and o.other_lane is not null and o.id < m.id)
    and (m.other_lane is null or not exists (
      select from message o where o.lane = m.other_lane and o.state in ('received', 'held') and o.id < m.id))
    and (m.other_lane is null or not exists (
      select from message o
      where o.other_lane = m.other_lane and o.state in ('received', 'held') and o.other_lane is not null and o.id < m.id))
  returning 1
)
select assert_finished((select count(*) from finished))`

/** Counts a failed attempt. Does nothing when the message is no longer to do. */
export async function recordFailure(
  db: Db,
  tenant: TenantId,
  id: MessageNumber,
  { code, next }: FailedAttempt,
): Promise<void> {
  await db.query(tenant, {
    name: 'journal-failed',
    text: `
      update message
      set attempts = attempts + 1, last_error = $2, state = $3, retry_at = $4::timestamptz
      where id = $1::bigint and state = 'received'`,
    values: [id, code, next === 'hold' ? 'held' : 'received', next === 'hold' ? null : isoOf(next.retryAt)],
  })
}

function isoOf(epochMs: number): string {
  return new Date(epochMs).toISOString()
}
