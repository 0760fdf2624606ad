/** What every blob store keeps to; each adapter's test file runs it. */
import { createHash, randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { BlobStore } from '../../src/store/blobs/index.ts'

export interface BlobStoreUnderTest extends AsyncDisposable {
  readonly store: BlobStore
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

export function blobStoreContract(name: string, make: () => Promise<BlobStoreUnderTest>): void {
  test(`${name}: gives back what was put, under its SHA-256`, async () => {
    await using it = await make()
    const bytes = Buffer.from('a small object')
    const blob = await it.store.put(bytes)
    expect(blob).toEqual({ digest: sha256(bytes), size: bytes.length })
    expect(await buffer(await it.store.read(blob.digest))).toEqual(bytes)
    expect(await it.store.size(blob.digest)).toBe(bytes.length)
    expect(await it.store.has(blob.digest)).toBe(true)
  })

  test(`${name}: any chunks that are spooled come back as one`, async () => {
    await using it = await make()
    const chunks = fc.array(fc.uint8Array({ maxLength: 2000 }), { maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(chunks, async (arrays) => {
        const buffers = arrays.map((array) => Buffer.from(array))
        const spool = await it.store.spool()
        for (const chunk of buffers) await spool.write(chunk)
        const { digest, size } = await spool.commit()
        const whole = Buffer.concat(buffers)
        expect({ digest, size }).toEqual({ digest: sha256(whole), size: whole.length })
        expect(await buffer(await it.store.read(digest))).toEqual(whole)
      }),
      { numRuns: 25 },
    )
  })

  test(`${name}: spools large objects, many at once`, async () => {
    await using it = await make()
    const spoolOne = async (): Promise<void> => {
      const whole = randomBytes(3_000_017)
      const spool = await it.store.spool()
      for (let at = 0; at < whole.length; at += 16_378) await spool.write(whole.subarray(at, at + 16_378))
      const { digest } = await spool.commit()
      expect((await buffer(await it.store.read(digest))).equals(whole)).toBe(true)
    }
    await Promise.all([spoolOne(), spoolOne(), spoolOne(), spoolOne()])
  })

  test(`${name}: reads a part, also one that reaches past the end`, async () => {
    await using it = await make()
    const { digest } = await it.store.put(Buffer.from('0123456789'))
    const part = async (offset: number, length: number): Promise<string> =>
      (await buffer(await it.store.read(digest, { offset, length }))).toString()
    expect(await part(2, 3)).toBe('234')
    expect(await part(8, 100)).toBe('89')
  })

  test(`${name}: the same content twice is one blob`, async () => {
    await using it = await make()
    const blobs = await Promise.all(Array.from({ length: 8 }, () => it.store.put(Buffer.from('twice'))))
    expect(new Set(blobs.map(({ digest }) => digest)).size).toBe(1)
    expect(await buffer(await it.store.read(blobs[0]!.digest))).toEqual(Buffer.from('twice'))
  })

  test(`${name}: an aborted spool leaves nothing`, async () => {
    await using it = await make()
    const bytes = Buffer.from('never kept')
    const spool = await it.store.spool()
    await spool.write(bytes)
    await spool.abort()
    await spool.abort()
    expect(await it.store.has(sha256(bytes))).toBe(false)
    await expect(spool.commit()).rejects.toMatchObject({ code: 'spool-closed' })
  })

  test(`${name}: what is not there has no size and cannot be read`, async () => {
    await using it = await make()
    const nothing = '0'.repeat(64)
    expect(await it.store.size(nothing)).toBeUndefined()
    await expect(it.store.read(nothing)).rejects.toMatchObject({ kind: 'not-found', code: 'blob-missing' })
    await it.store.remove(nothing)
  })

  test(`${name}: what was removed is gone`, async () => {
    await using it = await make()
    const { digest } = await it.store.put(Buffer.from('to be erased'))
    await it.store.remove(digest)
    expect(await it.store.has(digest)).toBe(false)
  })

  test(`${name}: a sweep removes what nothing refers to, when it is old enough`, async () => {
    await using it = await make()
    const [kept, lost] = await Promise.all(['kept', 'lost'].map((word) => it.store.put(Buffer.from(word))))
    const used = async (digests: readonly string[]) =>
      new Set(digests.filter((each) => each === kept!.digest))
    expect(await it.store.sweep({ unusedMs: 60_000, used })).toBe(0)
    expect(await it.store.sweep({ unusedMs: 0, used })).toBe(1)
    expect([await it.store.has(kept!.digest), await it.store.has(lost!.digest)]).toEqual([true, false])
  })

  test(`${name}: what is referred to while a sweep is at it stays`, async () => {
    await using it = await make()
    const { digest } = await it.store.put(Buffer.from('late'))
    let asked = 0
    const used = async (digests: readonly string[]) => new Set(asked++ === 0 ? [] : digests)
    expect(await it.store.sweep({ unusedMs: 0, used })).toBe(0)
    expect(await buffer(await it.store.read(digest))).toEqual(Buffer.from('late'))
  })

  test(`${name}: content that comes in again while a sweep is at it stays`, async () => {
    await using it = await make()
    const { digest } = await it.store.put(Buffer.from('again'))
    let asked = 0
    const used = async () => {
      if (asked++ === 1) await it.store.put(Buffer.from('again'))
      return new Set<string>()
    }
    await it.store.sweep({ unusedMs: 0, used })
    expect(await it.store.has(digest)).toBe(true)
  })

  test(`${name}: only a digest names a blob`, async () => {
    await using it = await make()
    await expect(it.store.read('../../etc/passwd')).rejects.toMatchObject({ code: 'blob-digest' })
  })

  test(`${name}: the probe leaves nothing and passes`, async () => {
    await using it = await make()
    await expect(it.store.probe()).resolves.toBeUndefined()
  })
}
