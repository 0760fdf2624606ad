import { expect, test } from 'vitest'

import { testDatabase } from '../../test/support/database.ts'
import { exactJsonOf, type ExactJson, type JsonObject, parseExactObject } from '../kernel/json.ts'
import { tokenHash } from './hash.ts'
import type { AuditRow, Change } from './index.ts'
import { searchFor, testStore } from './testing.ts'

const patient = (fields: JsonObject = {}): ExactJson => exactJsonOf({ resourceType: 'Patient', ...fields })
const put = (id: string, resource: ExactJson): Change => ({ type: 'Patient', id, make: () => resource })

test('a created resource reads back with its version, and without what the client said of it', async () => {
  await using database = await testDatabase()
  const { repository } = testStore(database.db)
  const [created] = await repository.commit(database.tenant, [
    put(
      'p1',
      patient({ id: 'other', meta: { versionId: '77', profile: ['http://example.org/p'] }, active: true }),
    ),
  ])
  expect(created).toMatchObject({ id: 'p1', version: 1, did: 'created', patients: ['p1'] })
  const stored = await repository.read(database.tenant, 'Patient', 'p1')
  expect(JSON.parse(stored!.body)).toEqual({
    resourceType: 'Patient',
    id: 'p1',
    meta: { versionId: '1', lastUpdated: created!.lastUpdated, profile: ['http://example.org/p'] },
    active: true,
  })
  expect(stored!.body.startsWith('{"resourceType":"Patient",')).toBe(true)
})

test('decimals come back as they were sent, also through an update', async () => {
  await using database = await testDatabase()
  const { repository } = testStore(database.db)
  const text = `{"resourceType":"Observation","status":"final","code":{"text":"x"},
    "valueQuantity":{"value":1.10},"component":[{"code":{"text":"y"},"valueQuantity":{"value":0.00001234500}}]}`
  const change = (make: Change['make']): Change => ({ type: 'Observation', id: 'o1', make })
  await repository.commit(database.tenant, [change(() => parseExactObject(text))])
  await repository.commit(database.tenant, [
    change((current) => exactJsonOf({ ...current!.exact, status: 'amended' })),
  ])
  const { body, version } = (await repository.read(database.tenant, 'Observation', 'o1'))!
  expect(version).toBe(2)
  expect(body).toContain('"value": 1.10')
  expect(body).toContain('"value": 0.00001234500')
})

test('a change that changes nothing makes no version; a decimal with another scale is a change', async () => {
  await using database = await testDatabase()
  const { repository } = testStore(database.db)
  const weight = (value: string, source: string): Change => ({
    type: 'Observation',
    id: 'w',
    make: () =>
      parseExactObject(
        `{"resourceType":"Observation","meta":{"source":"${source}"},"status":"final","code":{"text":"w"},"valueQuantity":{"value":${value}}}`,
      ),
  })
  await repository.commit(database.tenant, [weight('62.5', 'urn:a#1')])
  const [same] = await repository.commit(database.tenant, [weight('62.5', 'urn:a#2')])
  expect(same).toMatchObject({ did: 'unchanged', version: 1 })
  const [other] = await repository.commit(database.tenant, [weight('62.50', 'urn:a#3')])
  expect(other).toMatchObject({ did: 'updated', version: 2 })
})

test('versions stay readable, a deletion is one of them, and a resource may come back', async () => {
  await using database = await testDatabase()
  const { repository, history } = testStore(database.db)
  const { tenant } = database
  await repository.commit(tenant, [put('p', patient({ active: true }))])
  await repository.commit(tenant, [put('p', patient({ active: false }))])
  const [deleted] = await repository.commit(tenant, [{ type: 'Patient', id: 'p', make: () => 'delete' }])
  expect(deleted).toMatchObject({ did: 'deleted', version: 3 })
  expect(await repository.read(tenant, 'Patient', 'p')).toMatchObject({ deleted: true, version: 3, body: '' })
  const [back] = await repository.commit(tenant, [put('p', patient())])
  expect(back).toMatchObject({ did: 'created', version: 4 })

  const range = { sinceMs: -Infinity, currentFromMs: -Infinity, currentToMs: Infinity }
  const p = { type: 'Patient', id: 'p' }
  const all = await history.ofResource(tenant, p, { range, count: 10 })
  expect(all!.total).toBe(4)
  expect(all!.entries.map((entry) => [entry.version, entry.deleted])).toEqual([
    [4, false],
    [3, true],
    [2, false],
    [1, false],
  ])
  const second = (await history.ofResource(tenant, p, { range, count: 2, below: 3 }))!
  expect(second.entries.map((entry) => entry.version)).toEqual([2, 1])
  expect(second.next).toBeUndefined()
  expect(JSON.parse((await repository.readVersion(tenant, 'Patient', 'p', 2))!.body)).toMatchObject({
    active: false,
  })
  expect(await repository.readVersion(tenant, 'Patient', 'p', 9)).toBeUndefined()
})

test('If-Match with an old version fails and changes nothing', async () => {
  await using database = await testDatabase()
  const { repository } = testStore(database.db)
  await repository.commit(database.tenant, [put('p', patient())])
  const stale = repository.commit(database.tenant, [{ ...put('p', patient({ active: true })), ifMatch: 7 }])
  await expect(stale).rejects.toMatchObject({ kind: 'precondition', code: 'version-mismatch' })
  expect(await repository.read(database.tenant, 'Patient', 'p')).toMatchObject({ version: 1 })
})

