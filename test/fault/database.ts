/**
 * A PostgreSQL that can be killed, filled up and started again while a server uses it. Its clients go through a socket
 * that stays where it is: a real one moves at each start.
 */
import { execFileSync } from 'node:child_process'
import { mkdir, open, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'

import { silentLog } from '../../src/kernel/log.ts'
import { type EmbeddedPostgres, startEmbedded } from '../../src/store/embedded/index.ts'

export interface FaultyDatabase extends AsyncDisposable {
  /** The owner's, good across restarts. */
  readonly url: string
  /** SIGKILL; resolves when the server is gone. */
  kill(): Promise<void>
  start(): Promise<void>
  /** Leaves no byte free where the data are; frees it again. Undefined where no small disk can be mounted. */
  readonly disk: { fill(): Promise<void>; free(): Promise<void> } | undefined
}

const SETTINGS = { max_connections: 60, shared_buffers: '64MB', min_wal_size: '32MB', max_wal_size: '64MB' }

/** @param folder empty; everything is in it, on a disk of so many megabytes */
export async function startFaultyDatabase(folder: string, diskMb: number): Promise<FaultyDatabase> {
  const home = join(folder, 'database')
  await mkdir(home, { mode: 0o711 })
  const isMounted = mountSmallDisk(home, diskMb)
  const data = join(home, 'data')
  let server: EmbeddedPostgres | undefined
  const start = async (): Promise<void> => {
    server = await startEmbedded({ folder: data, log: silentLog, settings: SETTINGS })
  }
  await start()
  const sockets = new Set<Socket>()
  const door = createServer((client) => {
    const inner = connect(`${server === undefined ? '/nowhere' : partsOf(server.url).host}/.s.PGSQL.5432`)
    for (const [socket, other] of [
      [client, inner],
      [inner, client],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
      socket.pipe(other)
    }
  })
  const address = join(folder, '.s.PGSQL.5432')
  await new Promise<void>((done) => door.listen(address, done))
  const { password, username, pathname } = partsOf(server!.url)

  async function end(how: 'kill' | 'stop'): Promise<void> {
    const ending = server
    server = undefined
    if (ending === undefined) return
    if (how === 'kill') process.kill(ending.pid, 'SIGKILL')
    await ending.ended
    // Gives the lock of the folder back.
    await ending.stop()
  }

  return {
    url: `postgresql://${username}:${password}@${encodeURIComponent(folder)}${pathname}`,
    kill: () => end('kill'),
    start,
    disk: isMounted
      ? { fill: () => fill(join(home, 'ballast')), free: () => rm(join(home, 'ballast')) }
      : undefined,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((done) => door.close(done))
      await server?.stop()
      if (isMounted) execFileSync('umount', [home])
    },
  }
}

function partsOf(url: string): { username: string; password: string; host: string; pathname: string } {
  const [, username = '', password = '', host = '', pathname = ''] =
    /^postgresql:\/\/([^:]+):([^@]+)@([^/]+)(\/.*)$/.exec(url) ?? []
  return { username, password, host: decodeURIComponent(host), pathname }
}

/** Needs root; elsewhere the disk is as large as it is. */
function mountSmallDisk(folder: string, sizeMb: number): boolean {
  try {
    const options = `size=${sizeMb}m,mode=711`
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

async function fill(file: string): Promise<void> {
  const ballast = await open(file, 'w')
  try {
    for (let size = 1024 * 1024; size >= 512; size /= 2) {
      const block = Buffer.alloc(size)
      while ((await ballast.write(block).catch(() => ({ bytesWritten: 0 }))).bytesWritten === size);
    }
  } finally {
    await ballast.close()
  }
}
