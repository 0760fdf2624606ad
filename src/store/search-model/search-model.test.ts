/** Two stores on one database are two processes: what one changes the other must know in time. */
import { expect, test } from 'vitest'

import { testDatabase, type TestDatabase } from '../../../test/support/database.ts'
import type { Clock } from '../../kernel/clock.ts'
import { exactJsonOf, type JsonObject } from '../../kernel/json.ts'
import { openDb } from '../db.ts'
import { INDEX_VERSION } from '../index-version.ts'
import { testContext, testStore } from '../testing.ts'
import { definition, practitioner } from './team.fixture.ts'

type TestStore = ReturnType<typeof testStore>

function processesOn({ db, url, tenant }: TestDatabase, clock?: Clock) {
  const write = (store: TestStore, id: string, resource: JsonObject) =>
    store.repository.commit(tenant, [
      { type: String(resource['resourceType']), id, make: () => exactJsonOf(resource) },
    ])
  const find = async (store: TestStore, query: string): Promise<string[]> => {
    await store.models.fresh(tenant)
    const { parser } = store.models.of(tenant)
    const request = parser.parse('Practitioner', new URLSearchParams(query), { ...testContext, nowMs: 0 })
    return (await store.search.search(tenant, request)).entries.map(({ id }) => id).toSorted()
  }
  const other = openDb({ url })
  return {
    here: testStore(db, clock),
    there: testStore(other, clock),
    write,
    find,
    [Symbol.asyncDispose]: () => other[Symbol.asyncDispose](),
  }
}

test('a process that does not know of a definition yet writes what is found by it', async () => {
  await using database = await testDatabase()
  await using processes = processesOn(database)
  const { here, there, write, find } = processes
  await write(there, 'known', { resourceType: 'Organization', name: 'x' })
  await write(here, 'team', definition())
  await write(there, 'blue', practitioner('blue'))
  expect(await find(here, 'team=blue')).toEqual(['blue'])
})

test('a process learns of another’s definition within a second, and does not ask more often', async () => {
  await using database = await testDatabase()
  let now = 1_000_000
  await using processes = processesOn(database, { now: () => now })
  const { here, there, write, find } = processes
  expect(await find(there, '_id=x')).toEqual([])
  await write(here, 'team', definition())
  await expect(find(there, 'team=blue')).rejects.toMatchObject({ code: 'search-parameter' })
  now += 1000
  expect(await find(there, 'team=blue')).toEqual([])
  expect(there.models.fresh(database.tenant)).toBeUndefined()
})

test('a search by what has another meaning by now is refused, and not answered from the old one', async () => {
  await using database = await testDatabase()
  await using processes = processesOn(database, { now: () => 1_000_000 })
  const { here, there, write, find } = processes
  await write(here, 'team', definition())
  await write(here, 'blue', practitioner('blue'))
  expect(await find(there, 'team=blue')).toEqual(['blue'])
  await write(here, 'team', definition({ expression: 'Practitioner.name.family', type: 'string' }))
  await expect(find(there, 'team=blue')).rejects.toMatchObject({ code: 'search-parameter-changed' })
  await expect(find(there, 'team=blue')).rejects.toMatchObject({ code: 'search-parameter-not-indexed' })
})

test('what was written by a transaction that did not know of a definition makes it wait for a pass', async () => {
  await using database = await testDatabase()
  const { db, tenant } = database
  await using processes = processesOn(database)
  const { here, there, write, find } = processes
  const held = Promise.withResolvers<void>()
  const inside = Promise.withResolvers<void>()
  const slow = there.repository.commit(
    tenant,
    [{ type: 'Practitioner', id: 'blue', make: () => exactJsonOf(practitioner('blue')) }],
    {
      async with(tx) {
        await tx.query({ text: 'select 1', values: [] })
        inside.resolve()
        await held.promise
      },
    },
  )
  await inside.promise
  await write(here, 'team', definition())
  await expect(find(here, 'team=blue')).rejects.toMatchObject({ code: 'search-parameter-not-indexed' })
  held.resolve()
  await slow
  await expect(find(here, 'team=blue')).rejects.toMatchObject({ code: 'search-parameter-not-indexed' })
  const [row] = await db.query<{ done: string[] }>(tenant, {
    text: 'select done from search_parameter',
    values: [],
  })
  expect(row!.done).toContain('Patient')
  expect(row!.done).not.toContain('Practitioner')
})

