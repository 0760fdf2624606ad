/**
 * The account that the database server runs under. PostgreSQL refuses to run as root, so a root process gives it
 * another uid; everybody else runs it as themselves.
 */
import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Failure } from '../../kernel/failure.ts'

const execute = promisify(execFile)

export interface Account {
  readonly uid: number
  readonly gid: number
}

/**
 * The account for the cluster in this folder; undefined means our own.
 * An existing cluster keeps its owner, whatever accounts the machine has got since it was made.
 */
export async function serverAccount(clusterFolder: string): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined
  return (
    (await ownerOf(clusterFolder)) ??
    (await lookUp('postgres')) ??
    (await lookUp('passerelle')) ??
    (await createAccount()) ??
    (await lookUp('nobody')) ??
    fail()
  )
}

function fail(): never {
  throw new Failure('unsupported', 'database-account-missing')
}

async function ownerOf(clusterFolder: string): Promise<Account | undefined> {
  try {
    const { uid, gid } = await stat(join(clusterFolder, 'PG_VERSION'))
    return uid === 0 ? undefined : { uid, gid }
  } catch {
    return undefined
  }
}

async function lookUp(name: string): Promise<Account | undefined> {
  try {
    const [uid, gid] = await Promise.all([idOf('-u', name), idOf('-g', name)])
    return uid === 0 ? undefined : { uid, gid }
  } catch {
    return undefined
  }
}

async function idOf(option: '-u' | '-g', name: string): Promise<number> {
  const { stdout } = await execute('id', [option, name])
  return Number.parseInt(stdout, 10)
}

/** A system account without home and login: shadow-utils first, then the form of BusyBox. */
async function createAccount(): Promise<Account | undefined> {
  const attempts = [
    ['useradd', '--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', 'passerelle'],
    ['adduser', '-S', '-D', '-H', '-s', '/sbin/nologin', 'passerelle'],
  ] as const
  for (const [program, ...args] of attempts) {
    try {
      await execute(program, args)
      return await lookUp('passerelle')
    } catch {
      // The program is not there or the user list cannot be written: try the next way.
    }
  }
  return undefined
}

/** True when the account can read this file (and execute it, when asked). Asks the system, so ACLs count too. */
export async function canReach(account: Account, test: '-x' | '-r', file: string): Promise<boolean> {
  try {
    await execute('/bin/sh', ['-c', 'test "$1" "$2"', 'sh', test, file], { ...account, cwd: '/' })
    return true
  } catch {
    return false
  }
}
