import { expect, test } from 'vitest'
import { testDatabase } from '../../test/support/database.ts'
import { bootstrap } from './bootstrap.ts'
import { accessOver, tester, tokenRequest } from './testing.ts'
import { silentLog } from '../kernel/log.ts'

test('a client gets a readable id and a secret that is nowhere stored', async () => {
  await using database = await testDatabase()
  const { clients } = accessOver(database).process()
  const { client, secret } = await clients.create(
    database.tenant,
    { name: 'Labo Étienne', scopes: ['system/*.r'] },
    tester,
  )
  expect(client).toMatchObject({ id: expect.stringMatching(/^labo-e-tienne-[0-9a-f]{6}$/), revokedAt: null })
  expect(secret).toMatch(/^pss_[A-Za-z0-9_-]{43}$/)
  const [stored] = await database.ownerQuery<{ row: string }>(
    'select c::text as row from passerelle.client c',
  )
  expect(stored!.row).not.toContain(secret)
  expect(await clients.list(database.tenant)).toEqual([client])
  expect(JSON.stringify(await clients.list(database.tenant))).not.toContain('sha256')
})

test('an id is unique over all tenants; a tenant lists its own clients only', async () => {
  await using database = await testDatabase()
  const other = await database.addTenant('other')
  const { clients } = accessOver(database).process()
  await clients.create(database.tenant, { id: 'lab', name: 'Lab', scopes: ['system/*.r'] }, tester)
  await expect(
    clients.create(other, { id: 'lab', name: 'Lab', scopes: ['system/*.r'] }, tester),
  ).rejects.toMatchObject({
    kind: 'conflict',
    code: 'client-exists',
  })
  expect(await clients.list(other)).toEqual([])
  await expect(clients.revoke(other, 'lab', tester)).rejects.toMatchObject({ code: 'client-unknown' })
  await expect(clients.rotate(other, 'lab', tester)).rejects.toMatchObject({ code: 'client-unknown' })
  expect((await clients.find('lab'))?.client.revokedAt).toBeNull()
})

test.each([
  ['client-id-invalid', { id: 'a b', name: 'x', scopes: ['system/*.r'] }],
  ['client-scope-invalid', { name: 'x', scopes: ['everything'] }],
  ['client-scope-invalid', { name: 'x', scopes: ['system/*.rs?a=b'] }],
  ['client-scope-invalid', { name: 'x', scopes: [] }],
  ['client-role-unknown', { name: 'x', scopes: ['system/*.r'], roles: ['root'] }],
  ['client-secret-empty', { name: 'x', scopes: ['system/*.r'], secret: '' }],
])('%s: such a client is not made', async (code, client) => {
  await using database = await testDatabase()
  const { clients } = accessOver(database).process()
  await expect(clients.create(database.tenant, client, tester)).rejects.toMatchObject({
    kind: 'invalid',
    code,
  })
})

test('each change of a client is in the audit trail, and one that did not happen is not', async () => {
  await using database = await testDatabase()
  const { clients } = accessOver(database).process()
  await clients.create(database.tenant, { id: 'lab', name: 'Lab', scopes: ['system/*.r'] }, tester)
  await clients.rotate(database.tenant, 'lab', tester)
  await clients.revoke(database.tenant, 'lab', tester)
  await expect(clients.revoke(database.tenant, 'lab', tester)).rejects.toMatchObject({
    code: 'client-unknown',
  })
  const rows = await database.ownerQuery(
    'select interaction, agent, entities from passerelle.audit order by id',
  )
  expect(rows).toEqual(
    ['client-create', 'client-rotate', 'client-revoke'].map((interaction) => ({
      interaction,
      agent: 'tester',
      entities: 'client/lab',
    })),
  )
})

async function empty() {
  const database = await testDatabase()
  await database.ownerQuery('delete from passerelle.tenant')
  const installation = accessOver(database)
  const start = (settings: Parameters<typeof bootstrap>[1]) =>
    bootstrap({ ...installation.process(), log: silentLog }, settings)
  return { database, installation, start, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() }
}

test('the first start makes tenant and client and tells the credentials once', async () => {
  await using fresh = await empty()
  const made = await fresh.start({ tenantKey: 'demo' })
  expect(made).toMatchObject({
    tenantKey: 'demo',
    clientId: expect.any(String),
    clientSecret: expect.any(String),
  })
  expect(await fresh.start({ tenantKey: 'demo' })).toBeUndefined()
  const { endpoint, tokens } = fresh.installation.process()
  const answer = await endpoint.answer(tokenRequest(made!.clientId, made!.clientSecret))
  const access = await tokens.verify('granted' in answer ? answer.granted.accessToken : '')
  expect(access).toMatchObject({ tenantKey: 'demo', scopes: ['system/*.*'], roles: ['admin'] })
})

test('of several processes that start at once, one makes the client', async () => {
  await using fresh = await empty()
  const made = await Promise.all(Array.from({ length: 5 }, () => fresh.start({ tenantKey: 'demo' })))
  expect(made.filter((one) => one !== undefined)).toHaveLength(1)
  expect(await fresh.database.ownerQuery('select id from passerelle.client')).toHaveLength(1)
})

test('a start that was killed between tenant and client is made up for', async () => {
  await using fresh = await empty()
  await fresh.installation.process().tenants.create({ key: 'demo' })
  expect(await fresh.start({ tenantKey: 'demo' })).toMatchObject({ tenantKey: 'demo' })
})

test('credentials of the environment are used and never told, also when they change later', async () => {
  await using fresh = await empty()
  const given = { tenantKey: 'demo', clientId: 'ops', clientSecret: 'first secret of ours' }
  expect(await fresh.start(given)).toBeUndefined()
  const ask = (secret: string) => fresh.installation.process().endpoint.answer(tokenRequest('ops', secret))
  expect(await ask('first secret of ours')).toHaveProperty('granted')
  expect(await fresh.start({ ...given, clientSecret: 'second secret of ours' })).toBeUndefined()
  expect(await ask('first secret of ours')).toHaveProperty('refused')
  expect(await ask('second secret of ours')).toHaveProperty('granted')
})

test('a revoked bootstrap client stays revoked', async () => {
  await using fresh = await empty()
  const given = { tenantKey: 'demo', clientId: 'ops', clientSecret: 'first secret of ours' }
  await fresh.start(given)
  const { clients, endpoint } = fresh.installation.process()
  const found = await clients.find('ops')
  await clients.revoke(found!.tenant, 'ops', tester)
  await fresh.start(given)
  expect(await endpoint.answer(tokenRequest('ops', given.clientSecret))).toHaveProperty('refused')
})

test('where there are other tenants, no bootstrap tenant is made', async () => {
  await using fresh = await empty()
  await fresh.installation.process().tenants.create({ key: 'hospital' })
  expect(await fresh.start({ tenantKey: 'demo' })).toBeUndefined()
  expect(await fresh.database.ownerQuery('select key from passerelle.tenant')).toEqual([{ key: 'hospital' }])
})