test('of two definitions of one code that come at once from two processes the second is refused', async () => {
  await using database = await testDatabase()
  await using processes = processesOn(database)
  const { here, there, write } = processes
  for (let round = 0; round < 5; round++) {
    const other = definition({ url: `http://example.org/sp/other${round}`, code: `team${round}` })
    const results = await Promise.allSettled([
      write(here, `a${round}`, definition({ url: `http://example.org/sp/${round}`, code: `team${round}` })),
      write(there, `b${round}`, other),
      write(there, `c${round}`, { ...other, url: `http://example.org/sp/third${round}` }),
    ])
    const refused = results.filter(({ status }) => status === 'rejected')
    expect(refused).toMatchObject([
      { reason: { code: 'search-definition-code-taken' } },
      { reason: { code: 'search-definition-code-taken' } },
    ])
  }
})

test('writes of many at once while definitions come and go are all done, and all found', async () => {
  await using database = await testDatabase()
  await using processes = processesOn(database)
  const { here, there, write, find } = processes
  await write(here, 'team', definition())
  const flapping = (async () => {
    for (let i = 0; i < 12; i++)
      await write(
        here,
        'other',
        definition({
          url: 'http://example.org/sp/other',
          code: 'other',
          status: i % 2 ? 'retired' : 'active',
        }),
      )
  })()
  const ids = Array.from({ length: 60 }, (_, i) => `p${i}`)
  await Promise.all(ids.map((id, i) => write(i % 2 ? here : there, id, practitioner('blue'))))
  await flapping
  expect(await find(there, 'team=blue&_count=100')).toHaveLength(60)
})

test('many definitions and resources in one transaction', async () => {
  await using database = await testDatabase()
  const { tenant } = database
  await using processes = processesOn(database)
  const { here, find } = processes
  const resources = Array.from({ length: 250 }, (_, i) => practitioner(`t${i}`))
  await here.repository.commit(tenant, [
    { type: 'SearchParameter', id: 'team', make: () => exactJsonOf(definition()) },
    ...resources.map((resource, i) => ({
      type: 'Practitioner',
      id: `p${i}`,
      make: () => exactJsonOf(resource),
    })),
  ])
  // They were written together, so these are the ones that the definition has to be told of.
  await expect(find(here, 'team=t7')).rejects.toMatchObject({ code: 'search-parameter-not-indexed' })
})

test('another tenant’s definitions are not seen, nor counted', async () => {
  await using database = await testDatabase()
  await using processes = processesOn(database)
  const { here, write } = processes
  const other = await database.addTenant('other')
  await write(here, 'team', definition())
  const model = await here.models.current(other)
  expect(model).toMatchObject({ revision: 0, indexVersion: INDEX_VERSION })
  expect(model.parameters.of('Practitioner').has('team')).toBe(false)
  // Nothing is kept in memory for who has none.
  expect(model.parameters).toBe((await here.models.current(await database.addTenant('third'))).parameters)
})

test('what is stored and can’t work is as if it weren’t there', async () => {
  await using database = await testDatabase()
  await using processes = processesOn(database)
  const { here, write } = processes
  await write(here, 'team', definition())
  await database.db.query(database.tenant, {
    text: `insert into search_parameter (tenant, id, definition) values
      ($1, 'bad', '{"url": "u", "code": "bad", "base": ["Practitioner"], "type": "token", "expression": "a..b"}'),
      ($1, 'twice', '{"url": "v", "code": "team", "base": ["Practitioner"], "type": "token", "expression": "Practitioner.active"}')`,
    values: [database.tenant],
  })
  await database.db.query(database.tenant, { text: 'call search_changed($1)', values: [database.tenant] })
  const { parameters } = await here.models.current(database.tenant)
  expect(parameters.of('Practitioner').has('bad')).toBe(false)
  expect(parameters.of('Practitioner').get('team')?.url).toBe('http://example.org/sp/team')
})
