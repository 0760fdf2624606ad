import { expect, test } from 'vitest'
import { testDatabase } from '../../test/support/database.ts'
import { makeR4Content, makeTerminology } from '../fhir/index.ts'
import type { TenantId } from '../kernel/ids.ts'
import type { JsonObject } from '../kernel/json.ts'
import { openDb } from './db.ts'
import { makeStoredTerminology } from './index.ts'
import { testStore } from './testing.ts'

const SYSTEM = 'http://example.org/colours'
const SET = 'http://example.org/ValueSet/warm'
const ALL = 'http://example.org/ValueSet/colours'

const colours = (...codes: string[]): JsonObject => ({
  resourceType: 'CodeSystem',
  url: SYSTEM,
  valueSet: ALL,
  status: 'active',
  content: 'complete',
  concept: codes.map((code) => ({ code })),
})

const warm = (value: string, more: JsonObject = {}): JsonObject => ({
  resourceType: 'ValueSet',
  url: SET,
  status: 'active',
  compose: { include: [{ system: SYSTEM, filter: [{ property: 'code', op: 'in', value }] }] },
  ...more,
})

async function setUp() {
  const database = await testDatabase()
  const { db, tenant } = database
  const { repository } = testStore(db)
  const stored = makeStoredTerminology(db)
  const terminology = makeTerminology({ r4: makeR4Content(), stored })
  const change = (id: string, resource: JsonObject | 'delete', type = 'ValueSet', of: TenantId = tenant) =>
    repository.commit(of, [
      { type, id, make: () => (resource === 'delete' ? resource : { value: resource, exact: resource }) },
    ])
  return {
    database,
    repository,
    stored,
    terminology,
    change,
    codes: async (valueSet: string, of: TenantId = tenant) =>
      (await terminology.expand(of, valueSet)).map(({ code }) => code),
    revision: () => stored.revision(tenant),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}

test('a stored value set over a stored code system is expanded by its URL and by its id', async () => {
  await using it = await setUp()
  await it.change('colours', colours('red', 'orange', 'blue'), 'CodeSystem')
  await it.change('warm', warm('red,orange'))
  expect(await it.codes(SET)).toEqual(['red', 'orange'])
  expect(await it.codes('ValueSet/warm')).toEqual(['red', 'orange'])
  expect(await it.codes(ALL)).toEqual(['red', 'orange', 'blue'])
})

test('a change or a deletion is seen by the next question, also in another process', async () => {
  await using it = await setUp()
  await using db = openDb({ url: it.database.url })
  const other = makeTerminology({ r4: makeR4Content(), stored: makeStoredTerminology(db) })
  const seen = async () => (await other.expand(it.database.tenant, SET)).map(({ code }) => code)

  await it.change('colours', colours('red', 'orange', 'blue'), 'CodeSystem')
  await it.change('warm', warm('red'))
  expect(await seen()).toEqual(['red'])
  await it.change('warm', warm('red,orange'))
  expect(await seen()).toEqual(['red', 'orange'])
  await it.change('colours', colours('orange'), 'CodeSystem')
  expect(await seen()).toEqual(['orange'])
  await it.change('warm', 'delete')
  await expect(seen()).rejects.toMatchObject({ code: 'value-set-unknown' })
  await it.change('warm', warm('orange'))
  expect(await seen()).toEqual(['orange'])
})

test('an edition that is given another URL is no longer found by the old one', async () => {
  await using it = await setUp()
  await it.change('colours', colours('red'), 'CodeSystem')
  await it.change('warm', warm('red'))
  await it.change('warm', warm('red', { url: `${SET}-2` }))
  await expect(it.codes(SET)).rejects.toMatchObject({ code: 'value-set-unknown' })
  expect(await it.codes(`${SET}-2`)).toEqual(['red'])
})

test('the newest active edition is meant', async () => {
  await using it = await setUp()
  await it.change('colours', colours('red', 'orange', 'blue'), 'CodeSystem')
  await it.change('a', warm('red', { version: '1.9' }))
  await it.change('b', warm('orange', { version: '1.10' }))
  await it.change('c', warm('blue', { version: '2.0', status: 'draft' }))
  expect(await it.codes(SET)).toEqual(['orange'])
  expect(await it.codes(`${SET}|2.0`)).toEqual(['blue'])
})

test("one tenant's terminology is not another's", async () => {
  await using it = await setUp()
  const other = await it.database.addTenant('other')
  await it.change('colours', colours('red'), 'CodeSystem')
  await it.change('warm', warm('red'))
  await expect(it.codes(SET, other)).rejects.toMatchObject({ code: 'value-set-unknown' })
  await expect(it.codes('ValueSet/warm', other)).rejects.toMatchObject({ code: 'value-set-unknown' })
  await it.change('colours', colours('blue'), 'CodeSystem', other)
  expect(await it.codes(ALL, other)).toEqual(['blue'])
  expect(await it.codes(ALL)).toEqual(['red'])
})

test('the revision rises once a transaction that touched terminology, and not with others', async () => {
  await using it = await setUp()
  expect(await it.revision()).toBeUndefined()
  const set = warm('red')
  await it.repository.commit(
    it.database.tenant,
    Array.from({ length: 20 }, (_, i) => ({
      type: 'ValueSet',
      id: `s${i}`,
      make: () => ({ value: set, exact: set }),
    })),
  )
  expect(await it.revision()).toBe('1')
  await it.change('p', { resourceType: 'Patient' }, 'Patient')
  expect(await it.revision()).toBe('1')
  await it.change('s1', warm('blue'))
  expect(await it.revision()).toBe('2')
})

test('transactions that change terminology and other things side by side all come through', async () => {
  await using it = await setUp()
  const kinds = ['Account', 'CodeSystem', 'Patient', 'ValueSet']
  const resources: Record<string, JsonObject> = {
    Account: { resourceType: 'Account', status: 'active' },
    CodeSystem: colours('red'),
    Patient: { resourceType: 'Patient' },
    ValueSet: warm('red'),
  }
  await Promise.all(
    Array.from({ length: 12 }, (_, round) =>
      it.repository.commit(
        it.database.tenant,
        kinds.map((type) => {
          const resource = { ...resources[type]!, language: `x-${round}` }
          return {
            type,
            id: type === 'Patient' ? 'shared' : `r${round % 3}`,
            make: () => ({ value: resource, exact: resource }),
          }
        }),
        // Statements of their own, so that each transaction holds its locks for a while.
        { with: async (tx) => void (await tx.query({ text: 'select pg_sleep(0.01)', values: [] })) },
      ),
    ),
  )
  expect(Number(await it.revision())).toBe(12)
})
