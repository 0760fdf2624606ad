import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { testDatabase } from '../../../test/support/database.ts'
import type { TokenEndpoint } from '../../access/index.ts'
import { accessOver, tester } from '../../access/testing.ts'
import { Failure } from '../../kernel/failure.ts'
import { oauthRouter } from './index.ts'

async function serve(endpoint: TokenEndpoint, keys: Parameters<typeof oauthRouter>[0]['keys']) {
  const app = express()
  const server = createServer(app)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  app.use(
    oauthRouter({
      endpoint,
      keys,
      originOf: () => url,
      addressOf: (request) => request.socket.remoteAddress ?? '',
      requestIdOf: () => 'req-1',
    }),
  )
  return {
    url,
    ask: (body: string | Record<string, string>, headers: Record<string, string> = {}) =>
      fetch(`${url}/oauth2/token`, {
        method: 'POST',
        body: typeof body === 'string' ? body : new URLSearchParams(body),
        headers,
      }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}

const noKeys = { jwks: async () => ({ keys: [] }) }
const grant = { grant_type: 'client_credentials' }

test('a client gets a token that others can verify by the published keys', async () => {
  await using database = await testDatabase()
  const here = accessOver(database).process()
  const { client, secret } = await here.clients.create(
    database.tenant,
    { name: 'Lab', scopes: ['system/*.rs'] },
    tester,
  )
  await using server = await serve(here.endpoint, here.keys)

  const config = (await (
    await fetch(`${server.url}/t/test/fhir/.well-known/smart-configuration`)
  ).json()) as { jwks_uri: string }
  expect(config).toMatchObject({
    token_endpoint: `${server.url}/oauth2/token`,
    grant_types_supported: ['client_credentials'],
    capabilities: expect.arrayContaining(['client-confidential-symmetric', 'permission-v2']),
  })
  const authorization = `Basic ${Buffer.from(`${client.id}:${secret}`).toString('base64')}`
  const response = await server.ask({ ...grant, scope: 'system/Patient.r' }, { authorization })
  expect(response.status).toBe(200)
  expect(response.headers.get('cache-control')).toBe('no-store')
  const answer = (await response.json()) as { access_token: string }
  expect(answer).toEqual({
    access_token: expect.any(String),
    token_type: 'Bearer',
    expires_in: 3600,
    scope: 'system/Patient.r',
  })
  const { payload } = await jwtVerify(answer.access_token, createRemoteJWKSet(new URL(config.jwks_uri)), {
    currentDate: new Date('2026-11-20T09:00:00Z'),
  })
  expect(payload).toMatchObject({ client_id: client.id, tenant: 'test' })
  expect(await (await fetch(config.jwks_uri)).text()).not.toContain('"d"')
})

test('a refused client gets 401 in the words of the RFC, with a challenge if it used the header', async () => {
  await using database = await testDatabase()
  const here = accessOver(database).process()
  await using server = await serve(here.endpoint, here.keys)
  const byHeader = await server.ask(grant, { authorization: 'Basic bm9ib2R5Ong=' })
  expect(byHeader.status).toBe(401)
  expect(byHeader.headers.get('www-authenticate')).toMatch(/^Basic /)
  expect(byHeader.headers.get('cache-control')).toBe('no-store')
  expect(await byHeader.json()).toEqual({
    error: 'invalid_client',
    error_description: 'client authentication failed',
  })
  const byBody = await server.ask({ ...grant, client_id: 'nobody', client_secret: 'x' })
  expect(byBody.status).toBe(401)
  expect(byBody.headers.get('www-authenticate')).toBeNull()
})

test.each([
  ['JSON instead of a form', JSON.stringify(grant), { 'content-type': 'application/json' }, 400],
  ['nothing', '', {}, 400],
  ['a parameter twice', 'grant_type=client_credentials&grant_type=client_credentials', form(), 400],
  ['broken percent signs', 'grant_type=client_credentials&client_id=%zz%', form(), 401],
  ['a form of a megabyte', `grant_type=${'x'.repeat(1_000_000)}`, form(), 413],
  [
    'an unknown charset',
    'grant_type=x',
    { 'content-type': 'application/x-www-form-urlencoded; charset=klingon' },
    415,
  ],
  [
    'a Basic header that is junk',
    'grant_type=client_credentials',
    { ...form(), authorization: 'Basic !!!' },
    401,
  ],
  ['a Bearer header', 'grant_type=client_credentials', { ...form(), authorization: 'Bearer abc' }, 401],
])('a token request with %s is refused, and the server goes on', async (_what, body, headers, status) => {
  await using database = await testDatabase()
  const here = accessOver(database).process()
  await using server = await serve(here.endpoint, here.keys)
  const response = await server.ask(body, headers)
  expect(response.status).toBe(status)
  expect(await response.json()).toMatchObject({
    error: expect.stringMatching(/^invalid_(?:request|client)$/),
  })
  expect((await server.ask(grant)).status).toBe(401)
})

function form(): Record<string, string> {
  return { 'content-type': 'application/x-www-form-urlencoded' }
}

test('only POST asks for tokens', async () => {
  await using server = await serve({ answer: () => Promise.reject(new Error('not called')) }, noKeys)
  const response = await fetch(
    `${server.url}/oauth2/token?grant_type=client_credentials&client_id=a&client_secret=b`,
  )
  expect(response.status).toBe(405)
  expect(response.headers.get('allow')).toBe('POST')
})

test('while the database is away the answer is 503 and says when to try again', async () => {
  const away = { answer: () => Promise.reject(new Failure('unavailable', 'database-unavailable')) }
  await using server = await serve(away, noKeys)
  const response = await server.ask({ ...grant, client_id: 'a', client_secret: 'b' })
  expect(response.status).toBe(503)
  expect(response.headers.get('retry-after')).toBe('5')
  expect(await response.json()).toMatchObject({ error: 'temporarily_unavailable' })
})
