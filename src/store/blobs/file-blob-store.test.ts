import { createHash, randomBytes } from 'node:crypto'
import { readdir, rename, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { blobStoreContract } from '../../../test/support/blob-store-contract.ts'
import { testFolder } from '../../../test/support/folder.ts'
import { openFileBlobStore } from './index.ts'

async function makeStore(orphanAgeMs = 0) {
  const folder = await testFolder()
  const store = await openFileBlobStore({ folder: folder.path, orphanAgeMs })
  return {
    store,
    folder: folder.path,
    spools: () => readdir(join(folder.path, 'spool')),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}

blobStoreContract('folder', () => makeStore())

test('spools leave no files behind, committed or aborted', async () => {
  await using it = await makeStore()
  await it.store.put(Buffer.from('kept'))
  const spool = await it.store.spool()
  await spool.abort()
  expect(await it.spools()).toEqual([])
})

test('content larger than one write is whole, whatever pieces it came in', async () => {
  await using it = await makeStore()
  const content = randomBytes(3_000_001)
  const spool = await it.store.spool()
  for (let at = 0; at < content.length; at += 70_001) await spool.write(content.subarray(at, at + 70_001))
  const { digest, size } = await spool.commit()
  expect(size).toBe(content.length)
  expect(digest).toBe(createHash('sha256').update(content).digest('hex'))
  expect(content.equals(await buffer(await it.store.read(digest)))).toBe(true)
})

test('a spool given up while it is being written leaves no file behind', async () => {
  await using it = await makeStore()
  const spool = await it.store.spool()
  await spool.write(Buffer.alloc(8_000_000))
  await spool.abort()
  expect(await it.spools()).toEqual([])
})

test('a start clears away spools that a killed program left, and blobs stay', async () => {
  await using it = await makeStore()
  const { digest } = await it.store.put(Buffer.from('kept'))
  const abandoned = await it.store.spool()
  await abandoned.write(Buffer.alloc(1_000_000))
  const reopened = await openFileBlobStore({ folder: it.folder, orphanAgeMs: 0 })
  expect(await it.spools()).toEqual([])
  expect(await reopened.has(digest)).toBe(true)
  await abandoned.abort()
})

test('where programs share the folder, only spools that rest for long are cleared away', async () => {
  await using it = await makeStore()
  const [resting, busy] = [await it.store.spool(), await it.store.spool()]
  const [first] = await it.spools()
  const longAgo = new Date(Date.now() - 7_200_000)
  await utimes(join(it.folder, 'spool', first!), longAgo, longAgo)
  await openFileBlobStore({ folder: it.folder, orphanAgeMs: 3_600_000 })
  expect(await it.spools()).toHaveLength(1)
  await Promise.all([resting.abort(), busy.abort()])
})

test('a blob that a killed sweep had moved aside is back after a start', async () => {
  await using it = await makeStore()
  const { digest } = await it.store.put(Buffer.from('kept'))
  await rename(join(it.folder, digest.slice(0, 2), digest), join(it.folder, 'spool', `swept-${digest}`))
  const reopened = await openFileBlobStore({ folder: it.folder, orphanAgeMs: 0 })
  expect(await buffer(await reopened.read(digest))).toEqual(Buffer.from('kept'))
  expect(await it.spools()).toEqual([])
})
