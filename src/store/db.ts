/**
 * The door to PostgreSQL: every statement runs on a connection that is bound to one tenant, as a role that owns
 * nothing, so that row-level security holds even when a query forgets the tenant.
 *
 * Connections are in pipeline mode (https://www.postgresql.org/docs/18/libpq-pipeline-mode.html): statements go out
 * without waiting for the answers of earlier ones. The binding is a session setting that only this file sends, ahead
 * of the statement on the same connection, and only when the connection served another tenant before.
 */
import type { Socket } from 'node:net'

import pg from 'pg'

import { Failure } from '../kernel/failure.ts'
import type { TenantId } from '../kernel/ids.ts'
import { databaseFailure } from './database-failure.ts'
import type { Statement } from './statement.ts'

export interface Tx {
  /** Sends the statement at once; statements of a transaction run in the order in which they were sent. */
  query<Row>(statement: Statement): Promise<Row[]>
}

export interface Db extends AsyncDisposable {
  /** One statement in its own transaction, on a connection that is bound to the tenant. */
  query<Row>(tenant: TenantId, statement: Statement): Promise<Row[]>
  /**
   * One short statement on a connection shared with others: no checkout, many in flight. For lookups by key,
   * because a slow statement holds up those sent after it.
   */
  lookup<Row>(tenant: TenantId, statement: Statement): Promise<Row[]>
  /** BEGIN … COMMIT on one connection; rolls back when `run` or any statement fails. */
  transaction<T>(tenant: TenantId, run: (tx: Tx) => Promise<T>): Promise<T>
  /** Without a tenant: only the tenant registry and the security definer functions answer. */
  system<Row>(statement: Statement): Promise<Row[]>
  /** Connections in use, idle and waited for. */
  usage(): { total: number; idle: number; waiting: number }
}

export interface DbOptions {
  /** postgres:// URL of a user that may become passerelle_app. */
  readonly url: string
  /** Connections for queries and transactions; two more carry the lookups. */
  readonly maxConnections?: number
  /** A statement that runs longer is cancelled: Failure `timeout`/`statement-timeout`. */
  readonly statementTimeoutMs?: number
}

/**
 * Nested loops over the index are the right plan for every statement here; the planner's other ideas come from
 * statistics of tables that were empty when it prepared the statement, and are what makes rivals collapse as data grows.
 * So a statement is planned once a connection: the values would change nothing.
 */
const SESSION_OPTIONS = [
  'role=passerelle_app',
  'search_path=passerelle',
  'timezone=UTC',
  'jit=off',
  'plan_cache_mode=force_generic_plan',
  'enable_seqscan=off',
  'enable_mergejoin=off',
  // It would collect all of a type to sort it, where the index has the order already.
  'enable_bitmapscan=off',
]

const LOOKUP_CONNECTIONS = 2

type BoundClient = pg.PoolClient & { boundTo?: TenantId | undefined; broken?: boolean }

export function openDb(options: DbOptions): Db {
  const { url, maxConnections = 12, statementTimeoutMs = 60_000 } = options
  const settings = [...SESSION_OPTIONS, `statement_timeout=${statementTimeoutMs}`]
    .map((o) => `-c ${o}`)
    .join(' ')
  const makePool = (max: number) => {
    const config = { connectionString: url, max, options: settings, pipeline: true, keepAlive: true }
    const made = new pg.Pool(config as pg.PoolConfig)
    // An idle connection that breaks is replaced at the next checkout; without a listener it would end the process.
    made.on('error', () => {})
    return made
  }
  const pool = makePool(maxConnections)
  const lookups = makeLookups(makePool(LOOKUP_CONNECTIONS))

  async function withClient<T>(
    tenant: TenantId | undefined,
    use: (client: BoundClient) => Promise<T>,
  ): Promise<T> {
    const client = await checkout(pool)
    try {
      bind(client, tenant)
      return await use(client)
    } finally {
      client.release(client.broken === true)
    }
  }

  return {
    query: (tenant, statement) => withClient(tenant, (client) => send(client, statement)),
    lookup: lookups.send,
    system: (statement) => withClient(undefined, (client) => send(client, statement)),
    transaction: (tenant, run) => withClient(tenant, (client) => runTransaction(client, run)),
    usage: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    async [Symbol.asyncDispose]() {
      await Promise.all([pool.end(), lookups.end()])
    },
  }
}

