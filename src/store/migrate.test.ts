import { expect, test } from 'vitest'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { testDatabase, type TestDatabase } from '../../test/support/database.ts'
import { testFolder } from '../../test/support/folder.ts'
import { silentLog } from '../kernel/log.ts'
import { migrate } from './migrate.ts'

/** A database without history, and a folder whose files it is migrated with. */
async function setUp(files: Record<string, string>) {
  const database = await testDatabase()
  await database.ownerQuery('drop table public.passerelle_migration')
  const folder = await testFolder()
  await write(folder.path, files)
  return {
    database,
    write: (more: Record<string, string>) => write(folder.path, more),
    remove: (name: string) => rm(join(folder.path, name)),
    migrate: (dryRun = false) => migrate({ url: database.url, folder: folder.path, log: silentLog, dryRun }),
    async [Symbol.asyncDispose]() {
      await folder[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

async function write(folder: string, files: Record<string, string>): Promise<void> {
  for (const [name, sql] of Object.entries(files)) await writeFile(join(folder, name), sql)
}

const tables = async (database: TestDatabase): Promise<string[]> => {
  const rows = await database.ownerQuery<{ name: string }>(
    "select tablename as name from pg_tables where schemaname = 'passerelle' and tablename like 't_' order by 1",
  )
  return rows.map(({ name }) => name)
}

const ONE = { '0001_one.sql': 'create table t1 (a int); create table t2 (a int);' }
const TWO = { '0002_two.sql': 'create table t3 (a int);' }

test('runs the files in order, once each, and later only the new ones', async () => {
  await using it = await setUp(ONE)
  expect(await it.migrate()).toEqual(['0001_one'])
  await it.write(TWO)
  expect(await it.migrate()).toEqual(['0002_two'])
  expect(await it.migrate()).toEqual([])
  expect(await tables(it.database)).toEqual(['t1', 't2', 't3'])
})

test('a dry run names what would run and changes nothing', async () => {
  await using it = await setUp({ ...ONE, ...TWO })
  expect(await it.migrate(true)).toEqual(['0001_one', '0002_two'])
  expect(await tables(it.database)).toEqual([])
})

test('a file that fails leaves nothing of itself and everything before it', async () => {
  await using it = await setUp({ ...ONE, '0002_bad.sql': 'create table t3 (a int); select 1 / 0;' })
  await expect(it.migrate()).rejects.toMatchObject({ code: 'migration-failed', params: { name: '0002_bad' } })
  expect(await tables(it.database)).toEqual(['t1', 't2'])
})

test('refuses a file that changed after it ran', async () => {
  await using it = await setUp(ONE)
  await it.migrate()
  await it.write({ '0001_one.sql': 'create table other (a int)' })
  await expect(it.migrate()).rejects.toMatchObject({
    code: 'migration-changed',
    params: { name: '0001_one' },
  })
})

test('refuses the database of a newer program', async () => {
  await using it = await setUp({ ...ONE, ...TWO })
  await it.migrate()
  await it.remove('0002_two.sql')
  await expect(it.migrate()).rejects.toMatchObject({
    code: 'schema-newer',
    params: { database: 2, program: 1 },
  })
})

test('refuses a file that would run before one that has run', async () => {
  await using it = await setUp(TWO)
  await it.migrate()
  await it.write(ONE)
  await expect(it.migrate()).rejects.toMatchObject({ code: 'migration-out-of-order' })
})

test('programs that start at once run each file once', async () => {
  await using it = await setUp({ ...ONE, ...TWO })
  const ran = await Promise.all([it.migrate(), it.migrate(), it.migrate()])
  expect(ran.flat().toSorted()).toEqual(['0001_one', '0002_two'])
})
