/**
 * The postmaster of a cluster as its file postmaster.pid tells: who runs, where it listens, and how to end one that
 * a killed program left behind. https://www.postgresql.org/docs/18/storage-file-layout.html
 */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Failure } from '../../kernel/failure.ts'
import type { Log } from '../../kernel/log.ts'

const execute = promisify(execFile)

export interface Postmaster {
  readonly pid: number
  readonly port: number
  readonly socketFolder: string
}

/** Prefix of the folders that hold our sockets. Short: a socket's path has at most 103 bytes on macOS. */
export const SOCKET_PREFIX = 'passerelle-pg-'

/** Reads lines 1, 4 and 5: pid, port, socket folder. */
export async function readPostmaster(clusterFolder: string): Promise<Postmaster | undefined> {
  const text = await readFile(join(clusterFolder, 'postmaster.pid'), 'utf8').catch(() => '')
  const [pid, , , port, socketFolder] = text.split('\n')
  if (!pid || !socketFolder) return undefined
  return { pid: Number(pid), port: Number(port), socketFolder }
}

/**
 * Ends the server of a program that was killed. It has noticed that itself and is closing down, as a rule; a fast
 * shutdown is asked for again, then an immediate one, then it is killed. Its committed work is in the log either way.
 */
export async function endLeftover(clusterFolder: string, log: Log): Promise<void> {
  const left = await readPostmaster(clusterFolder)
  if (left !== undefined && isRunning(left.pid) && (await serves(left.pid, clusterFolder))) {
    log.warn({ pid: left.pid }, 'the database of a killed program still runs: ending it')
    await endProcess(left.pid)
  }
  if (left !== undefined) await releaseLockFile(clusterFolder)
  const socketFolder = await lastSocketFolder(clusterFolder)
  if (socketFolder !== undefined) await rm(socketFolder, { recursive: true, force: true })
}

/**
 * A dead process that its parent has not reaped counts as alive for PostgreSQL, which then refuses to start, in some
 * containers for ever. The server ignores a lock file that names its parent, which we are about to be, and still looks
 * whether anybody holds the shared memory that the file tells of.
 */
async function releaseLockFile(clusterFolder: string): Promise<void> {
  const file = join(clusterFolder, 'postmaster.pid')
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text !== undefined) await writeFile(file, text.replace(/^\d+/, String(process.pid)))
}

/** The command line of the last start; unlike postmaster.pid it stays when that server has ended. */
async function lastSocketFolder(clusterFolder: string): Promise<string | undefined> {
  const options = await readFile(join(clusterFolder, 'postmaster.opts'), 'utf8').catch(() => '')
  const folder = /unix_socket_directories=([^"]+)"/.exec(options)?.[1]
  return folder !== undefined && basename(folder).startsWith(SOCKET_PREFIX) ? folder : undefined
}

async function endProcess(pid: number): Promise<void> {
  for (const [signal, patienceMs] of [
    ['SIGINT', 20_000],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 2_000],
  ] as const) {
    if (!send(pid, signal)) return
    for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += 20) {
      if (!isRunning(pid)) return
      await sleep(20)
    }
  }
  throw new Failure('conflict', 'database-still-running', { pid })
}

function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw new Failure('conflict', 'database-still-running', { pid }, { cause: error })
  }
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return !isZombie(pid)
}

/** Where there is a /proc: the state is the field after the command's name in parentheses. proc_pid_stat(5) */
function isZombie(pid: number): boolean {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

/** Pids are used again, so the command line must say that this is the server of this cluster. */
async function serves(pid: number, clusterFolder: string): Promise<boolean> {
  const command =
    (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined)) ??
    (await execute('ps', ['-ww', '-o', 'command=', '-p', String(pid)]).then(
      ({ stdout }) => stdout,
      () => '',
    ))
  return command.includes('postgres') && command.replaceAll('\0', ' ').includes(`-D ${clusterFolder} `)
}
