/**
 * Clears a folder of blobs of what nothing refers to: content that was kept by a program that was killed, or whose
 * resource was refused, before anything was committed that refers to it.
 *
 * The same content may come in again at any moment. So a blob is first moved aside, and looked at again: when it is
 * young by now, the move took along what has just come in, and when something refers to it by now, that was committed in
 * between. Both go back, also after a crash. What comes in after the move makes a file of its own.
 */
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Digest, SweepOptions } from './blob-store.ts'

const BATCH = 500

export async function sweepFolder(
  folder: string,
  spools: string,
  { unusedMs, used }: SweepOptions,
): Promise<number> {
  let removed = 0
  for (const name of await readdir(folder)) {
    if (!/^[0-9a-f]{2}$/.test(name)) continue
    const subfolder = join(folder, name)
    const digests = (await readdir(subfolder)).filter((file) => DIGEST.test(file))
    for (let at = 0; at < digests.length; at += BATCH) {
      const old = await oldOnes(subfolder, digests.slice(at, at + BATCH), unusedMs)
      const inUse = await used(old)
      for (const digest of old) if (!inUse.has(digest) && (await remove(subfolder, digest))) removed++
    }
  }
  return removed

  async function remove(subfolder: string, digest: Digest): Promise<boolean> {
    const [path, aside] = [join(subfolder, digest), join(spools, ASIDE + digest)]
    await rename(path, aside).catch(ignoreMissing) // Somebody else may be sweeping too.
    if (!(await isOld(aside, unusedMs)) || (await used([digest])).has(digest)) {
      await rename(aside, path).catch(ignoreMissing)
      return false
    }
    await rm(aside, { force: true })
    return true
  }
}

const ASIDE = 'swept-'
const DIGEST = /^[0-9a-f]{64}$/

/** Where a file among the spools belongs that a sweep had moved aside when its program was killed; undefined: it is none. */
export function sweptDigest(name: string): Digest | undefined {
  const digest = name.startsWith(ASIDE) ? name.slice(ASIDE.length) : ''
  return DIGEST.test(digest) ? digest : undefined
}

async function oldOnes(folder: string, digests: readonly Digest[], ageMs: number): Promise<Digest[]> {
  const old: Digest[] = []
  for (const digest of digests) if (await isOld(join(folder, digest), ageMs)) old.push(digest)
  return old
}

async function isOld(path: string, ageMs: number): Promise<boolean> {
  const found = await stat(path).catch((error: unknown) => ignoreMissing(error))
  return found !== undefined && Date.now() - found.mtimeMs >= ageMs
}

function ignoreMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
}
