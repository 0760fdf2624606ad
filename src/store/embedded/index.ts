/** PostgreSQL 18 as part of the program: nothing to install, one data folder, started and stopped with us. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Client } from 'pg'
import { Failure } from '../../kernel/failure.ts'
import type { Log } from '../../kernel/log.ts'
import { keptSecret, makeDataFolder } from '../data-folder.ts'
import { serverAccount, type Account } from './account.ts'
import { findBinaries } from './binaries.ts'
import { OWNER, prepareCluster } from './cluster.ts'
import { lockFolder } from './lock.ts'
import { makePrivateFolder, placeBinaries, placeCluster, SYSTEM_FOLDER } from './placement.ts'
import { endLeftover, isRunning, readPostmaster, SOCKET_PREFIX } from './postmaster.ts'
import { startServer } from './server.ts'
import { defaultSettings, type Settings } from './settings.ts'

export interface EmbeddedOptions {
  /** The data folder of the program; the cluster is `postgres` in it. */
  readonly folder: string
  readonly log: Log
  /** Added to, or put instead of, the default settings. */
  readonly settings?: Settings
  /** Where a root process keeps what the database's account could not reach otherwise. */
  readonly systemFolder?: string
}

export interface EmbeddedPostgres extends AsyncDisposable {
  /** Connects as the owner of the database. Holds the password: never log it. */
  readonly url: string
  readonly pid: number
  /** Settles when the server has ended, asked or not. */
  readonly ended: Promise<void>
  stop(): Promise<void>
}

/**
 * Starts the server of a data folder, making folder and cluster when they are not there.
 * @throws Failure `data-folder-in-use` when another program holds the folder, `database-start-failed`,
 * `cluster-version`, `database-programs-unreachable`, `data-folder-unreachable`
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  if (process.platform === 'win32') throw new Failure('unsupported', 'embedded-postgres-platform')
  const folder = resolve(options.folder)
  const account = await serverAccount(join(folder, 'postgres'))
  // Another account must be able to pass through, though it cannot list the folder or open anything but its cluster.
  await makeDataFolder(folder, account === undefined ? 0o700 : 0o711)
  const lock = await lockFolder(folder)
  try {
    const server = await startLocked(folder, account, options)
    const stop = async (): Promise<void> => {
      await server.stop()
      lock.release()
    }
    return { ...server, stop, [Symbol.asyncDispose]: stop }
  } catch (error) {
    lock.release()
    throw error
  }
}

type Started = Omit<EmbeddedPostgres, typeof Symbol.asyncDispose>

async function startLocked(
  folder: string,
  account: Account | undefined,
  { log, settings, systemFolder = SYSTEM_FOLDER }: EmbeddedOptions,
): Promise<Started> {
  const binaries = await placeBinaries(await findBinaries(), account, log, systemFolder)
  const cluster = await placeCluster(folder, account, log, systemFolder)
  await endLeftover(cluster, log)
  const password = await ownerPassword(folder)
  await prepareCluster({
    folder: cluster,
    binaries,
    account,
    password,
    settings: { ...defaultSettings(), ...settings },
  })
  const socketFolder = await makePrivateFolder(`/tmp/${SOCKET_PREFIX}`, account)
  const forgetSocket = (): Promise<void> => rm(socketFolder, { recursive: true, force: true })
  try {
    const server = await startServer({ binaries, account, cluster, socketFolder, log })
    await ensureDatabase(urlOf(socketFolder, password, 'postgres'))
    return {
      url: urlOf(socketFolder, password, OWNER),
      pid: server.pid,
      ended: server.ended,
      stop: async () => {
        await server.stop()
        await forgetSocket()
      },
    }
  } catch (error) {
    await forgetSocket()
    throw error
  }
}

/** The owner's URL of a server that is there while it is borrowed. */
export interface BorrowedPostgres extends AsyncDisposable {
  readonly url: string
}

/** The server of a data folder for a short errand: the one that runs, or one that is started for it. */
export async function borrowEmbedded(options: EmbeddedOptions): Promise<BorrowedPostgres> {
  const url = await runningUrl(options.folder)
  return url === undefined ? startEmbedded(options) : { url, async [Symbol.asyncDispose]() {} }
}

/** The owner's URL of the server that runs on this data folder now; undefined when none runs. */
export async function runningUrl(dataFolder: string): Promise<string | undefined> {
  const running = await readPostmaster(join(resolve(dataFolder), 'postgres'))
  if (running === undefined || !isRunning(running.pid)) return undefined
  return urlOf(running.socketFolder, await ownerPassword(resolve(dataFolder)), OWNER)
}

function urlOf(socketFolder: string, password: string, database: string): string {
  return `postgresql://${OWNER}:${password}@${encodeURIComponent(socketFolder)}/${database}`
}

/** Made at the first start. A cluster whose password is gone is not given a new one silently. */
async function ownerPassword(folder: string): Promise<string> {
  return keptSecret(folder, 'postgres.password', () => {
    if (existsSync(join(folder, 'postgres', 'PG_VERSION'))) {
      throw new Failure('unavailable', 'database-password-missing', {
        file: join(folder, 'postgres.password'),
      })
    }
    return randomBytes(24).toString('base64url')
  })
}

async function ensureDatabase(url: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const found = await client.query('select 1 from pg_database where datname = $1', [OWNER])
    if (found.rowCount === 0) await client.query(`create database ${OWNER}`)
  } finally {
    await client.end()
  }
}
