import { expect, test } from 'vitest'
import { testDatabase, type TestDatabase } from '../../test/support/database.ts'
import { accessOver, tester, tokenOf, tokenRequest } from './testing.ts'

async function withClient(
  database: TestDatabase,
  scopes = ['system/*.rs', 'system/Observation.c'],
  given?: string,
) {
  const installation = accessOver(database)
  const here = installation.process()
  const wanted = { name: 'Lab', scopes, ...(given !== undefined && { secret: given }) }
  const { client, secret } = await here.clients.create(database.tenant, wanted, tester)
  return { installation, here, id: client.id, secret }
}

function basic(id: string, secret: string, body: Record<string, string> = {}) {
  return {
    authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
    body: new URLSearchParams({ grant_type: 'client_credentials', ...body }),
    address: '192.0.2.7',
  }
}

test('without a scope the token has all that the client may have; with one it has just that', async () => {
  await using database = await testDatabase()
  const { here, id, secret } = await withClient(database)
  expect(await here.endpoint.answer(tokenRequest(id, secret))).toMatchObject({
    granted: { scope: 'system/*.rs system/Observation.c', expiresIn: 3600 },
  })
  const narrow = await here.endpoint.answer(
    tokenRequest(id, secret, { scope: 'system/Observation.crs system/Patient.read' }),
  )
  expect(narrow).toMatchObject({ granted: { scope: 'system/Observation.crs system/Patient.read' } })
  expect(await here.tokens.verify(tokenOf(narrow))).toMatchObject({
    scopes: ['system/Observation.crs', 'system/Patient.read'],
  })
})

test.each([
  ['more letters', 'system/Patient.cruds'],
  ['another type', 'system/Encounter.c'],
  ['another context', 'user/Patient.r'],
  ['a scope among good ones', 'system/Patient.r system/Patient.d'],
  ['a restriction by search parameters', 'system/Observation.rs?category=laboratory'],
  ['no resource scope', 'openid'],
])('asking for %s is invalid_scope', async (_what, scope) => {
  await using database = await testDatabase()
  const { here, id, secret } = await withClient(database)
  expect(await here.endpoint.answer(tokenRequest(id, secret, { scope }))).toMatchObject({
    refused: { status: 400, error: 'invalid_scope' },
  })
})

test('a client may authenticate by Basic, with its secret encoded or not', async () => {
  await using database = await testDatabase()
  const { here, id } = await withClient(database, ['system/*.rs'], 'a secret+with:100%')
  expect(await here.endpoint.answer(basic(id, 'a secret+with:100%'))).toHaveProperty('granted')
  expect(await here.endpoint.answer(basic(id, 'a+secret%2Bwith%3A100%25'))).toHaveProperty('granted')
  expect(await here.endpoint.answer(basic(id, 'a secret with:100%'))).toMatchObject({
    refused: { status: 401, error: 'invalid_client', challenge: true },
  })
})

test('a request that authenticates twice, repeats a parameter or lacks one is invalid_request', async () => {
  await using database = await testDatabase()
  const { here, id, secret } = await withClient(database)
  const twice = new URLSearchParams([
    ...tokenRequest(id, secret).body,
    ['scope', 'system/*.r'],
    ['scope', 'system/*.s'],
  ])
  const requests = [
    basic(id, secret, { client_id: id, client_secret: secret }),
    basic(id, secret, { client_id: 'other' }),
    { body: twice, address: '192.0.2.7' },
    { body: new URLSearchParams({ client_id: id, client_secret: secret }), address: '192.0.2.7' },
  ]
  for (const request of requests) {
    expect(await here.endpoint.answer(request)).toMatchObject({
      refused: { status: 400, error: 'invalid_request' },
    })
  }
  const password = tokenRequest(id, secret, { grant_type: 'password' })
  expect(await here.endpoint.answer(password)).toMatchObject({ refused: { error: 'unsupported_grant_type' } })
})

