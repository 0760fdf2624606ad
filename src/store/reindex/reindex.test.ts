import { expect, test } from 'vitest'

import { testDatabase, type TestDatabase } from '../../../test/support/database.ts'
import { uuidv7 } from '../../kernel/ids.ts'
import { exactJsonOf, type JsonObject } from '../../kernel/json.ts'
import { silentLog } from '../../kernel/log.ts'
import { type Db, openDb } from '../db.ts'
import { INDEX_VERSION } from '../index-version.ts'
import { testContext, testStore } from '../testing.ts'
import { definition, EXT, practitioner } from '../search-model/team.fixture.ts'
import { makeReindexer, makeReindexes, type ReindexerDeps } from './index.ts'

type TestStore = ReturnType<typeof testStore>

function fieldsOf(row: unknown): unknown[] {
  return typeof row === 'object' && row !== null ? Object.values(row) : [row]
}

function setUp(database: TestDatabase) {
  const { db, url, tenant } = database
  const other = openDb({ url })
  const here = testStore(db)
  const there = testStore(other)
  const reindexes = makeReindexes(db)
  const write = (id: string, resource: JsonObject, store: TestStore = here) =>
    store.repository.commit(tenant, [
      { type: String(resource['resourceType']), id, make: () => exactJsonOf(resource) },
    ])
  const find = async (query: string, type = 'Practitioner', store: TestStore = here): Promise<string[]> => {
    await store.models.current(tenant)
    const { parser } = store.models.of(tenant)
    const request = parser.parse(type, new URLSearchParams(query), { ...testContext, nowMs: 0 })
    return (await store.search.search(tenant, request)).entries.map(({ id }) => id).toSorted()
  }
  const reindexer = (options: Partial<ReindexerDeps> = {}) =>
    makeReindexer({
      db,
      models: here.models,
      reindexes,
      log: silentLog,
      runner: uuidv7(),
      share: 1,
      ...options,
    })
  const request = (types: readonly string[] = ['Practitioner'], isWhole = false) =>
    reindexes.request(tenant, { id: uuidv7(), types, isWhole })
  async function reindex(types?: readonly string[], isWhole?: boolean) {
    const { id } = await request(types, isWhole)
    await reindexer().run(tenant, id)
    return (await reindexes.find(tenant, id))!
  }
  /** All rows of the index are those that the resources have to have, and no others. */
  async function expectExactIndex() {
    const model = await here.models.current(tenant)
    const resources = await database.ownerQuery<{
      type: string
      rid: string
      content: JsonObject
      present: number[]
    }>('select type, rid, content, present from passerelle.resource where not deleted')
    const wanted = resources.map(({ type, rid, content }) => ({
      rid,
      index: model.index(type, { resourceType: type, ...content }),
    }))
    const rowsOf = (pick: (index: (typeof wanted)[number]['index']) => readonly unknown[]) =>
      wanted
        .flatMap(({ rid, index }) => pick(index).map((row) => [...fieldsOf(row), rid].join(' ')))
        .toSorted()
    const stored = async (columns: string, table: string) =>
      (
        await database.ownerQuery<{ row: string }>(
          `select concat_ws(' ', ${columns}, rid) as row from passerelle.${table}`,
        )
      )
        .map(({ row }) => row)
        .toSorted()
    expect(await stored('hash', 'token')).toEqual(rowsOf(({ tokens }) => tokens))
    expect(await stored('hash, at', 'token_at')).toEqual(rowsOf(({ dated }) => dated))
    expect(await stored('param, value', 'string_value')).toEqual(rowsOf(({ strings }) => strings))
    expect(await stored('param, lo, hi', 'range_value')).toEqual(rowsOf(({ ranges }) => ranges))
    expect(resources.map(({ present }) => present)).toEqual(wanted.map(({ index }) => index.row.present))
  }
  return {
    expectExactIndex,
    here,
    there,
    reindexes,
    write,
    find,
    reindexer,
    request,
    reindex,
    [Symbol.asyncDispose]: () => other[Symbol.asyncDispose](),
  }
}

