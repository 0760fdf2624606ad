/** The database cluster on disk: made once by initdb, its settings written at each start. */
import { chown, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Failure } from '../../kernel/failure.ts'
import type { Account } from './account.ts'
import type { Binaries } from './binaries.ts'
import { spawnTied } from './lifeline.ts'
import { makePrivateFolder } from './placement.ts'
import { ACCESS_FILE, settingsFile, type Settings } from './settings.ts'

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
  await mkdir(dirname(folder), { recursive: true })
  await removeUnfinished(folder)
  const workshop = await makePrivateFolder(`${folder}${UNFINISHED}`, account)
  try {
    const passwordFile = join(workshop, 'password')
    await writeFor(account, passwordFile, `${password}\n`)
    await runInitdb(binaries.initdb, initdbOptions(join(workshop, 'cluster'), passwordFile), account)
    await rename(join(workshop, 'cluster'), folder)
  } finally {
    await rm(workshop, REMOVAL)
  }
}

const UNFINISHED = '.new-'

/** The initdb of a killed program may still be clearing up in there. */
const REMOVAL = { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }

async function removeUnfinished(folder: string): Promise<void> {
  for (const name of await readdir(dirname(folder))) {
    if (name.startsWith(`${basename(folder)}${UNFINISHED}`)) await rm(join(dirname(folder), name), REMOVAL)
  }
}

async function runInitdb(initdb: string, options: string[], account: Account | undefined): Promise<void> {
  const { child, ended } = spawnTied(initdb, options, account)
  let complaints = ''
  child.stderr!.on('data', (chunk: Buffer) => (complaints += chunk.toString()))
  await ended
  if (child.exitCode === 0) return
  const reason =
    /error: (.*)/.exec(complaints)?.[1] ?? (complaints.trim().split('\n').at(-1) || 'it was ended')
  throw new Failure('unavailable', 'initdb-failed', { reason })
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

async function writeFor(account: Account | undefined, file: string, text: string): Promise<void> {
  await writeFile(file, text, { mode: 0o600 })
  if (account !== undefined) await chown(file, account.uid, account.gid)
}
