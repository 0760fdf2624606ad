import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, readdir, readlink, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { expect, test } from 'vitest'
import { testFolder } from '../../../test/support/folder.ts'
import { silentLog, type Log } from '../../kernel/log.ts'
import { serverAccount } from './account.ts'
import { findBinaries } from './binaries.ts'
import { runningUrl, startEmbedded, type EmbeddedPostgres } from './index.ts'
import { placeBinaries, SYSTEM_FOLDER } from './placement.ts'
import { isRunning, readPostmaster } from './postmaster.ts'

const asRoot = process.getuid?.() === 0

const start = (folder: string): Promise<EmbeddedPostgres> => startEmbedded({ folder, log: silentLog })

async function query<Row>(url: string, text: string): Promise<Row[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(text)).rows as Row[]
  } finally {
    await client.end()
  }
}

const noteOf = (url: string): Promise<unknown[]> => query(url, 'select * from note')

/** Starts the database in a program of its own, writes a committed row and kills the program without warning. */
async function startAndKill(folder: string): Promise<{ postgres: number }> {
  const program = `
    import { Client } from 'pg'
    import { startEmbedded } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)}
    import { silentLog } from ${JSON.stringify(new URL('../../kernel/log.ts', import.meta.url).href)}
    const server = await startEmbedded({ folder: ${JSON.stringify(folder)}, log: silentLog })
    const client = new Client({ connectionString: server.url })
    await client.connect()
    await client.query("create table note as select 'kept' as text")
    console.log(server.pid)
    setInterval(() => undefined, 1000)`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [pid] = (await once(child.stdout, 'data')) as [Buffer]
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
  return { postgres: Number(pid) }
}

test('makes a cluster at the first start and finds its data at the next', async () => {
  await using folder = await testFolder()
  const data = join(folder.path, 'data')
  {
    await using first = await start(data)
    await query(first.url, "create table note as select 'kept' as text")
  }
  await using second = await start(data)
  expect(await noteOf(second.url)).toEqual([{ text: 'kept' }])
})

test('listens on no address, wants a password, and sorts by code point', async () => {
  await using folder = await testFolder()
  await using server = await start(join(folder.path, 'data'))
  expect(await query(server.url, 'show listen_addresses')).toEqual([{ listen_addresses: '' }])
  await expect(query(server.url.replace(/:[^:@]+@/, ':wrong@'), 'select 1')).rejects.toThrow(/password/)
  const sorted = await query(
    server.url,
    "select string_agg(c, '' order by c) from unnest('{é,a,B}'::text[]) c",
  )
  expect(sorted).toEqual([{ string_agg: 'Baé' }])
  const { mode } = await stat(join(folder.path, 'data', 'postgres.password'))
  expect(mode & 0o777).toBe(0o600)
})

test('says nothing of statements and values in the log', async () => {
  await using folder = await testFolder()
  const lines: string[] = []
  const keep = (_fields: unknown, line: string): void => void lines.push(line)
  const log: Log = { debug: keep, info: keep, warn: keep, error: keep, child: () => log }
  {
    await using server = await startEmbedded({ folder: join(folder.path, 'data'), log })
    await query(server.url, 'create table person (name text primary key)')
    await query(server.url, "insert into person values ('Dupont')")
    await expect(query(server.url, "insert into person values ('Dupont')")).rejects.toThrow(/duplicate/)
    await expect(query(server.url, "select 'Dupont'::int")).rejects.toThrow(/Dupont/)
  }
  expect(lines.join('\n')).toContain('ready to accept connections')
  expect(lines.join('\n')).not.toContain('Dupont')
})

test('a second program on the same data folder is refused, and told which one holds it', async () => {
  await using folder = await testFolder()
  await using server = await start(folder.path)
  await expect(start(folder.path)).rejects.toMatchObject({
    code: 'data-folder-in-use',
    params: { folder: folder.path, pid: process.pid },
  })
  expect(await query(server.url, 'select 1 as answer')).toEqual([{ answer: 1 }])
})

test('the URL of a running server is found by its data folder', async () => {
  await using folder = await testFolder()
  {
    await using server = await start(folder.path)
    expect(await runningUrl(folder.path)).toBe(server.url)
  }
  expect(await runningUrl(folder.path)).toBeUndefined()
})

test('starts after a SIGKILL of the program, with all that was committed', async () => {
  await using folder = await testFolder()
  const { postgres } = await startAndKill(folder.path)
  await using server = await start(folder.path)
  expect(await noteOf(server.url)).toEqual([{ text: 'kept' }])
  expect(isRunning(postgres)).toBe(false)
})

test('starts after a SIGKILL of program and database together', async () => {
  await using folder = await testFolder()
  const { postgres } = await startAndKill(folder.path)
  try {
    process.kill(postgres, 'SIGKILL')
  } catch {
    // It ended with the program already.
  }
  await using server = await start(folder.path)
  expect(await noteOf(server.url)).toEqual([{ text: 'kept' }])
})

test('ends a database that outlived its program, and starts', async () => {
  await using folder = await testFolder()
  const { cluster, command, account } = await leftBehind(folder.path)
  const left = spawn(command[0]!, command.slice(1), { ...account, cwd: '/', detached: true, stdio: 'ignore' })
  await once(left, 'spawn')
  while ((await readPostmaster(cluster)) === undefined) await sleep(20)
  const ended = once(left, 'exit')
  await using server = await start(folder.path)
  await ended
  expect(await query(server.url, 'select 1 as answer')).toEqual([{ answer: 1 }])
})

/** A cluster, and the command that runs it without anybody who watches over it. */
async function leftBehind(folder: string) {
  const socketFolder = join(folder, 'socket')
  await mkdir(socketFolder)
  await chmod(socketFolder, 0o777)
  await (await start(folder)).stop()
  const cluster = join(folder, 'postgres')
  const account = await serverAccount(cluster)
  // Where a start puts them: the account may not reach those of a checkout in a closed folder.
  const { postgres } = await placeBinaries(await findBinaries(), account, silentLog, SYSTEM_FOLDER)
  const command = [
    postgres,
    '-D',
    cluster,
    '-c',
    'listen_addresses=',
    '-c',
    `unix_socket_directories=${socketFolder}`,
  ]
  return { cluster, command, account: account ?? {} }
}

test.skipIf(!asRoot)(
  'as root, a closed data folder gets its cluster elsewhere and keeps its mode',
  async () => {
    await using folder = await testFolder()
    const data = join(folder.path, 'closed')
    await mkdir(data, { mode: 0o700 })
    const systemFolder = join(folder.path, 'system')
    const startClosed = () => startEmbedded({ folder: data, log: silentLog, systemFolder })
    {
      await using first = await startClosed()
      await query(first.url, "create table note as select 'kept' as text")
    }
    {
      await using second = await startClosed()
      expect(await noteOf(second.url)).toEqual([{ text: 'kept' }])
    }
    expect((await stat(data)).mode & 0o777).toBe(0o700)
    expect(await readlink(join(data, 'postgres'))).toMatch(join(systemFolder, 'clusters'))
    expect(await readdir(join(systemFolder, 'clusters'))).toHaveLength(1)
  },
)
