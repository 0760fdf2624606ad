import { setTimeout as sleep } from 'node:timers/promises'
import { utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { testDatabase } from '../../test/support/database.ts'
import { testFolder } from '../../test/support/folder.ts'
import { silentLog } from '../kernel/log.ts'
import { openFileBlobStore } from '../store/blobs/index.ts'
import { makeBinarySweeper } from './binary-sweeper.ts'

test('ten minutes after the start, and once a day from then, what nothing refers to goes when it is a day old', async () => {
  await using database = await testDatabase()
  await using folder = await testFolder()
  const binaryBlobs = await openFileBlobStore({ folder: folder.path, orphanAgeMs: 0 })
  const [old, young] = [
    await binaryBlobs.put(Buffer.from('old')),
    await binaryBlobs.put(Buffer.from('young')),
  ]
  await makeOld(folder.path, old.digest)

  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const sweeper = makeBinarySweeper({ db: database.db, binaryBlobs, log: silentLog })
    await sweeper.start()
    vi.advanceTimersByTime(10 * 60_000)
    await until(async () => !(await binaryBlobs.has(old.digest)))
    expect(await binaryBlobs.has(young.digest)).toBe(true)

    await makeOld(folder.path, young.digest)
    await until(async () => {
      vi.advanceTimersByTime(24 * 3_600_000)
      return !(await binaryBlobs.has(young.digest))
    })
    await sweeper.stop()
    const { digest } = await binaryBlobs.put(Buffer.from('late'))
    await makeOld(folder.path, digest)
    vi.advanceTimersByTime(48 * 3_600_000)
    await sleep(100)
    expect(await binaryBlobs.has(digest)).toBe(true)
  } finally {
    vi.useRealTimers()
  }
})

async function makeOld(folder: string, digest: string): Promise<void> {
  const longAgo = new Date(Date.now() - 25 * 3_600_000)
  await utimes(join(folder, digest.slice(0, 2), digest), longAgo, longAgo)
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let look = 0; !(await holds()); look++) {
    if (look === 500) throw new Error('it never came')
    await sleep(10)
  }
}
