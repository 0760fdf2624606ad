import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { startFhir, type TestFhir } from './fixture.ts'

const LIMIT = 200_000

let fhir: TestFhir
beforeAll(async () => {
  fhir = await startFhir({ maxBodyBytes: LIMIT, maxBufferedBytes: 3 * LIMIT - 20 })
})
afterAll(() => fhir[Symbol.asyncDispose]())

const patient = { resourceType: 'Patient', active: true }

test.each([
  ['broken JSON', 'POST', '/Patient', '{"resourceType":"Patient",', 400],
  ['an empty body', 'POST', '/Patient', '', 400],
  ['an array', 'POST', '/Patient', '[]', 400],
  ['no resourceType', 'POST', '/Patient', '{}', 400],
  ['another resourceType than the URL', 'POST', '/Patient', '{"resourceType":"Observation"}', 400],
  ['another id than the URL', 'PUT', '/Patient/a', '{"resourceType":"Patient","id":"b"}', 400],
  ['no id in an update', 'PUT', '/Patient/a', '{"resourceType":"Patient"}', 400],
  ['an id that is none', 'PUT', '/Patient/a_b', '{"resourceType":"Patient","id":"a_b"}', 400],
  ['an unknown resource type', 'POST', '/Patience', '{"resourceType":"Patience"}', 404],
  [
    'an element that R4 does not have',
    'POST',
    '/Patient',
    '{"resourceType":"Patient","agreeable":true}',
    422,
  ],
  [
    'a code outside its required binding',
    'POST',
    '/Patient',
    '{"resourceType":"Patient","gender":"blue"}',
    422,
  ],
  ['a __proto__ key', 'POST', '/Patient', '{"resourceType":"Patient","__proto__":{"active":true}}', 422],
  ['U+0000', 'POST', '/Patient', '{"resourceType":"Patient","language":"\\u0000"}', 400],
  ['10,000 nested arrays', 'POST', '/Patient', `${'['.repeat(10_000)}${']'.repeat(10_000)}`, 400],
])('a body with %s is refused with an OperationOutcome', async (_what, method, path, body, status) => {
  const answer = await fhir.call(method, path, body)
  expect(answer.status).toBe(status)
  expect(answer.json).toMatchObject({ resourceType: 'OperationOutcome', issue: [{ severity: 'error' }] })
})

test('a validation problem names the element and not its value', async () => {
  const { json, text } = await fhir.call('POST', '/Patient', {
    resourceType: 'Patient',
    gender: 'Jacqueline',
  })
  expect(json.issue[0].expression).toEqual(['Patient.gender'])
  expect(text).not.toContain('Jacqueline')
})

test('problems are told in the language of the caller', async () => {
  const asked = (language: string) =>
    fhir.call('GET', '/Patient/nobody', undefined, { 'accept-language': language })
  const french = await asked('fr-FR,en;q=0.5')
  expect(french.headers.get('content-language')).toBe('fr')
  expect(french.json.issue[0].details.text).toMatch(/^Il n/)
  expect((await asked('de')).headers.get('content-language')).toBe('de')
  expect((await asked('ja')).headers.get('content-language')).toBe('en')
})

test('broken JSON is not quoted back', async () => {
  const { text } = await fhir.call('POST', '/Patient', '{"name":"Jacqueline Durand}')
  expect(text).not.toContain('Jacqueline')
})

test.each([
  ['GET', '/Patience/1', 404],
  ['GET', '/Patient/1/2/3/4', 404],
  ['GET', '/Patient/$unknown', 404],
  ['GET', '/%ff/1', 404],
  ['GET', '/Patient/a%20b', 400],
  ['GET', '/__proto__/1', 404],
  ['GET', '/constructor/1', 404],
  ['GET', '/Patient/1?_summary=most', 400],
  ['GET', '/Patient/1?colour=blue', 400],
  ['PATCH', '/Patient/1/_history', 405],
  ['POST', '/Patient/1', 405],
  ['DELETE', '/metadata', 405],
  ['PUT', '/AuditEvent/1', 405],
  ['DELETE', '/AuditEvent/1', 405],
])('%s %s is %i with an OperationOutcome', async (method, path, status) => {
  const answer = await fhir.call(method, path, method === 'PUT' ? { resourceType: 'AuditEvent' } : undefined)
  expect(answer.status).toBe(status)
  expect(answer.json.resourceType).toBe('OperationOutcome')
})

