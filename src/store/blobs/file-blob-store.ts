/**
 * Blobs in a folder: `<folder>/ab/<digest>`, 256 subfolders. Content is spooled beside them, flushed, and renamed into
 * place, so that a name always stands for whole content; then the subfolder is flushed, so that the name stays.
 */
import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure } from '../../kernel/failure.ts'
import type { Blob, BlobStore, Digest } from './blob-store.ts'
import { openFileSpool } from './file-spool.ts'
import { sweepFolder, sweptDigest } from './file-sweep.ts'

export interface FileBlobStoreOptions {
  readonly folder: string
  /**
   * A spool that nobody has written to for this long was left by a program that was killed. 0 when no other program
   * shares the folder.
   */
  readonly orphanAgeMs: number
}

/** Opens the folder, making it when needed, and clears away what killed programs left half-written. */
export async function openFileBlobStore({ folder, orphanAgeMs }: FileBlobStoreOptions): Promise<BlobStore> {
  const spools = join(folder, 'spool')
  await mkdir(spools, { recursive: true, mode: 0o700 })
  await clearSpools(folder, spools, orphanAgeMs)
  const ensureSubfolder = makeSubfolders(folder)
  const pathOf = (digest: Digest): string => join(folder, subfolderOf(digest), digest)

  /** The file is flushed already; it may replace another one, which has the same content. */
  async function keep(file: string, { digest }: Blob): Promise<void> {
    const subfolder = await ensureSubfolder(subfolderOf(digest))
    await rename(file, join(subfolder, digest))
    await flushFolder(subfolder)
  }

  const store: BlobStore = {
    spool: () => openFileSpool(join(spools, randomUUID()), keep),
    async put(bytes) {
      const spool = await store.spool()
      await spool.write(bytes)
      return spool.commit()
    },
    async read(digest, range) {
      const handle = await open(pathOf(digest), 'r').catch((error: unknown) => refuseMissing(error))
      const bounds = range && { start: range.offset, end: range.offset + range.length - 1 }
      return handle.createReadStream({ ...bounds, highWaterMark: 256 * 1024 })
    },
    async size(digest) {
      const found = await stat(pathOf(digest)).catch((error: unknown) => ignoreMissing(error))
      return found?.size
    },
    has: async (digest) => (await store.size(digest)) !== undefined,
    sweep: (options) => sweepFolder(folder, spools, options),
    remove: (digest) => rm(pathOf(digest), { force: true }),
    async probe() {
      const spool = await store.spool()
      await spool.write(Buffer.from('probe'))
      await spool.abort()
    },
  }
  return store
}

/** Also the guard against a digest that is a path: whatever a caller passes on, only digests name files. */
function subfolderOf(digest: Digest): string {
  if (!/^[0-9a-f]{64}$/.test(digest)) throw new Failure('invalid', 'blob-digest')
  return digest.slice(0, 2)
}

/** Makes each subfolder once, and sees to it that its own name is on disk before anything relies on it. */
function makeSubfolders(folder: string): (name: string) => Promise<string> {
  const made = new Map<string, Promise<string>>()
  const make = async (name: string): Promise<string> => {
    const path = join(folder, name)
    await mkdir(path, { recursive: true, mode: 0o700 })
    await flushFolder(folder)
    return path
  }
  return (name) => {
    const known = made.get(name)
    if (known !== undefined) return known
    const making = make(name)
    made.set(name, making)
    making.catch(() => made.delete(name))
    return making
  }
}

async function flushFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r')
  await handle.sync()
}

async function clearSpools(folder: string, spools: string, ageMs: number): Promise<void> {
  const newest = Date.now() - ageMs
  for (const name of await readdir(spools)) {
    const path = join(spools, name)
    const found = await stat(path).catch((error: unknown) => ignoreMissing(error))
    if (found === undefined || found.mtimeMs > newest) continue
    const digest = sweptDigest(name)
    if (digest === undefined) await rm(path, { force: true })
    else await rename(path, join(folder, subfolderOf(digest), digest)).catch(ignoreMissing)
  }
}

function ignoreMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
}

function refuseMissing(error: unknown): never {
  ignoreMissing(error)
  throw new Failure('not-found', 'blob-missing')
}