test('what was there before a definition is found by it after a pass, and has no new version', async () => {
  await using database = await testDatabase()
  await using it = setUp(database)
  const { here, write, find, reindex } = it
  for (let i = 0; i < 250; i++) await write(`p${i}`, practitioner(i % 2 ? 'blue' : 'red'))
  await write('team', definition())
  await expect(find('team=blue')).rejects.toMatchObject({ code: 'search-parameter-not-indexed' })
  expect(await reindex()).toMatchObject({
    status: 'done',
    total: 250,
    seen: 250,
    changed: 250,
    failed: 0,
    failures: [],
  })
  expect(await find('team=blue&_count=1000')).toHaveLength(125)
  expect(await find('team:missing=true')).toEqual([])
  expect((await here.repository.read(database.tenant, 'Practitioner', 'p0'))!.version).toBe(1)
  expect(await reindex()).toMatchObject({ status: 'done', seen: 250, changed: 0 })
})

test('writers go on during passes, each resource is found by what it says, and nothing else', async () => {
  await using database = await testDatabase()
  await using it = setUp(database)
  const { here, there, write, find, reindexer, request, expectExactIndex } = it
  const ids = Array.from({ length: 40 }, (_, i) => `p${i}`)
  await Promise.all(ids.map((id) => write(id, practitioner('blue'))))
  const enough = new AbortController()
  const writers = [here, there].map(async (store, w) => {
    for (let i = 0; !enough.signal.aborted; i++) {
      const id = ids[(i * 7 + w * 3) % ids.length]!
      if (i % 11 === 10) {
        await store.repository.commit(database.tenant, [{ type: 'Practitioner', id, make: () => 'delete' }])
      } else if (i % 5 === 4) {
        const some = [0, 1, 2].map((n) => ids[(i + n * 13) % ids.length]!)
        const make = () => exactJsonOf(practitioner(`t${i}`))
        await store.repository.commit(
          database.tenant,
          [...new Set(some)].map((each) => ({ type: 'Practitioner', id: each, make })),
        )
      } else {
        await write(id, practitioner(`t${w}.${i}`), store)
      }
    }
  })
  for (let round = 0; round < 10; round++) {
    const expression = round % 2 ? `Practitioner.extension('${EXT}').value` : 'Practitioner.extension.value'
    await write('team', definition({ expression }))
    const { id } = await request()
    await reindexer({ batchSize: 20 }).run(database.tenant, id)
    expect(await it.reindexes.find(database.tenant, id)).toMatchObject({ status: 'done', failed: 0 })
    await find('team=blue')
  }
  enough.abort()
  await Promise.all(writers)
  await expectExactIndex()
})

test('a definition that goes is cleaned away by the next pass, whatever was written meanwhile', async () => {
  await using database = await testDatabase()
  await using it = setUp(database)
  const { write, find, reindex, expectExactIndex } = it
  await write('team', definition())
  for (const id of ['a', 'b', 'c']) await write(id, practitioner('blue'))
  expect(await find('team=blue')).toEqual(['a', 'b', 'c'])
  await write('team', definition({ status: 'retired' }))
  // Its entry goes with the write although the definition is gone, so that it can't come back with it.
  await write('a', practitioner('red'))
  await write('team', definition())
  await write('team', definition({ expression: 'Practitioner.name.family', type: 'string' }))
  await write('b', { ...practitioner('green'), name: [{ family: 'Roux' }] })
  expect(await reindex(['Practitioner', 'SearchParameter'], true)).toMatchObject({
    status: 'done',
    failed: 0,
  })
  await expectExactIndex()
  expect(await find('team=rou')).toEqual(['b'])
  const left = await database.ownerQuery('select from passerelle.search_parameter where retired')
  expect(left).toEqual([])
})

