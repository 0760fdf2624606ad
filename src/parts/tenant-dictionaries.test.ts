import { expect, test } from 'vitest'

import { testDatabase } from '../../test/support/database.ts'
import type { TenantId } from '../kernel/ids.ts'
import { testStore } from '../store/testing.ts'
import { makeTenantDictionaries } from './tenant-dictionaries.ts'

async function setUp() {
  const database = await testDatabase()
  const { db, tenant } = database
  const { repository } = testStore(db)
  let now = 0
  const dictionaryOf = makeTenantDictionaries({ db, clock: { now: () => now } })
  const write = (
    resource: { resourceType: string; [name: string]: unknown } | 'delete',
    of: TenantId = tenant,
  ) =>
    repository.commit(of, [
      {
        type: 'NamingSystem',
        id: 'chu',
        make: () =>
          resource === 'delete' ? resource : { value: resource as never, exact: resource as never },
      },
    ])
  return {
    dictionaryOf,
    database,
    tenant,
    write,
    later: () => (now += 1_000),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}

const chu = (uri: string) => ({
  resourceType: 'NamingSystem',
  id: 'chu',
  name: 'CHU',
  status: 'active',
  kind: 'identifier',
  date: '2026-01-01',
  uniqueId: [{ type: 'uri', value: uri }],
})

test('a tenant’s names are at hand, and a change of them counts within a second', async () => {
  await using it = await setUp()
  const systemOf = async (tenant = it.tenant) => (await it.dictionaryOf(tenant)).identifierSystems.get('CHU')
  expect(await systemOf()).toBeUndefined()
  await it.write(chu('https://chu.test/ipp'))
  it.later()
  expect(await systemOf()).toBe('https://chu.test/ipp')
  await it.write(chu('https://chu.test/other'))
  expect(await systemOf()).toBe('https://chu.test/ipp')
  it.later()
  expect(await systemOf()).toBe('https://chu.test/other')
  await it.write('delete')
  it.later()
  expect(await systemOf()).toBeUndefined()
})

test('without a change nothing is read or made anew', async () => {
  await using it = await setUp()
  await it.write(chu('https://chu.test/ipp'))
  const first = await it.dictionaryOf(it.tenant)
  it.later()
  expect(await it.dictionaryOf(it.tenant)).toBe(first)
})

test('what one tenant keeps another does not see', async () => {
  await using it = await setUp()
  const other = await it.database.addTenant('other')
  await it.write(chu('https://chu.test/ipp'))
  it.later()
  expect((await it.dictionaryOf(other)).identifierSystems.size).toBe(0)
})
