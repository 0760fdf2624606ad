/**
 * A spool in a file. Small chunks are gathered, so that an object that comes in PDUs of 16 KB costs few writes; one
 * write is under way while the next chunks come.
 */
import { createHash } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { Failure } from '../../kernel/failure.ts'
import type { Blob, Spool } from './blob-store.ts'

/** As much is written at once: enough for few writes, little enough that the disk works while the line does. */
const GATHER_BYTES = 128 * 1024

/** `keep` puts the flushed file where it belongs. */
export async function openFileSpool(
  path: string,
  keep: (path: string, blob: Blob) => Promise<void>,
): Promise<Spool> {
  const handle = await open(path, 'wx', 0o600)
  const hash = createHash('sha256')
  let size = 0
  let gathered: Buffer[] = []
  let gatheredBytes = 0
  let underway: Promise<void> = Promise.resolve()
  let writable = true

  async function flushGathered(): Promise<void> {
    const chunks = gathered
    gathered = []
    gatheredBytes = 0
    for (let rest = chunks; rest.length > 0;) {
      const { bytesWritten } = await handle.writev(rest)
      rest = afterBytes(rest, bytesWritten)
    }
  }

  async function close(): Promise<void> {
    writable = false
    await handle.close()
  }

  async function abort(): Promise<void> {
    if (!writable) return
    await close()
    await rm(path, { force: true })
  }

  return {
    async write(chunk) {
      if (!writable) throw new Failure('internal', 'spool-closed')
      gathered.push(chunk)
      gatheredBytes += chunk.length
      size += chunk.length
      if (gatheredBytes >= GATHER_BYTES) {
        await underway
        underway = flushGathered()
        underway.catch(() => {}) // it rejects the next write, or the commit
      }
      hash.update(chunk) // while the disk writes
    },
    async commit() {
      if (!writable) throw new Failure('internal', 'spool-closed')
      try {
        await underway
        await flushGathered()
        await handle.datasync()
        const blob = { digest: hash.digest('hex'), size }
        await Promise.all([close(), keep(path, blob)])
        return blob
      } catch (error) {
        if (writable) await close().catch(() => undefined)
        await rm(path, { force: true })
        throw error
      }
    },
    abort,
  }
}

/** What is left when the system took fewer bytes than it was given. */
function afterBytes(chunks: readonly Buffer[], count: number): Buffer[] {
  let taken = count
  const rest: Buffer[] = []
  for (const chunk of chunks) {
    if (taken >= chunk.length) taken -= chunk.length
    else {
      rest.push(chunk.subarray(taken))
      taken = 0
    }
  }
  return rest
}