/** Sends the binding ahead of what follows on this connection, if it is bound to another tenant. */
function bind(client: BoundClient, tenant: TenantId | undefined): void {
  if (client.boundTo === tenant && 'boundTo' in client) return
  client.boundTo = tenant
  const value = tenant === undefined ? '' : String(tenant)
  // If this fails, the connection is gone and so is what was sent behind it.
  client.query({ name: 'bind-tenant', text: BIND_TENANT, values: [value] }).catch(() => {
    client.broken = true
  })
}

const BIND_TENANT = `select set_config('passerelle.tenant', $1, false)`

/**
 * What is sent within one turn of the event loop leaves in one write to the socket: BEGIN, statements and COMMIT, or the
 * lookups of many requests. pg itself writes each statement on its own.
 */
function writeTogether(client: BoundClient): void {
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection
  stream.cork()
  process.nextTick(() => stream.uncork())
}

async function send<Row>(client: BoundClient, statement: Statement): Promise<Row[]> {
  writeTogether(client)
  try {
    const result = await client.query(statement as pg.QueryConfig)
    return result.rows as Row[]
  } catch (error) {
    const failure = databaseFailure(error)
    if (failure.kind === 'unavailable' || failure.code === 'unexpected-connection-state') client.broken = true
    throw failure
  }
}

async function runTransaction<T>(client: BoundClient, run: (tx: Tx) => Promise<T>): Promise<T> {
  const sent: Promise<unknown>[] = []
  const tx: Tx = {
    query<Row>(statement: Statement) {
      const answer = send<Row>(client, statement)
      // Without its rows: a long transaction would keep all that it ever read.
      const done = answer.then(() => undefined)
      // The caller may await it later or never: a failure is found again below, so it is not unhandled.
      done.catch(() => {})
      sent.push(done)
      return answer
    },
  }
  tx.query({ text: 'begin', values: [] }).catch(() => {})
  try {
    const result = await run(tx)
    const commit = client.query('commit')
    commit.catch(() => {})
    await Promise.all(sent)
    // COMMIT of a transaction that failed answers ROLLBACK, without an error.
    const { command } = await commit.catch((error: unknown) => Promise.reject(databaseFailure(error)))
    if (command !== 'COMMIT') throw new Failure('internal', 'transaction-not-committed')
    return result
  } catch (error) {
    if (!client.broken) {
      await client.query('rollback').catch(() => {
        client.broken = true
      })
    }
    throw (await firstFailure(sent)) ?? error
  }
}

/** What went wrong first: statements sent behind it only say that the transaction had failed already. */
async function firstFailure(sent: readonly Promise<unknown>[]): Promise<unknown> {
  const failed = (await Promise.allSettled(sent)).find((result) => result.status === 'rejected')
  return failed?.reason
}

async function checkout(pool: pg.Pool): Promise<BoundClient> {
  try {
    const client = (await pool.connect()) as BoundClient
    if (client.broken === undefined) {
      client.broken = false
      // The pool listens only while it holds the client; a connection that breaks in our hands would end the process.
      client.on('error', () => {
        client.broken = true
      })
    }
    return client
  } catch (error) {
    throw databaseFailure(error)
  }
}

/** Two connections that everybody's lookups share, taken in turn, opened at first use and again after a break. */
function makeLookups(pool: pg.Pool) {
  const slots: (Promise<BoundClient> | undefined)[] = Array.from({ length: LOOKUP_CONNECTIONS })
  let turn = 0

  function slot(): Promise<BoundClient> {
    const index = turn++ % LOOKUP_CONNECTIONS
    return (slots[index] ??= open(index))
  }

  async function open(index: number): Promise<BoundClient> {
    try {
      const client = await checkout(pool)
      const forget = () => {
        if (slots[index] === undefined) return
        slots[index] = undefined
        client.release(true)
      }
      client.once('error', forget)
      client.once('end', forget)
      return client
    } catch (error) {
      slots[index] = undefined
      throw error
    }
  }

  return {
    async send<Row>(tenant: TenantId, statement: Statement): Promise<Row[]> {
      const client = await slot()
      bind(client, tenant)
      return send<Row>(client, statement)
    },
    async end(): Promise<void> {
      const clients = slots.splice(0).filter((client) => client !== undefined)
      for (const client of await Promise.allSettled(clients)) {
        if (client.status === 'fulfilled') client.value.release(true)
      }
      await pool.end()
    },
  }
}
