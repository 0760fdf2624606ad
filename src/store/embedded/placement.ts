/**
 * Puts programs and cluster where the server's account can reach them. Nothing to do as a plain user. A root process
 * whose checkout or data folder lies behind a closed door (/root, a 0700 folder) gets a copy of the programs and a
 * cluster folder below /var/lib/passerelle; folders that are not ours keep their permissions.
 */
import {
  chmod,
  chown,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readlink,
  rename,
  rm,
  symlink,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { Failure } from '../../kernel/failure.ts'
import type { Log } from '../../kernel/log.ts'
import { canReach, type Account } from './account.ts'
import { binariesIn, type Binaries } from './binaries.ts'

export const SYSTEM_FOLDER = '/var/lib/passerelle'

/** The programs as the account can run them: these, or a copy of them, made once for each version. */
export async function placeBinaries(
  binaries: Binaries,
  account: Account | undefined,
  log: Log,
  systemFolder: string,
): Promise<Binaries> {
  if (account === undefined || (await canRun(account, binaries))) return binaries
  const name = `postgres-${binaries.version}-${process.arch}`
  for (const folder of [systemFolder, join(tmpdir(), 'passerelle')]) {
    const copy = binariesIn(join(folder, name), binaries.version)
    if (await canRun(account, copy)) return copy
    try {
      await copyBinaries(binaries, folder, copy.root)
    } catch {
      continue // A read-only or full file system: the next folder.
    }
    if (await canRun(account, copy)) {
      log.info({ folder: copy.root }, 'PostgreSQL programs copied to where their account can read them')
      return copy
    }
  }
  throw new Failure('unsupported', 'database-programs-unreachable', { folder: binaries.root })
}

async function canRun(account: Account, { root, postgres }: Binaries): Promise<boolean> {
  // The second file stands for those that a clone under umask 077 would have closed.
  const reaches = [
    canReach(account, '-x', postgres),
    canReach(account, '-r', join(root, 'share', 'postgresql', 'postgres.bki')),
  ]
  return (await Promise.all(reaches)).every(Boolean)
}

async function copyBinaries(binaries: Binaries, folder: string, target: string): Promise<void> {
  await makeOpenFolder(folder)
  const making = await mkdtemp(`${target}.`)
  try {
    await cp(binaries.root, making, { recursive: true, verbatimSymlinks: true })
    await chmod(making, 0o755)
    for (const entry of await readdir(making, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name)
      const runs = entry.isDirectory() || entry.parentPath === join(making, 'bin')
      if (!entry.isSymbolicLink()) await chmod(path, runs ? 0o755 : 0o644)
    }
    await rm(target, { recursive: true, force: true })
    await rename(making, target)
  } finally {
    await rm(making, { recursive: true, force: true })
  }
}

/**
 * The real path where the cluster of this data folder is or is to be made; the folder itself need not exist yet.
 * Behind a closed door it is a folder of its own below /var/lib, and `<data>/postgres` is a link to it.
 */
export async function placeCluster(
  dataFolder: string,
  account: Account | undefined,
  log: Log,
  systemFolder: string,
): Promise<string> {
  const usual = join(dataFolder, 'postgres')
  const linked = await linkTarget(usual)
  if (linked !== undefined) return linked
  if (account === undefined || (await canReach(account, '-x', dataFolder))) return usual
  const clusters = join(systemFolder, 'clusters')
  const cluster = join(clusters, randomBytes(6).toString('hex'))
  await makeOpenFolder(systemFolder)
  await makeOpenFolder(clusters)
  if (!(await canReach(account, '-x', clusters))) {
    throw new Failure('unsupported', 'data-folder-unreachable', { folder: dataFolder })
  }
  await symlink(cluster, usual)
  log.info({ folder: cluster }, 'the data folder is closed to the database account: its cluster is kept here')
  return cluster
}

async function linkTarget(path: string): Promise<string | undefined> {
  const found = await lstat(path).catch(() => undefined)
  return found?.isSymbolicLink() === true ? readlink(path) : undefined
}

/** A folder that everybody may pass through. Its mode is set only when it is made here. */
async function makeOpenFolder(folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true })
  if (made !== undefined) await chmod(folder, 0o755)
}

/** A new folder that only the server's account (and root) can enter. */
export async function makePrivateFolder(prefix: string, account: Account | undefined): Promise<string> {
  const folder = await mkdtemp(prefix)
  await chmod(folder, 0o700)
  if (account !== undefined) await chown(folder, account.uid, account.gid)
  return folder
}