test('an unknown client, a wrong secret and no secret get the same answer', async () => {
  await using database = await testDatabase()
  const { here, id } = await withClient(database)
  const answers = [
    await here.endpoint.answer(tokenRequest('nobody', 'x')),
    await here.endpoint.answer(tokenRequest(id, 'x')),
    await here.endpoint.answer({
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id: id }),
      address: '',
    }),
    await here.endpoint.answer(tokenRequest("x' or 1=1 --", 'x')),
    await here.endpoint.answer(tokenRequest('\0', '\0')),
  ]
  for (const answer of answers) expect(answer).toEqual(answers[0])
  expect(answers[0]).toEqual({
    refused: { status: 401, error: 'invalid_client', description: 'client authentication failed' },
  })
})

test('every token given or refused leaves a row, that of an unknown client with the first tenant', async () => {
  await using database = await testDatabase()
  const other = await database.addTenant('other')
  const { installation, here, id, secret } = await withClient(database)
  const theirs = await here.clients.create(other, { name: 'Other', scopes: ['system/*.r'] }, tester)
  await here.endpoint.answer({ ...tokenRequest(id, secret), requestId: 'req-1' })
  await here.endpoint.answer(tokenRequest(id, 'wrong'))
  await here.endpoint.answer(tokenRequest(theirs.client.id, theirs.secret, { scope: 'system/*.d' }))
  await here.endpoint.answer(tokenRequest('nobody', 'x'))
  await here.endpoint.answer({ body: new URLSearchParams(), address: '192.0.2.7' })
  const row = { kind: 'token', interaction: 'token', action: 'E' }
  expect(installation.audited).toMatchObject([
    {
      ...row,
      tenant: database.tenant,
      outcome: 0,
      agent: { id, address: '192.0.2.7' },
      detail: { status: 200, request: 'req-1' },
    },
    {
      ...row,
      tenant: database.tenant,
      outcome: 4,
      agent: { id },
      detail: { status: 401, error: 'invalid_client' },
    },
    {
      ...row,
      tenant: other,
      outcome: 4,
      agent: { id: theirs.client.id },
      detail: { error: 'invalid_scope' },
    },
    { ...row, tenant: database.tenant, outcome: 4, agent: { id: 'nobody' } },
    {
      ...row,
      tenant: database.tenant,
      outcome: 4,
      agent: { id: 'unknown' },
      detail: { error: 'invalid_request' },
    },
  ])
  expect(JSON.stringify(installation.audited)).not.toContain(secret)
})

test('a token whose row cannot be written is not given', async () => {
  await using database = await testDatabase()
  const { installation, here, id, secret } = await withClient(database)
  installation.audited.push = () => {
    throw new Error('full')
  }
  await expect(here.endpoint.answer(tokenRequest(id, secret))).rejects.toMatchObject({
    kind: 'unavailable',
    code: 'audit-unavailable',
  })
})

test('after ten wrong secrets from one network the client has to wait there, and only there', async () => {
  await using database = await testDatabase()
  const { installation, here, id, secret } = await withClient(database)
  for (let i = 0; i < 10; i += 1) await here.endpoint.answer(tokenRequest(id, `guess ${i}`))
  expect(await here.endpoint.answer(tokenRequest(id, secret))).toMatchObject({
    refused: { status: 429, retryAfterSeconds: 6 },
  })
  expect(await here.endpoint.answer(tokenRequest(id, secret, {}, '198.51.100.1'))).toHaveProperty('granted')
  installation.pass(6000)
  expect(await here.endpoint.answer(tokenRequest(id, secret))).toHaveProperty('granted')
})

test('a chosen secret is looked up once: a crowd of first requests is bounded, a later one is quick', async () => {
  await using database = await testDatabase()
  const { here, id } = await withClient(database, ['system/*.rs'], 'chosen by a person')
  const crowd = await Promise.all(
    Array.from({ length: 30 }, () => here.endpoint.answer(tokenRequest(id, 'chosen by a person'))),
  )
  const granted = crowd.filter((answer) => 'granted' in answer)
  expect(granted.length).toBeGreaterThanOrEqual(8)
  for (const answer of crowd.filter((one) => 'refused' in one)) {
    expect(answer).toMatchObject({ refused: { status: 503, retryAfterSeconds: 1 } })
  }
  const again = await Promise.all(
    Array.from({ length: 30 }, () => here.endpoint.answer(tokenRequest(id, 'chosen by a person'))),
  )
  for (const answer of again) expect(answer).toHaveProperty('granted')
})