test('one invalid change leaves nothing of the others, nor of their audit', async () => {
  await using database = await testDatabase()
  const { repository } = testStore(database.db)
  const bad = patient({ gender: 'other', birthDate: 'yesterday' })
  const commit = repository.commit(database.tenant, [put('good', patient()), put('bad', bad)], {
    audit: () => [auditRow],
  })
  await expect(commit).rejects.toMatchObject({ kind: 'invalid', code: 'validation-failed' })
  expect(await repository.read(database.tenant, 'Patient', 'good')).toBeUndefined()
  expect(await database.ownerQuery('select from passerelle.audit')).toHaveLength(0)
})

test('what rides along in the transaction is undone with it', async () => {
  await using database = await testDatabase()
  const { repository } = testStore(database.db)
  const failing = repository.commit(database.tenant, [put('p', patient())], {
    audit: () => [auditRow],
    with: async () => {
      throw new Error('no')
    },
  })
  await expect(failing).rejects.toThrow('no')
  expect(await repository.read(database.tenant, 'Patient', 'p')).toBeUndefined()
  expect(await database.ownerQuery('select from passerelle.audit')).toHaveLength(0)
})

test('changes that race for one resource all happen, one after the other', async () => {
  await using database = await testDatabase()
  const { repository } = testStore(database.db)
  const add = (): Change => ({
    type: 'Basic',
    id: 'counter',
    make: (current) => {
      const count = Number((current?.value['identifier'] as { value: string }[] | undefined)?.[0]?.value ?? 0)
      return exactJsonOf({
        resourceType: 'Basic',
        code: { text: 'n' },
        identifier: [{ value: String(count + 1) }],
      })
    },
  })
  await Promise.all(Array.from({ length: 40 }, () => repository.commit(database.tenant, [add()])))
  const stored = await repository.read(database.tenant, 'Basic', 'counter')
  expect(stored!.version).toBe(40)
  expect(stored!.body).toContain('"value": "40"')
})

test('a row of the index that is there already stops no writer', async () => {
  await using database = await testDatabase()
  const { repository } = testStore(database.db)
  const { tenant, db } = database
  await repository.commit(tenant, [put('p', patient({ gender: 'male' }))])
  const hash = tokenHash('Patient', 'gender', 'http://hl7.org/fhir/administrative-gender', 'female')
  await db.query(tenant, {
    text: `insert into token (tenant, hash, rid) select $1::int, $2::bigint, rid from resource where tenant = $1::int and id = 'p'`,
    values: [tenant, hash],
  })
  const [updated] = await repository.commit(tenant, [put('p', patient({ gender: 'female' }))])
  expect(updated).toMatchObject({ did: 'updated', version: 2 })
})

test('criteria that must match nothing let one of fifty through', async () => {
  await using database = await testDatabase()
  const { repository } = testStore(database.db)
  const guards = [{ criteria: searchFor('Patient', 'identifier=urn:x|1') }]
  const results = await Promise.allSettled(
    Array.from({ length: 50 }, (_, i) =>
      repository.commit(
        database.tenant,
        [put(`p${i}`, patient({ identifier: [{ system: 'urn:x', value: '1' }] }))],
        { guards },
      ),
    ),
  )
  expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1)
  for (const result of results) {
    if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'criteria-matched' })
  }
})

test('a resource twice in one transaction is refused', async () => {
  await using database = await testDatabase()
  const { repository } = testStore(database.db)
  const twice = repository.commit(database.tenant, [put('p', patient()), put('p', patient())])
  await expect(twice).rejects.toMatchObject({ kind: 'invalid', code: 'resource-twice-in-transaction' })
})

test('a tenant sees and changes nothing of another, whatever a query asks for', async () => {
  await using database = await testDatabase()
  const { repository, search } = testStore(database.db)
  const other = await database.addTenant('other')
  await repository.commit(database.tenant, [put('p', patient({ active: true }))])
  expect(await repository.read(other, 'Patient', 'p')).toBeUndefined()
  expect((await search.search(other, searchFor('Patient', 'active=true'))).entries).toEqual([])
  await repository.commit(other, [put('p', patient({ active: false }))])
  expect((await repository.read(database.tenant, 'Patient', 'p'))!.body).toContain('"active": true')

  for (const table of [
    'resource',
    'resource_history',
    'token',
    'token_value',
    'string_value',
    'range_value',
  ]) {
    const rows = await database.db.query<{ tenant: number }>(other, {
      text: `select distinct tenant from ${table}`,
      values: [],
    })
    expect(rows.every((row) => row.tenant === other)).toBe(true)
  }
  const foreign = database.db.query(other, {
    text: `insert into token (tenant, hash, rid) values ($1, 1, 1)`,
    values: [database.tenant],
  })
  await expect(foreign).rejects.toMatchObject({ kind: 'internal', params: { sqlstate: '42501' } })
})

test('every table with a tenant column is under forced row-level security, with the tenant first in each key', async () => {
  await using database = await testDatabase()
  const open = await database.ownerQuery(`
    select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant'
    where n.nspname = 'passerelle' and c.relkind in ('r', 'p') and not c.relispartition
      and not (c.relrowsecurity and c.relforcerowsecurity)`)
  expect(open).toEqual([])
  const keys = await database.ownerQuery(`
    select c.relname, i.indexrelid::regclass::text as key from pg_index i join pg_class c on c.oid = i.indrelid
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant'
    where n.nspname = 'passerelle' and i.indisunique and i.indkey[0] <> a.attnum
      -- A client's id is unique over all tenants: it is what names the tenant.
      and c.relname <> 'client'`)
  expect(keys).toEqual([])
})

const auditRow: AuditRow = {
  at: 0,
  kind: 'rest',
  interaction: 'create',
  action: 'C',
  outcome: 0,
  agent: { id: 'test', kind: 'client' },
  entities: [],
  patients: [],
}
