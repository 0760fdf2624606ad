import { expect, test } from 'vitest'

import { testDatabase } from '../../test/support/database.ts'
import { exactJsonOf, type JsonObject } from '../kernel/json.ts'
import { testStore } from './testing.ts'

const identifier = (value: string, system = 'urn:oid:1.2.3'): JsonObject => ({ system, value })
const wanted = (id: string, value: string, type = 'Patient') => ({ type, id, system: 'urn:oid:1.2.3', value })

test('a resource that is here under another id is found by its identifier; the oldest one counts', async () => {
  await using database = await testDatabase()
  const { repository } = testStore(database.db)
  const { tenant } = database
  const put = (id: string, ...identifiers: JsonObject[]) =>
    repository.commit(tenant, [
      { type: 'Patient', id, make: () => exactJsonOf({ resourceType: 'Patient', identifier: identifiers }) },
    ])
  await put('first', identifier('1'))
  await put('second', identifier('1'), identifier('2'))
  await put('made', identifier('3'))
  await put('elsewhere', identifier('4', 'urn:oid:2.9.9'))

  const identify = async (...list: ReturnType<typeof wanted>[]) =>
    Object.fromEntries((await repository.identify(tenant, list)).known)
  expect(await identify(wanted('new', '1'))).toEqual({ 'Patient/new': 'first' })
  expect(await identify(wanted('new', 'unknown'), wanted('new', '2'))).toEqual({ 'Patient/new': 'second' })
  // Its own id is taken: nothing else is it.
  expect(await identify(wanted('made', '1'))).toEqual({})
  expect(await identify(wanted('new', '4'))).toEqual({})
  expect(await identify(wanted('new', '1', 'Practitioner'))).toEqual({})
  // Two of one message never become one.
  expect(await identify(wanted('a', '1'), wanted('b', '1'))).toEqual({ 'Patient/a': 'first' })
  const stranger = wanted('new', '1')
  expect(await repository.identify(await database.addTenant('other'), [stranger])).toEqual({
    known: new Map(),
    redirects: new Map(),
    strangers: [stranger],
  })
})
