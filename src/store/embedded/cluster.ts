/** The database cluster on disk: made once by initdb, its settings written at each start. */
import { execFile } from 'node:child_process'
import { chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { Failure } from '../../kernel/failure.ts'
import type { Account } from './account.ts'
import type { Binaries } from './binaries.ts'
import { makePrivateFolder } from './placement.ts'
import { ACCESS_FILE, settingsFile, type Settings } from './settings.ts'

const execute = promisify(execFile)

/** The owner of the cluster and the name of the database in it. */
export const OWNER = 'passerelle'

/** The version of PostgreSQL that these programs are and that the cluster must have. */
const MAJOR_VERSION = '18'

export interface ClusterRequest {
  readonly folder: string
  readonly binaries: Binaries
  readonly account: Account | undefined
  readonly password: string
  readonly settings: Settings
}

/**
 * Makes the cluster unless it is there, and writes its settings.
 * initdb works in a folder beside it that is renamed when whole, so a crash leaves no half-made cluster.
 */
export async function prepareCluster(request: ClusterRequest): Promise<{ made: boolean }> {
  const version = await clusterVersion(request.folder)
  if (version === undefined) await makeCluster(request)
  else if (version !== MAJOR_VERSION) {
    throw new Failure('unsupported', 'cluster-version', { cluster: version, program: MAJOR_VERSION })
  }
  await writeFor(request.account, join(request.folder, 'postgresql.conf'), settingsFile(request.settings))
  await writeFor(request.account, join(request.folder, 'pg_hba.conf'), ACCESS_FILE)
  return { made: version === undefined }
}

async function clusterVersion(folder: string): Promise<string | undefined> {
  try {
    return (await readFile(join(folder, 'PG_VERSION'), 'utf8')).trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Failure('unavailable', 'cluster-unreadable', { folder }, { cause: error })
  }
}

async function makeCluster({ folder, binaries, account, password }: ClusterRequest): Promise<void> {
  const making = `${folder}.new`
  await rm(making, { recursive: true, force: true })
  await mkdir(dirname(folder), { recursive: true })
  await mkdir(making, { mode: 0o700 })
  if (account !== undefined) await chown(making, account.uid, account.gid)
  const passwordFolder = await makePrivateFolder('/tmp/passerelle-initdb-', account)
  try {
    const passwordFile = join(passwordFolder, 'password')
    await writeFor(account, passwordFile, `${password}\n`)
    await execute(binaries.initdb, initdbOptions(making, passwordFile), {
      ...account,
      cwd: '/',
      env: SERVER_ENV,
    })
    await rename(making, folder)
  } catch (cause) {
    throw new Failure('unavailable', 'initdb-failed', { folder }, { cause })
  } finally {
    await rm(passwordFolder, { recursive: true, force: true })
    await rm(making, { recursive: true, force: true })
  }
}

/** The builtin C.UTF-8 sorts by code point and never changes with a library of the machine, so indexes stay valid. */
function initdbOptions(folder: string, passwordFile: string): string[] {
  return [
    `--pgdata=${folder}`,
    `--username=${OWNER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--data-checksums',
    '--no-instructions',
  ]
}

/** Nothing of our environment reaches the server: a stray PGDATA or LC_ALL must not change what it does. */
export const SERVER_ENV: NodeJS.ProcessEnv = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }

async function writeFor(account: Account | undefined, file: string, text: string): Promise<void> {
  await writeFile(file, text, { mode: 0o600 })
  if (account !== undefined) await chown(file, account.uid, account.gid)
}