test('intervals and strings that nobody knows of any more go, and what was lost comes back', async () => {
  await using database = await testDatabase()
  await using it = setUp(database)
  const { write, find, reindex, expectExactIndex } = it
  const patient = { resourceType: 'Patient', active: true, birthDate: '1980', name: [{ family: 'Roux' }] }
  await write('p', patient)
  await write('o', {
    resourceType: 'Observation',
    status: 'final',
    code: { coding: [{ system: 's', code: 'bp' }] },
    subject: { reference: 'Patient/p' },
    effectiveDateTime: '2024-01-01',
    component: [
      { code: { coding: [{ code: 'x' }] }, valueQuantity: { value: 1, unit: 'g' } },
      { code: { coding: [{ code: 'y' }] }, valueQuantity: { value: 2, unit: 'g' } },
    ],
  })
  await database.ownerQuery(`
    with r as (select rid, tenant from passerelle.resource where id = 'p'),
    a as (delete from passerelle.token), b as (delete from passerelle.token_value), c as (delete from passerelle.token_at),
    d as (insert into passerelle.string_value (tenant, param, value, rid) select tenant, 7, 'old', rid from r),
    e as (insert into passerelle.range_value (tenant, param, lo, hi, rid) select tenant, 8, 1, 2, rid from r)
    update passerelle.resource set present = '{}', strings = strings || '{7,old,Old}', ranges = ranges || '{8,1,2}'::bigint[]`)
  expect(await reindex(['Observation', 'Patient'], true)).toMatchObject({
    status: 'done',
    seen: 2,
    changed: 2,
  })
  await expectExactIndex()
  expect(await find('active=true&birthdate:missing=false', 'Patient')).toEqual(['p'])
  expect(await find('patient=p&code=bp&_sort=-date', 'Observation')).toEqual(['o'])
})

test('an index of an earlier program is not searched by what it lacks until a pass is done', async () => {
  await using database = await testDatabase()
  await using it = setUp(database)
  const { write, find, reindex, reindexes } = it
  await write('p', { resourceType: 'Patient', birthDate: '1980', name: [{ family: 'Roux' }] })
  await database.ownerQuery('update passerelle.tenant set index_version = 0')
  expect(await reindexes.outdated()).toMatchObject([{ tenant: database.tenant, version: 0 }])
  for (const query of ['birthdate=1980', 'name:missing=false', '_sort=birthdate', 'identifier=x']) {
    await expect(find(query, 'Patient')).rejects.toMatchObject({ code: 'search-parameter-not-indexed' })
  }
  expect(await find('_id=p', 'Patient')).toEqual(['p'])
  await reindex(['Patient'])
  await expect(find('birthdate=1980', 'Patient')).rejects.toMatchObject({
    code: 'search-parameter-not-indexed',
  })
  await reindex(['Patient'], true)
  expect(await find('birthdate=1980', 'Patient')).toEqual(['p'])
  expect(await reindexes.outdated()).toEqual([])
})

test('a pass whose process died goes on where it was, in another', async () => {
  await using database = await testDatabase()
  await using it = setUp(database)
  const { write, find, reindexer, request, reindexes } = it
  await Promise.all(Array.from({ length: 50 }, (_, i) => write(`p${i}`, practitioner('blue'))))
  await write('team', definition())
  const { id } = await request()
  const dying = reindexer({ batchSize: 10, reindexes: dyingAfter(it.reindexes, 3) })
  await dying.run(database.tenant, id)
  expect(await reindexes.find(database.tenant, id)).toMatchObject({ status: 'running', seen: 30 })
  // Its lease is not over yet: nobody goes on.
  await reindexer().run(database.tenant, id)
  expect(await reindexes.due()).toEqual([])
  expect(await reindexes.find(database.tenant, id)).toMatchObject({ status: 'running', seen: 30 })
  await database.ownerQuery(`update passerelle.reindex set leased_until = now() - interval '1 second'`)
  expect(await reindexes.due()).toEqual([{ tenant: database.tenant, id }])
  await reindexer().run(database.tenant, id)
  expect(await reindexes.find(database.tenant, id)).toMatchObject({ status: 'done', seen: 50, changed: 50 })
  expect(await find('team=blue&_count=100')).toHaveLength(50)
})

/** Everything fails after so many notes of progress, as if the process were gone. */
function dyingAfter(
  reindexes: ReturnType<typeof makeReindexes>,
  notes: number,
): ReturnType<typeof makeReindexes> {
  let noted = 0
  const gone = () => Promise.reject(new Error('gone'))
  return {
    ...reindexes,
    async advance(...args) {
      const answer = await reindexes.advance(...args)
      return ++noted < notes ? answer : gone()
    },
    release: gone,
  }
}

