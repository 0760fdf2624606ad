/**
 * One program at a time on a data folder. The lock is an SQLite file held exclusively: the kernel keeps it and drops
 * it with the process, so a SIGKILL leaves nothing stale, which a file with a pid in it would.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseSync } from 'node:sqlite'
import { Failure } from '../../kernel/failure.ts'

export interface FolderLock extends Disposable {
  release(): void
}

/** A program that is just stopping is waited for, so that a restart need not be timed. */
const PATIENCE_MS = 2000
const LOOK_EVERY_MS = 50

/** @throws Failure `conflict`/`data-folder-in-use` with the folder and, where known, the other program's pid. */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const holder = join(folder, 'passerelle.pid')
  const database = await openPatiently(join(folder, 'passerelle.lock'))
  if (database === undefined) {
    throw new Failure('conflict', 'data-folder-in-use', { folder, pid: readPid(holder) })
  }
  writeFileSync(holder, `${process.pid}\n`, { mode: 0o600 })
  const release = (): void => {
    if (!database.isOpen) return
    rmSync(holder, { force: true })
    database.close()
  }
  return { release, [Symbol.dispose]: release }
}

async function openPatiently(file: string): Promise<DatabaseSync | undefined> {
  for (let waitedMs = 0; ; waitedMs += LOOK_EVERY_MS) {
    const database = openExclusively(file)
    if (database !== undefined || waitedMs >= PATIENCE_MS) return database
    await sleep(LOOK_EVERY_MS)
  }
}

function openExclusively(file: string): DatabaseSync | undefined {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(file, { timeout: 0 })
    database.exec('pragma journal_mode = memory; begin exclusive')
    return database
  } catch (error) {
    database?.close()
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return undefined
    throw new Failure(
      'unavailable',
      'data-folder-refused',
      { folder: dirname(file), reason: (error as Error).message },
      { cause: error },
    )
  }
}

const SQLITE_BUSY = 5

function readPid(file: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(file, 'utf8'), 10)
  } catch {
    return undefined
  }
}
