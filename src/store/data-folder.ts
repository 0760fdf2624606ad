/** The folder that holds what the program keeps on this machine: embedded database, blobs, generated secrets. */
import { randomUUID } from 'node:crypto'
import { chmod, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Failure } from '../kernel/failure.ts'

/**
 * Makes the folder. One that is there already keeps the mode that its owner gave it.
 * @throws Failure `unavailable`/`data-folder-refused` with the system's reason
 */
export async function makeDataFolder(folder: string, mode = 0o700): Promise<void> {
  try {
    await mkdir(dirname(folder), { recursive: true })
    await mkdir(folder)
    await chmod(folder, mode) // whatever the umask is
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EEXIST')
      throw new Failure('unavailable', 'data-folder-refused', { folder, reason: code }, { cause: error })
  }
}

/** A generated secret that only this program's user can read: the one that is kept, or a new one. */
export async function keptSecret(dataFolder: string, name: string, make: () => string): Promise<string> {
  const file = join(dataFolder, name)
  const kept = await readSecret(file)
  if (kept !== undefined) return kept
  // Written aside and linked: whole or not there, and the first one wins when programs start at once.
  const making = `${file}.${randomUUID()}`
  try {
    await writeFile(making, `${make()}\n`, { mode: 0o600, flush: true })
    await link(making, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await rm(making, { force: true })
  }
  return (await readSecret(file))!
}

async function readSecret(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return undefined
  }
}