test('a pass that is stopped gives its lease back, and one that is cancelled ends', async () => {
  await using database = await testDatabase()
  await using it = setUp(database)
  const { write, find, reindexer, request, reindexes, reindex } = it
  await Promise.all(Array.from({ length: 60 }, (_, i) => write(`p${i}`, practitioner('blue'))))
  await write('team', definition())
  const { id } = await request()
  const slow = reindexer({ batchSize: 5, share: 0.01 })
  const run = slow.run(database.tenant, id)
  await expect.poll(async () => (await reindexes.find(database.tenant, id))!.seen).toBeGreaterThan(0)
  await slow.stop()
  await run
  expect(await reindexes.due()).toEqual([{ tenant: database.tenant, id }])
  const again = reindexer({ batchSize: 5, share: 0.01 })
  const second = again.run(database.tenant, id)
  expect(await reindexes.cancel(database.tenant, id)).toBe(true)
  expect(await reindexes.cancel(database.tenant, id)).toBe(false)
  await second
  expect(await reindexes.find(database.tenant, id)).toMatchObject({ status: 'cancelled' })
  await expect(find('team=blue')).rejects.toMatchObject({ code: 'search-parameter-not-indexed' })
  expect(await reindex()).toMatchObject({ status: 'done' })
  expect(await find('team=blue&_count=100')).toHaveLength(60)
})

test('a second request joins the pass that does what it asks for, and no other', async () => {
  await using database = await testDatabase()
  await using it = setUp(database)
  const { write, request, reindexer } = it
  await write('p', practitioner('blue'))
  const first = await request(['Patient', 'Practitioner'])
  expect(first.did).toBe('added')
  expect(await request(['Practitioner'])).toEqual({ id: first.id, did: 'joined' })
  expect(await request(['Organization'])).toEqual({ id: first.id, did: 'busy' })
  expect(await request(['Practitioner'], true)).toEqual({ id: first.id, did: 'busy' })
  const slow = reindexer({ share: 0.001 })
  const run = slow.run(database.tenant, first.id)
  await expect.poll(async () => (await it.reindexes.find(database.tenant, first.id))!.seen).toBe(1)
  // It began before there was this definition.
  await write('team', definition())
  expect(await request(['Practitioner'])).toEqual({ id: first.id, did: 'busy' })
  await slow.stop()
  await run
  const other = await database.addTenant('other')
  expect(await it.reindexes.find(other, first.id)).toBeUndefined()
  expect(await it.reindexes.cancel(other, first.id)).toBe(false)
})

test('a writer that waits for a batch takes away what the batch has just added', async () => {
  await using database = await testDatabase()
  await using it = setUp(database)
  const { there, write, find, reindexer, request, expectExactIndex } = it
  await write('p', practitioner('blue'))
  await write('team', definition())
  const { id } = await request()
  const inside = Promise.withResolvers<void>()
  const held = Promise.withResolvers<void>()
  const holding: Db = {
    ...database.db,
    transaction: (tenant, run) =>
      database.db.transaction(tenant, async (tx) => {
        const result = await run(tx)
        await tx.query({ text: 'select 1', values: [] })
        inside.resolve()
        await held.promise
        return result
      }),
  }
  const pass = reindexer({ db: holding }).run(database.tenant, id)
  await inside.promise
  await there.models.current(database.tenant)
  const writing = write('p', practitioner('red'), there)
  const waiting =
    'select from pg_locks where not granted and pid in (select pid from pg_stat_activity where datname = current_database())'
  await expect.poll(() => database.ownerQuery(waiting), { timeout: 10_000 }).not.toEqual([])
  held.resolve()
  await Promise.all([pass, writing])
  expect(await find('team=blue')).toEqual([])
  expect(await find('team=red')).toEqual(['p'])
  await expectExactIndex()
})

test('a new tenant’s index is of this program', async () => {
  await using database = await testDatabase()
  expect(await database.ownerQuery('select index_version from passerelle.tenant')).toEqual([
    { index_version: INDEX_VERSION },
  ])
})
