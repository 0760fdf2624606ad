/** The journal of received messages: PostgreSQL's side of the channels. */
import type { TenantId } from '../../kernel/ids.ts'
import type { AuditRow } from '../audit.ts'
import type { Db, Tx } from '../db.ts'
import { append } from './append.ts'
import { begin, finish, recordFailure } from './finish.ts'
import { decideHeld, listHeld, listRefused, readBacklog } from './held.ts'
import { dueLanes, isDue, readLane } from './lane.ts'
import type {
  ChannelBacklog,
  FailedAttempt,
  HeldMessage,
  Lane,
  MessageNumber,
  MessagePlace,
  MessageProgress,
  MessageResult,
  NewMessage,
  OpenMessage,
  Receipt,
  RefusedMessage,
} from './message.ts'
import { keepAnswer, readProgress } from './progress.ts'

export type * from './message.ts'
export { isNotHead } from './finish.ts'
export { senderOf } from './received-audit.ts'

export interface Journal {
  /** Stores the messages, each with its audit row, in one transaction; one receipt for each message, in order. */
  append(tenant: TenantId, messages: readonly NewMessage[]): Promise<readonly Receipt[]>
  readLane(tenant: TenantId, lane: Lane, limit: number): Promise<readonly OpenMessage[]>
  /** Inside the transaction of the message's resources; see isNotHead. */
  finish(tx: Tx, message: MessagePlace, result: MessageResult): void
  /** Counts that a message is begun; answers how often it was. */
  begin(tenant: TenantId, message: Pick<MessagePlace, 'id' | 'lane'>): Promise<number>
  recordFailure(tenant: TenantId, message: MessagePlace, failed: FailedAttempt): Promise<void>
  isDue(tenant: TenantId, lane: Lane, now: number): Promise<boolean>
  dueLanes(
    tenant: TenantId,
    bounds: { readonly now: number; readonly arrivedBefore: number; readonly limit: number },
  ): Promise<readonly { channel: string; lane: Lane }[]>
  listHeld(
    tenant: TenantId,
    channel: string,
    page: { readonly after?: MessageNumber | undefined; readonly limit: number },
  ): Promise<readonly HeldMessage[]>
  decideHeld(
    tenant: TenantId,
    message: { readonly channel: string; readonly id: MessageNumber },
    decision: 'release' | 'skip',
    audit: AuditRow,
  ): Promise<{ lanes: readonly Lane[] } | undefined>
  backlog(tenant: TenantId): Promise<readonly ChannelBacklog[]>
  /** Messages that were refused at the door, newest first. */
  listRefused(tenant: TenantId, channel: string, limit: number): Promise<readonly RefusedMessage[]>
  /** How far messages are. */
  progress(tenant: TenantId, messages: readonly MessageNumber[]): Promise<readonly MessageProgress[]>
  /** Keeps an answer that was made after processing; gives the one that was kept first. */
  keepAnswer(tenant: TenantId, message: MessageNumber, answer: Buffer): Promise<Buffer>
  /** The tenant's secret for lane numbers, made at the first call. */
  laneSecret(tenant: TenantId): Promise<string>
}

export function makeJournal(db: Db): Journal {
  return {
    append: (tenant, messages) => append(db, tenant, messages),
    readLane: (tenant, lane, limit) => readLane(db, tenant, lane, limit),
    finish,
    begin: (tenant, message) => begin(db, tenant, message),
    recordFailure: (tenant, message, failed) => recordFailure(db, tenant, message, failed),
    isDue: (tenant, lane, now) => isDue(db, tenant, lane, now),
    dueLanes: (tenant, bounds) => dueLanes(db, tenant, bounds),
    listHeld: (tenant, channel, page) => listHeld(db, tenant, channel, page),
    decideHeld: (tenant, message, decision, audit) => decideHeld(db, tenant, message, decision, audit),
    backlog: (tenant) => readBacklog(db, tenant),
    listRefused: (tenant, channel, limit) => listRefused(db, tenant, channel, limit),
    progress: (tenant, messages) => readProgress(db, tenant, messages),
    keepAnswer: (tenant, message, answer) => keepAnswer(db, tenant, message, answer),
    laneSecret: (tenant) => laneSecret(db, tenant),
  }
}

async function laneSecret(db: Db, tenant: TenantId): Promise<string> {
  await db.query(tenant, {
    text: `insert into lane_secret (tenant) values (current_tenant()) on conflict do nothing`,
    values: [],
  })
  const [row] = await db.query<{ secret: string }>(tenant, {
    text: `select secret::text from lane_secret`,
    values: [],
  })
  return row!.secret
}
