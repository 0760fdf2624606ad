/**
 * Requests that are answered later. A run has a lease that it renews; when it stops renewing (its process died) the
 * request is due again. https://hl7.org/fhir/R4/async.html
 */
import type { TenantId } from '../kernel/ids.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Db } from './db.ts'
import type { Statement } from './statement.ts'

export interface AsyncAnswer {
  readonly answer: JsonObject
  readonly body: string | undefined
}

export interface ClaimedRequest {
  readonly request: JsonObject
  readonly body: string | undefined
  /** How often it was begun, this time included. */
  readonly attempts: number
  /** An earlier run did what can't be undone. */
  readonly once: boolean
  readonly noted: string | undefined
}

/** One of the runs of a request: only the last one that began may write. */
export interface Run {
  readonly id: string
  readonly attempt: number
}

export interface AsyncState {
  readonly progress: string | undefined
  /** Nobody has begun. */
  readonly waiting: boolean
  readonly finished: (AsyncAnswer & { readonly expiresAt: Date }) | undefined
}

export interface AsyncRequests {
  /** False: the tenant has `maxUnfinished` of them already. */
  add(
    tenant: TenantId,
    asked: {
      readonly id: string
      readonly client: string
      readonly request: JsonObject
      readonly body: string
    },
    maxUnfinished: number,
  ): Promise<boolean>
  /** Takes the lease; undefined: there is no such request, it is done, or somebody works on it. */
  claim(tenant: TenantId, id: string): Promise<ClaimedRequest | undefined>
  /** Renews the lease. False: it was cancelled, or another run has begun. */
  renew(tenant: TenantId, run: Run, progress: string | undefined): Promise<boolean>
  /** From now on it must not be run again. False as above. */
  markOnce(tenant: TenantId, run: Run): Promise<boolean>
  /** For the transaction of the run's writes: fails with `conflict`/`async-cancelled` where the others are false. */
  note(tenant: TenantId, run: Run, text: string): Statement
  finish(tenant: TenantId, run: Run, answer: AsyncAnswer, keptMs: number): Promise<void>
  /** Of this client; undefined: there is none, or its answer has expired. */
  find(tenant: TenantId, id: string, client: string): Promise<AsyncState | undefined>
  /** Cancels it, or forgets its answer. False: there is none of this client. */
  remove(tenant: TenantId, id: string, client: string): Promise<boolean>
  /** Ids of what nobody works on though it is unfinished. */
  due(tenant: TenantId): Promise<readonly string[]>
  /** Forgets the answers whose time is over. */
  expire(tenant: TenantId): Promise<void>
}

/** A process that doesn't renew for so long is dead; renewed three times as often. */
const LEASE = `interval '30 seconds'`
/** What came just now has its job on the way. */
const GRACE = `interval '10 seconds'`

/** The request as its last run sees it. */
const OWN = 'tenant = $1::int and id = $2::uuid and attempts = $3::int and finished_at is null'

export function makeAsyncRequests(db: Db): AsyncRequests {
  const run = <Row>(tenant: TenantId, name: string, text: string, values: readonly unknown[]) =>
    db.query<Row>(tenant, { name, text, values: [tenant, ...values] })

  return {
    async add(tenant, { id, client, request, body }, maxUnfinished) {
      const rows = await run(
        tenant,
        'async-add',
        `insert into async_request (tenant, id, client, request, body)
         select $1::int, $2::uuid, $3::text, $4::jsonb, $5::text
         where (select count(*) from async_request where tenant = $1::int and finished_at is null) < $6::int
         returning 1`,
        [id, client, JSON.stringify(request), body, maxUnfinished],
      )
      return rows.length > 0
    },

    async claim(tenant, id) {
      const [row] = await run<ClaimedRow>(
        tenant,
        'async-claim',
        `update async_request set attempts = attempts + 1, lease_until = now() + ${LEASE}
         where tenant = $1::int and id = $2::uuid and finished_at is null
           and (lease_until is null or lease_until < now())
         returning request, body, attempts, once, noted`,
        [id],
      )
      return row && { ...row, body: row.body ?? undefined, noted: row.noted ?? undefined }
    },

    async renew(tenant, { id, attempt }, progress) {
      const rows = await run(
        tenant,
        'async-renew',
        `update async_request set lease_until = now() + ${LEASE}, progress = $4::text where ${OWN} returning 1`,
        [id, attempt, progress ?? null],
      )
      return rows.length > 0
    },

    async markOnce(tenant, { id, attempt }) {
      const rows = await run(
        tenant,
        'async-once',
        `update async_request set once = true where ${OWN} returning 1`,
        [id, attempt],
      )
      return rows.length > 0
    },

    note: (tenant, { id, attempt }, text) => ({
      name: 'async-note',
      text: `with noted as (update async_request set noted = $4::text where ${OWN} returning 1)
        select assert_wanted((select count(*) from noted))`,
      values: [tenant, id, attempt, text],
    }),

    async finish(tenant, { id, attempt }, { answer, body }, keptMs) {
      await run(
        tenant,
        'async-finish',
        `update async_request
         set finished_at = now(), expires_at = now() + $6::float8 * interval '1 millisecond', lease_until = null,
             answer = $4::jsonb, answer_body = $5::text, body = null, noted = null, progress = null
         where ${OWN}`,
        [id, attempt, JSON.stringify(answer), body ?? null, keptMs],
      )
    },

    async find(tenant, id, client) {
      const [row] = await run<StateRow>(
        tenant,
        'async-find',
        `select progress, lease_until is null as waiting, answer, answer_body, expires_at from async_request
         where tenant = $1::int and id = $2::uuid and client = $3::text
           and (expires_at is null or expires_at > now())`,
        [id, client],
      )
      return row && stateOf(row)
    },

    async remove(tenant, id, client) {
      const rows = await run(
        tenant,
        'async-remove',
        `delete from async_request
         where tenant = $1::int and id = $2::uuid and client = $3::text
           and (expires_at is null or expires_at > now()) returning 1`,
        [id, client],
      )
      return rows.length > 0
    },

    async due(tenant) {
      const rows = await run<{ id: string }>(
        tenant,
        'async-due',
        `select id from async_request where tenant = $1::int and finished_at is null
           and coalesce(lease_until < now(), created_at < now() - ${GRACE})`,
        [],
      )
      return rows.map(({ id }) => id)
    },

    async expire(tenant) {
      await run(
        tenant,
        'async-expire',
        'delete from async_request where tenant = $1::int and expires_at < now()',
        [],
      )
    },
  }
}

interface ClaimedRow {
  readonly request: JsonObject
  readonly body: string | null
  readonly attempts: number
  readonly once: boolean
  readonly noted: string | null
}

interface StateRow {
  readonly progress: string | null
  readonly waiting: boolean
  readonly answer: JsonObject | null
  readonly answer_body: string | null
  readonly expires_at: Date | null
}

function stateOf({
  progress,
  waiting,
  answer,
  answer_body: body,
  expires_at: expiresAt,
}: StateRow): AsyncState {
  const finished =
    answer === null || expiresAt === null ? undefined : { answer, body: body ?? undefined, expiresAt }
  return { progress: progress ?? undefined, waiting, finished }
}
