/** The PostgreSQL of a test run: embedded, in a temporary folder, without fsync, with a migrated template to clone. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client, type QueryResultRow } from 'pg'
import { silentLog } from '../../src/kernel/log.ts'
import { startEmbedded } from '../../src/store/embedded/index.ts'
import { migrate } from '../../src/store/migrate.ts'
import { testFolder } from './folder.ts'

export interface TestPostgres {
  /** The owner's URL of the database `postgres`. */
  readonly url: string
  stop(): Promise<void>
}

export const TEMPLATE = 'passerelle_template'
const SQL_FOLDER = fileURLToPath(new URL('../../sql', import.meta.url))

/** What is lost at a crash does not matter here, so nothing waits for the disk. */
const SETTINGS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: 200,
  shared_buffers: '128MB',
}

export async function startTestPostgres(): Promise<TestPostgres> {
  const folder = await testFolder()
  const server = await startEmbedded({
    folder: join(folder.path, 'data'),
    log: silentLog,
    settings: SETTINGS,
  })
  const stop = async (): Promise<void> => {
    await server.stop()
    await folder[Symbol.asyncDispose]()
  }
  try {
    const url = databaseUrl(server.url, 'postgres')
    await ownerStatement(url, `create database ${TEMPLATE}`)
    await migrate({ url: databaseUrl(url, TEMPLATE), folder: SQL_FOLDER, log: silentLog })
    return { url, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The same server, another database. */
export function databaseUrl(url: string, database: string): string {
  return url.replace(/\/[^/]*$/, `/${database}`)
}

export async function ownerStatement<Row extends QueryResultRow>(
  url: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const client = new Client({ connectionString: url, application_name: 'test-owner' })
  await client.connect()
  try {
    const { rows } = await client.query<Row>(text, [...values])
    return rows
  } finally {
    await client.end()
  }
}
