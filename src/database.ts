/** The database that the configuration names: our own server in the data folder, or one that somebody else runs. */
import { fileURLToPath } from 'node:url'
import type { Config } from './config.ts'
import type { Log } from './kernel/log.ts'
import { makeDataFolder } from './store/data-folder.ts'
import { runningUrl, startEmbedded } from './store/embedded/index.ts'
import { checkExternal } from './store/external.ts'
import { migrate } from './store/migrate.ts'

export interface Database extends AsyncDisposable {
  /** Connects as the owner. Holds a password: never log it. */
  readonly url: string
  /** `embedded` when no other program can be using the data folder. */
  readonly kind: 'embedded' | 'external'
  /** Settles when the embedded server ended, asked or not. */
  readonly ended: Promise<void>
}

/** For as long as the program runs. */
export async function openDatabase({ databaseUrl, dataDir }: Config, log: Log): Promise<Database> {
  if (databaseUrl === undefined) {
    return { ...(await startEmbedded({ folder: dataDir, log })), kind: 'embedded' }
  }
  await makeDataFolder(dataDir)
  await checkExternal(databaseUrl)
  return { url: databaseUrl, kind: 'external', ended: forever(), async [Symbol.asyncDispose]() {} }
}

/**
 * For a command, also while the server runs beside it. A database that no server runs on is brought up to date first, unless
 * it is wanted as it is.
 */
export async function borrowDatabase(
  { databaseUrl, dataDir }: Config,
  log: Log,
  { asItIs = false } = {},
): Promise<{ readonly url: string } & AsyncDisposable> {
  if (databaseUrl === undefined) {
    const running = await runningUrl(dataDir)
    if (running !== undefined) return { url: running, async [Symbol.asyncDispose]() {} }
    const started = await startEmbedded({ folder: dataDir, log })
    if (!asItIs) await migrateDatabase(started.url, log)
    return started
  }
  await checkExternal(databaseUrl)
  return { url: databaseUrl, async [Symbol.asyncDispose]() {} }
}

/** Where a database answers already, for what can do without: none is started and none is brought up to date. */
export async function databaseAtHand({ databaseUrl, dataDir }: Config): Promise<string | undefined> {
  if (databaseUrl === undefined) return runningUrl(dataDir)
  await checkExternal(databaseUrl)
  return databaseUrl
}

/** Brings the database to this program's schema. Returns what ran, or would run. */
export function migrateDatabase(url: string, log: Log, { dryRun = false } = {}): Promise<readonly string[]> {
  return migrate({ url, folder: fileURLToPath(new URL('../sql', import.meta.url)), log, dryRun })
}

function forever(): Promise<void> {
  return new Promise(() => undefined)
}
