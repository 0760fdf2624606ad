/**
 * Brings a database to the schema of this program: the files of sql/ in the order of their numbers, each in a
 * transaction of its own, each once. Append-only: a file that has run must not change.
 */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from 'pg'
import { Failure } from '../kernel/failure.ts'
import type { Log } from '../kernel/log.ts'

export interface MigrateOptions {
  /** Connects as the owner of the database. */
  readonly url: string
  /** Folder with `NNNN_name.sql`. */
  readonly folder: string
  readonly log: Log
  /** Only tells which files would run. */
  readonly dryRun?: boolean
}

interface Migration {
  readonly number: number
  readonly name: string
  readonly sql: string
  readonly checksum: string
}

interface Applied {
  readonly number: number
  readonly name: string
  readonly checksum: string
}

/**
 * Returns the names of the files that ran (or would run). Several programs may start at once: one migrates, the
 * others wait for it.
 * @throws Failure `schema-newer`, `migration-changed`, `migration-out-of-order`, `migration-failed`
 */
export async function migrate(options: MigrateOptions): Promise<readonly string[]> {
  const migrations = await readMigrations(options.folder)
  const client = new Client({
    connectionString: options.url,
    application_name: 'passerelle-migrate',
    // The same for every owner; by default a schema of the owner's own name would come first.
    options: '-c search_path=passerelle',
  })
  await client.connect()
  try {
    await client.query('select pg_advisory_lock($1::bigint)', [LOCK])
    const applied = await readApplied(client)
    const pending = pendingOf(migrations, applied)
    if (options.dryRun !== true) await applyAll(client, pending, options.log)
    return pending.map(({ name }) => name)
  } finally {
    await client.end() // and with the session goes its lock
  }
}

/** Names the lock among others of the database; any number will do as long as it stays the same. */
const LOCK = '7302871164231190'

async function readMigrations(folder: string): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{4}_\w+\.sql$/.test(name)).toSorted()
  const migrations = await Promise.all(
    names.map(async (name) => {
      const sql = await readFile(join(folder, name), 'utf8')
      const checksum = createHash('sha256').update(sql).digest('hex')
      return { number: Number(name.slice(0, 4)), name: name.slice(0, -'.sql'.length), sql, checksum }
    }),
  )
  const doubled = migrations.find(({ number }, index) => migrations[index + 1]?.number === number)
  if (doubled !== undefined)
    throw new Failure('internal', 'migration-number-doubled', { number: doubled.number })
  return migrations
}

async function readApplied(client: Client): Promise<Applied[]> {
  const table = await client.query<{ found: boolean }>(
    "select to_regclass('public.passerelle_migration') is not null as found",
  )
  if (table.rows[0]?.found !== true) return []
  const { rows } = await client.query<Applied>(
    'select number, name, checksum from public.passerelle_migration order by number',
  )
  return rows
}

/** What is still to run, after the history of the database has been compared with the files. */
function pendingOf(migrations: readonly Migration[], applied: readonly Applied[]): Migration[] {
  const newest = applied.at(-1)?.number ?? 0
  const known = migrations.at(-1)?.number ?? 0
  if (newest > known) throw new Failure('conflict', 'schema-newer', { database: newest, program: known })
  for (const { number, name, checksum } of applied) {
    const file = migrations.find((migration) => migration.number === number)
    if (file?.checksum !== checksum) throw new Failure('conflict', 'migration-changed', { name })
  }
  const pending = migrations.filter(({ number }) => !applied.some((done) => done.number === number))
  const late = pending.find(({ number }) => number < newest)
  if (late !== undefined) throw new Failure('conflict', 'migration-out-of-order', { name: late.name })
  return pending
}

async function applyAll(client: Client, pending: readonly Migration[], log: Log): Promise<void> {
  if (pending.length === 0) return
  await client.query(`create table if not exists public.passerelle_migration (
    number int primary key, name text not null, checksum text not null, applied_at timestamptz not null default now())`)
  for (const migration of pending) {
    await apply(client, migration)
    log.info({ migration: migration.name }, 'migrated')
  }
}

/** The row goes in first: were the lock ever lost, the second runner would wait here and not run the file twice. */
async function apply(client: Client, { number, name, checksum, sql }: Migration): Promise<void> {
  try {
    await client.query('begin')
    await client.query(
      'insert into public.passerelle_migration (number, name, checksum) values ($1, $2, $3)',
      [number, name, checksum],
    )
    await client.query(sql)
    await client.query('commit')
  } catch (cause) {
    await client.query('rollback')
    throw new Failure('internal', 'migration-failed', { name, reason: (cause as Error).message }, { cause })
  }
}
