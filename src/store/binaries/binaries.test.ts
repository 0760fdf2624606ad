import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { buffer, text } from 'node:stream/consumers'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { testDatabase, type TestDatabase } from '../../../test/support/database.ts'
import { testFolder } from '../../../test/support/folder.ts'
import type { TenantId } from '../../kernel/ids.ts'
import { exactJsonOf, type JsonObject, parseExactObject } from '../../kernel/json.ts'
import { openFileBlobStore } from '../blobs/index.ts'
import { testStore } from '../testing.ts'
import { asBase64, INLINE_BYTES, keepBinaries, sweepBinaries } from './index.ts'

const MANY = 10 * INLINE_BYTES

/** @param shared of another process of the same installation */
async function setUp(shared?: { readonly database: TestDatabase }) {
  const database = shared?.database ?? (await testDatabase())
  const folder = await testFolder()
  const { db, tenant } = database
  const blobs = await openFileBlobStore({ folder: folder.path, orphanAgeMs: 0 })
  const { binaries, repository } = keepBinaries(testStore(db), { db, blobs })

  async function write(id: string, resource: JsonObject, of: TenantId = tenant) {
    const made = exactJsonOf({ resourceType: 'Binary', contentType: 'application/pdf', ...resource })
    const [outcome] = await repository.commit(of, [{ type: 'Binary', id, make: () => made }])
    return outcome!
  }
  const bytesOf = async (body: string, of: TenantId = tenant) => {
    const content = await binaries.content(of, parseExactObject(body).value['data'] as string)
    return buffer(await content.open())
  }
  return {
    database,
    db,
    tenant,
    blobs,
    binaries,
    repository,
    write,
    bytesOf,
    receive: (bytes: Buffer, maxBytes = 1e9) => binaries.receive(tenant, chunksOf(bytes), maxBytes),
    files: async () =>
      (await readdir(folder.path, { recursive: true })).filter((name) => /[0-9a-f]{64}$/.test(name)),
    rows: () => database.ownerQuery<{ tenant: number }>('select * from passerelle.binary_blob'),
    async [Symbol.asyncDispose]() {
      if (!shared) await database[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

async function* chunksOf(bytes: Buffer, size = 10_000): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

test('bytes of any size come back as they came in', async () => {
  await using it = await setUp()
  for (const size of [1, INLINE_BYTES - 1, INLINE_BYTES, INLINE_BYTES + 1, MANY, MANY + 1]) {
    const bytes = randomBytes(size)
    const { body } = await it.write(`b${size}`, { data: (await it.receive(bytes))! })
    expect((await it.bytesOf(body)).equals(bytes)).toBe(true)
  }
  expect(await it.rows()).toHaveLength(3)
  expect(await it.files()).toHaveLength(3)
})

test('no bytes are no data', async () => {
  await using it = await setUp()
  expect(await it.receive(Buffer.alloc(0))).toBeUndefined()
})

test('large data that comes within a resource is kept as a blob, white space or not', async () => {
  await using it = await setUp()
  const bytes = randomBytes(MANY)
  for (const data of [bytes.toString('base64'), bytes.toString('base64').replaceAll(/.{76}/g, '$&\r\n')]) {
    const { body } = await it.write('a', { data })
    expect(body.length).toBeLessThan(500)
    expect((await it.bytesOf(body)).equals(bytes)).toBe(true)
  }
  expect(await it.files()).toHaveLength(1)
})

test('the same bytes again make no version, and no second blob elsewhere either', async () => {
  await using it = await setUp()
  const bytes = randomBytes(MANY)
  const first = await it.write('a', { data: (await it.receive(bytes))! })
  const second = await it.write('a', { data: (await it.receive(bytes))! })
  const third = await it.write('a', { data: bytes.toString('base64') })
  expect([first.did, second.did, third.did]).toEqual(['created', 'unchanged', 'unchanged'])
  const elsewhere = await it.write('b', { data: (await it.receive(bytes))! })
  expect((await it.bytesOf(elsewhere.body)).equals(bytes)).toBe(true)
  expect(await it.rows()).toHaveLength(1)
})

test('superseded versions keep their bytes', async () => {
  await using it = await setUp()
  const [first, second] = [randomBytes(MANY), randomBytes(MANY)]
  await it.write('a', { data: first.toString('base64') })
  await it.write('a', { data: second.toString('base64') })
  const stored = await it.repository.readVersion(it.tenant, 'Binary', 'a', 1)
  expect((await it.bytesOf(stored!.body)).equals(first)).toBe(true)
})

test('a change of something else carries the bytes along', async () => {
  await using it = await setUp()
  const bytes = randomBytes(MANY)
  await it.write('a', { data: bytes.toString('base64') })
  const [outcome] = await it.repository.commit(it.tenant, [
    {
      type: 'Binary',
      id: 'a',
      make: (current) => exactJsonOf({ ...current!.exact, contentType: 'image/png' }),
    },
  ])
  expect(outcome!.did).toBe('updated')
  expect((await it.bytesOf(outcome!.body)).equals(bytes)).toBe(true)
})

test('a reference that a client writes is refused, and means nothing to another tenant', async () => {
  await using it = await setUp()
  const other = await it.database.addTenant('other')
  await using elsewhere = await setUp(it)
  const { body } = await elsewhere.write('a', { data: randomBytes(MANY).toString('base64') })
  const reference = parseExactObject(body).value['data'] as string
  await expect(it.write('b', { data: reference })).rejects.toMatchObject({ code: 'binary-data-reserved' })
  await expect(it.write('a', { data: reference }, other)).rejects.toMatchObject({
    code: 'binary-data-reserved',
  })
  expect((await it.binaries.content(other, reference)).size).toBeLessThan(100)
  expect(await it.binaries.placesIn(other, body)).toEqual([])
  expect(await it.binaries.placesIn(it.tenant, body)).toHaveLength(1)
})

test('a write that is refused leaves no reference, and what others wrote with it neither', async () => {
  await using it = await setUp()
  const data = randomBytes(MANY).toString('base64')
  await expect(it.write('a', { data, contentType: 5 })).rejects.toMatchObject({ code: 'validation-failed' })
  const patient = exactJsonOf({ resourceType: 'Patient', gender: 'x' })
  const binary = exactJsonOf({ resourceType: 'Binary', contentType: 'a/b', data })
  await expect(
    it.repository.commit(it.tenant, [
      { type: 'Binary', id: 'b', make: () => binary },
      { type: 'Patient', id: 'p', make: () => patient },
    ]),
  ).rejects.toMatchObject({ code: 'validation-failed' })
  expect(await it.rows()).toEqual([])
  expect(await it.repository.read(it.tenant, 'Binary', 'b')).toBeUndefined()
})

test('a transaction with many large Binaries keeps each, its audit rows and what rides along', async () => {
  await using it = await setUp()
  const all = Array.from({ length: 20 }, () => randomBytes(MANY))
  const made: number[] = []
  let ridden = 0
  const outcomes = await it.repository.commit(
    it.tenant,
    all.map((bytes, i) => ({
      type: 'Binary',
      id: `b${i}`,
      make: () => {
        made.push(i)
        return exactJsonOf({ resourceType: 'Binary', contentType: 'a/b', data: bytes.toString('base64') })
      },
    })),
    { audit: () => [], with: async () => void ridden++ },
  )
  for (const [i, { body }] of outcomes.entries()) expect((await it.bytesOf(body)).equals(all[i]!)).toBe(true)
  expect([made.length, ridden]).toEqual([40, 1])
})

test('writers of the same new bytes at the same time all have them', async () => {
  await using it = await setUp()
  const bytes = randomBytes(MANY)
  const outcomes = await Promise.all(
    Array.from({ length: 10 }, async (_, i) => it.write(`b${i}`, { data: (await it.receive(bytes))! })),
  )
  for (const { body } of outcomes) expect((await it.bytesOf(body)).equals(bytes)).toBe(true)
  expect(await it.files()).toHaveLength(1)
})

test('more bytes than allowed are refused while they come, and leave nothing', async () => {
  await using it = await setUp()
  await expect(it.receive(randomBytes(MANY), MANY - 1)).rejects.toMatchObject({ code: 'body-too-large' })
  await expect(it.receive(randomBytes(100), 99)).rejects.toMatchObject({ code: 'body-too-large' })
  expect(await it.files()).toEqual([])
})

test('bytes that never were committed are swept, others stay', async () => {
  await using it = await setUp()
  const bytes = randomBytes(MANY)
  const { body } = await it.write('a', { data: bytes.toString('base64') })
  await it.receive(randomBytes(MANY))
  expect(await sweepBinaries(it.db, it.blobs)).toBe(0)
  expect(await it.files()).toHaveLength(2)
  expect(await sweepBinaries(it.db, it.blobs, 0)).toBe(1)
  expect(await it.files()).toHaveLength(1)
  expect((await it.bytesOf(body)).equals(bytes)).toBe(true)
})

test('the bytes go where their reference stands in a text', async () => {
  await using it = await setUp()
  const [first, second] = [randomBytes(MANY), randomBytes(MANY + 1)]
  const bodies = [
    (await it.write('a', { data: first.toString('base64') })).body,
    (await it.write('b', { data: second.toString('base64') })).body,
  ]
  const bundle = `[${bodies.join(',')}]`
  let [done, at] = ['', 0]
  for (const place of await it.binaries.placesIn(it.tenant, bundle)) {
    done += bundle.slice(at, place.at) + (await text(asBase64(await place.content.open())))
    at = place.at + place.length
  }
  done += bundle.slice(at)
  const found = JSON.parse(done) as { data: string }[]
  expect(found.map(({ data }) => data)).toEqual([first.toString('base64'), second.toString('base64')])
})

test('base64 is the same whatever pieces the bytes come in', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 20 })), async (arrays) => {
      const buffers = arrays.map((array) => Buffer.from(array))
      async function* source() {
        yield* buffers
      }
      expect(await text(asBase64(source()))).toBe(Buffer.concat(buffers).toString('base64'))
    }),
  )
})