test('405 says which methods there are', async () => {
  const { headers } = await fhir.call('POST', '/Patient/1', patient)
  expect(headers.get('allow')).toBe('GET, HEAD, PUT, PATCH, DELETE')
})

test.each([
  ['text/plain', 415],
  ['application/fhir+turtle', 415],
  ['application/json; charset=iso-8859-1', 415],
  ['application/fhir+json; fhirVersion=3.0', 415],
  ['application/json', 201],
  ['text/json', 201],
  ['application/fhir+json; charset="UTF-8"; fhirVersion=4.0', 201],
])('a body of type %s is %i', async (type, status) => {
  expect((await fhir.call('POST', '/Patient', patient, { 'content-type': type })).status).toBe(status)
})

test.each([
  ['text/turtle', undefined, 406],
  ['text/html,application/xhtml+xml,*/*;q=0.8', undefined, 404],
  ['application/json', undefined, 404],
  ['application/fhir+json;q=0', undefined, 406],
  ['text/turtle', 'json', 404],
  ['*/*', 'ttl', 406],
  ['*/*', 'application/fhir+json', 404],
])('Accept %s with _format %s is %i', async (accept, format, status) => {
  const path = `/Patient/nobody${format === undefined ? '' : `?_format=${format}`}`
  expect((await fhir.call('GET', path, undefined, { accept })).status).toBe(status)
})

test('who asks for plain JSON is answered so', async () => {
  const { headers } = await fhir.call('GET', '/metadata', undefined, { accept: 'application/json' })
  expect(headers.get('content-type')).toBe('application/json; charset=utf-8')
})

test('a body that is not UTF-8 is refused', async () => {
  const bytes = Buffer.from('{"resourceType":"Patient","language":"\xe9"}', 'latin1')
  expect((await fhir.call('POST', '/Patient', bytes)).status).toBe(400)
})

test('a byte order mark is no part of the body', async () => {
  expect((await fhir.call('POST', '/Patient', `\uFEFF${JSON.stringify(patient)}`)).status).toBe(201)
})

test('a gzipped body is taken, a damaged one and a bomb are not', async () => {
  const gzip = { 'content-encoding': 'gzip' }
  const bytes = gzipSync(JSON.stringify(patient))
  expect((await fhir.call('POST', '/Patient', bytes, gzip)).status).toBe(201)
  expect((await fhir.call('POST', '/Patient', bytes.subarray(0, 30), gzip)).status).toBe(400)
  expect((await fhir.call('POST', '/Patient', 'not gzip', gzip)).status).toBe(400)
  expect((await fhir.call('POST', '/Patient', gzipSync(Buffer.alloc(50_000_000, ' ')), gzip)).status).toBe(
    413,
  )
  expect((await fhir.call('POST', '/Patient', patient, { 'content-encoding': 'br' })).status).toBe(415)
})

test('a body over the limit is 413, and the connection serves the next request', async () => {
  const big = `{"resourceType":"Patient","language":"${'x'.repeat(2 * LIMIT)}"}`
  expect((await fhir.call('POST', '/Patient', big)).status).toBe(413)
  expect((await fhir.call('POST', '/Patient', patient)).status).toBe(201)
})

