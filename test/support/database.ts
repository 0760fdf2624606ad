/** A database of its own for a test: migrated, empty but for one tenant, dropped when the test is done with it. */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { QueryResultRow } from 'pg'
import { inject } from 'vitest'
import type { TenantId } from '../../src/kernel/ids.ts'
import { openDb, type Db } from '../../src/store/db.ts'
import { databaseUrl, ownerStatement, TEMPLATE } from './postgres.ts'

export interface TestDatabase extends AsyncDisposable {
  /** Connects as the owner. */
  readonly url: string
  /** Connects as the application does. Closed with the test database. */
  readonly db: Db
  readonly tenant: TenantId
  readonly tenantKey: string
  /** Another tenant, to show what it cannot see. */
  addTenant(key: string): Promise<TenantId>
  /** Looks and writes past row-level security. */
  ownerQuery<Row extends QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>
}

/**
 * Clones the template (about 20 ms).
 * Disposing fails when the test left a connection open: something of it does not close itself.
 */
export async function testDatabase(): Promise<TestDatabase> {
  const server = await runningServer()
  const name = `test_${randomBytes(6).toString('hex')}`
  await ownerStatement(server, `create database ${name} template ${TEMPLATE} strategy file_copy`)
  const url = databaseUrl(server, name)
  const db = openDb({ url })
  const addTenant = async (key: string): Promise<TenantId> => {
    const rows = await ownerStatement<{ id: TenantId }>(
      url,
      'insert into passerelle.tenant (key, name) values ($1, $1) returning id',
      [key],
    )
    return rows[0]!.id
  }
  const tenantKey = 'test'
  return {
    url,
    db,
    tenant: await addTenant(tenantKey),
    tenantKey,
    addTenant,
    ownerQuery: (text, values) => ownerStatement(url, text, values),
    async [Symbol.asyncDispose]() {
      await db[Symbol.asyncDispose]()
      const leaked = await openConnections(server, name)
      await ownerStatement(server, `drop database ${name} with (force)`)
      if (leaked.length > 0) throw new Error(`the test left connections open: ${leaked.join('; ')}`)
    },
  }
}

async function runningServer(): Promise<string> {
  const response = await fetch(inject('postgresStarter'))
  const text = await response.text()
  if (!response.ok) throw new Error(`no PostgreSQL for the tests: ${text}`)
  return text
}

/** Who is still connected. A session ends a moment after its socket, so this looks again before it complains. */
async function openConnections(server: string, database: string): Promise<string[]> {
  for (let look = 1; ; look += 1) {
    const rows = await ownerStatement<{ session: string }>(
      server,
      `select format('%s (%s)', coalesce(nullif(application_name, ''), 'unnamed'), left(query, 80)) as session
       from pg_stat_activity where datname = $1 and backend_type = 'client backend'`,
      [database],
    )
    if (rows.length === 0 || look === 40) return rows.map(({ session }) => session)
    await sleep(25)
  }
}