test('a body of unknown length is 413 as soon as it is over the limit', async () => {
  const status = await new Promise((resolve, reject) => {
    const request = httpRequest(`${fhir.base}/Patient`, {
      method: 'POST',
      headers: {
        authorization: 'Bearer test',
        'content-type': 'application/json',
        'transfer-encoding': 'chunked',
      },
    })
    request.on('response', (response) => {
      resolve(response.statusCode)
      request.destroy()
    })
    request.on('error', reject)
    const chunk = Buffer.alloc(65_536, ' ')
    const write = () => {
      while (!request.destroyed && request.write(chunk));
      if (!request.destroyed) request.once('drain', write)
    }
    write()
  })
  expect(status).toBe(413)
})

test('an announced length over the limit is refused before a byte of it', async () => {
  const head = `POST /t/test/fhir/Patient HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer test\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n`
  expect(await talk(`${head}\r\n`)).toContain('413 Payload Too Large')
  const waiting = await talk(`${head}Expect: 100-continue\r\n\r\n`)
  expect(waiting).toContain('413 Payload Too Large')
  expect(waiting).not.toContain('100 Continue')
})

test('who waits for 100 Continue gets it once the token is checked', async () => {
  const body = JSON.stringify(patient)
  const head = (token: string) =>
    `POST /t/test/fhir/Patient HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`
  expect(await talk(head('test'), body)).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 201 Created/)
  expect(await talk(head('forged'))).toMatch(/^HTTP\/1.1 401/)
})

test('bodies that together are over the limit of memory are 503, until the others are done', async () => {
  const slow = [1, 2, 3].map(() => connect(Number(new URL(fhir.origin).port), '127.0.0.1'))
  for (const socket of slow) {
    socket.write(
      `POST /t/test/fhir/Patient HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer test\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: ${LIMIT - 10}\r\n\r\n`,
    )
    const [continued] = (await once(socket, 'data')) as [Buffer]
    expect(continued.toString()).toContain('100 Continue')
  }
  const body = { ...patient, contact: [{ name: { text: 'x'.repeat(1000) } }] }
  const status = async () => (await fhir.call('POST', '/Patient', body)).status
  expect(await status()).toBe(503)
  for (const socket of slow) socket.destroy()
  await expect.poll(status).toBe(201)
})

test('junk instead of HTTP is refused, and the next request is answered', async () => {
  expect(await talk('\x16\x03\x01\x00\xa5\x01\r\n\r\n')).toContain('400 Bad Request')
  expect(await talk(`GET /t/test/fhir/Patient?${'x'.repeat(100_000)} HTTP/1.1\r\n\r\n`)).toContain('431')
  expect((await fhir.call('GET', '/Patient/nobody')).status).toBe(404)
})

test.each([
  ['no token', undefined, 401, 'Bearer realm="passerelle"'],
  ['a forged token', 'Bearer forged', 401, 'Bearer realm="passerelle", error="invalid_token"'],
  ['another scheme', 'Basic dGVzdDp0ZXN0', 401, 'Bearer realm="passerelle", error="invalid_token"'],
  ['a token of another tenant', 'Bearer other', 403, null],
  [
    'a token whose scope lacks it',
    'Bearer test~c',
    403,
    'Bearer realm="passerelle", error="insufficient_scope"',
  ],
])('%s is refused, and says how', async (_what, authorization, status, challenge) => {
  const headers = authorization === undefined ? undefined : { authorization }
  const response = await fetch(`${fhir.base}/Patient/1`, { ...(headers && { headers }) })
  expect(response.status).toBe(status)
  expect(response.headers.get('www-authenticate')).toBe(challenge)
  expect(await response.json()).toMatchObject({ resourceType: 'OperationOutcome' })
})

/** Sends text as it is; a second part once the server answered something. Resolves with all that came. */
function talk(first: string, second?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(fhir.origin).port), '127.0.0.1', () => socket.write(first))
    let received = ''
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1')
      if (second !== undefined && received.endsWith('100 Continue\r\n\r\n')) socket.write(second)
      else if (received.includes('}')) socket.end()
    })
    socket.on('close', () => resolve(received))
    socket.on('error', reject)
  })
}
