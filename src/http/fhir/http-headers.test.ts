import { afterAll, beforeAll, expect, test } from 'vitest'

import { startFhir, type TestFhir } from './fixture.ts'

const ORIGIN = 'https://app.example.org'

let fhir: TestFhir
beforeAll(async () => {
  fhir = await startFhir({ corsOrigins: [ORIGIN] })
  await fhir.call('PUT', '/Patient/a', { resourceType: 'Patient', id: 'a', active: true })
  await fhir.call('PUT', '/Patient/a', { resourceType: 'Patient', id: 'a', active: false })
})
afterAll(() => fhir[Symbol.asyncDispose]())

test.each([
  '/Patient/a',
  '/Patient/a/_history/1',
  '/Patient/a/_history',
  '/Patient/_history',
  '/_history',
  '/Patient?_id=a',
  '/?_type=Patient',
  '/metadata',
  '/metadata?mode=terminology',
])('HEAD %s has the status and the headers of GET, and no body', async (path) => {
  const [head, get] = [await fhir.call('HEAD', path), await fhir.call('GET', path)]
  expect(head.status).toBe(200)
  expect(head.text).toBe('')
  for (const name of ['content-type', 'etag', 'last-modified']) {
    expect([name, head.headers.get(name)]).toEqual([name, get.headers.get(name)])
  }
  // A cursor in a link is sealed anew each time, to the same length.
  expect(head.headers.get('content-length')).toBe(String(Buffer.byteLength(get.text)))
})

test('HEAD of what is not there is 404, of what was deleted 410', async () => {
  await fhir.call('PUT', '/Patient/gone', { resourceType: 'Patient', id: 'gone' })
  await fhir.call('DELETE', '/Patient/gone')
  expect(await fhir.call('HEAD', '/Patient/nobody')).toMatchObject({ status: 404, text: '' })
  expect(await fhir.call('HEAD', '/Patient/gone')).toMatchObject({ status: 410, text: '' })
  expect((await fhir.call('GET', '/Patient/gone/_history/2')).status).toBe(410)
})

test('reads have weak ETags of the version, and a copy that is current is 304', async () => {
  for (const [path, etag] of [
    ['/Patient/a', 'W/"2"'],
    ['/Patient/a/_history/1', 'W/"1"'],
  ] as const) {
    const { headers } = await fhir.call('GET', path)
    expect(headers.get('etag')).toBe(etag)
    for (const method of ['GET', 'HEAD']) {
      const fresh = await fhir.call(method, path, undefined, { 'if-none-match': etag })
      expect(fresh).toMatchObject({ status: 304, text: '' })
      expect(fresh.headers.get('etag')).toBe(etag)
      const since = { 'if-modified-since': headers.get('last-modified')! }
      expect((await fhir.call(method, path, undefined, since)).status).toBe(304)
    }
    expect((await fhir.call('GET', path, undefined, { 'if-none-match': 'W/"9"' })).status).toBe(200)
  }
})

test('writes tell where the version is, and which it is', async () => {
  const created = await fhir.call('POST', '/Patient', { resourceType: 'Patient' })
  const { id } = created.json
  const at = (version: number) => `${fhir.base}/Patient/${id}/_history/${version}`
  expect(created.headers.get('location')).toBe(at(1))
  const updated = await fhir.call('PUT', `/Patient/${id}`, { resourceType: 'Patient', id, active: true })
  const patched = await fhir.call('PATCH', `/Patient/${id}`, [{ op: 'remove', path: '/active' }], {
    'content-type': 'application/json-patch+json',
  })
  const deleted = await fhir.call('DELETE', `/Patient/${id}`)
  expect([created, updated, patched, deleted].map(({ headers }) => headers.get('etag'))).toEqual([
    'W/"1"',
    'W/"2"',
    'W/"3"',
    'W/"4"',
  ])
  for (const { headers } of [created, updated, patched]) expect(headers.get('last-modified')).toMatch(/GMT$/)
})

test('If-Match guards every write', async () => {
  const stale = { 'if-match': 'W/"1"' }
  const body = { resourceType: 'Patient', id: 'a' }
  expect((await fhir.call('PUT', '/Patient/a', body, stale)).status).toBe(412)
  expect((await fhir.call('DELETE', '/Patient/a', undefined, stale)).status).toBe(412)
  const patch = { ...stale, 'content-type': 'application/json-patch+json' }
  expect((await fhir.call('PATCH', '/Patient/a', [], patch)).status).toBe(412)
  expect((await fhir.call('PUT', '/Patient/a', body, { 'if-match': '"two"' })).status).toBe(400)
})

test.each([
  ['/Patient', 'POST, GET, HEAD, PUT, PATCH, DELETE, OPTIONS'],
  ['/Patient/a', 'GET, HEAD, PUT, PATCH, DELETE, OPTIONS'],
  ['/metadata', 'GET, HEAD, OPTIONS'],
])('OPTIONS %s says which methods there are, without a token', async (path, allow) => {
  const response = await fetch(fhir.base + path, { method: 'OPTIONS' })
  expect(response.status).toBe(204)
  expect(response.headers.get('allow')?.split(', ').toSorted()).toEqual(allow.split(', ').toSorted())
})

test('OPTIONS of no path is 401 without a token, as everything is', async () => {
  expect((await fetch(`${fhir.base}/Patient/1/2/3/4`, { method: 'OPTIONS' })).status).toBe(401)
})

test('a preflight lets the application use every method and header that FHIR has', async () => {
  const response = await fetch(`${fhir.base}/Patient/a`, {
    method: 'OPTIONS',
    headers: {
      origin: ORIGIN,
      'access-control-request-method': 'PATCH',
      'access-control-request-headers': 'if-match,prefer',
    },
  })
  expect(response.status).toBe(204)
  const { headers } = response
  expect(headers.get('access-control-allow-origin')).toBe(ORIGIN)
  expect(headers.get('access-control-allow-methods')).toContain('PATCH')
  for (const name of [
    'Authorization',
    'If-Match',
    'If-None-Match',
    'If-None-Exist',
    'If-Modified-Since',
    'Prefer',
  ]) {
    expect(headers.get('access-control-allow-headers')).toContain(name)
  }
})

test('a browser may read the headers that FHIR speaks in', async () => {
  const { headers } = await fhir.call('GET', '/Patient/a', undefined, { origin: ORIGIN })
  const exposed = headers.get('access-control-expose-headers')!.split(', ')
  for (const name of [
    'ETag',
    'Location',
    'Last-Modified',
    'Content-Location',
    'X-Request-Id',
    'X-Progress',
  ]) {
    expect(exposed).toContain(name)
  }
  const stranger = await fhir.call('GET', '/Patient/a', undefined, { origin: 'https://other.example.org' })
  expect(stranger.headers.get('access-control-allow-origin')).toBeNull()
})

test('metadata has its modes: full, normative and terminology', async () => {
  const ask = async (query: string) => (await fhir.call('GET', `/metadata${query}`)).json
  expect((await ask('')).resourceType).toBe('CapabilityStatement')
  expect(await ask('?mode=full')).toEqual(await ask(''))
  expect((await ask('?mode=normative')).resourceType).toBe('CapabilityStatement')
  const terminology = await ask('?mode=terminology')
  expect(terminology.resourceType).toBe('TerminologyCapabilities')
  expect(fhir.validator.validate(terminology, 'TerminologyCapabilities')).toEqual([])
  expect(terminology.codeSystem).toContainEqual({
    uri: 'http://hl7.org/fhir/administrative-gender',
    version: [{ code: '4.0.1' }],
  })
  const wrong = await fhir.call('GET', '/metadata?mode=everything')
  expect(wrong).toMatchObject({ status: 400, json: { issue: [{ expression: ['mode'] }] } })
  expect((await fhir.call('GET', '/metadata?mode=constructor')).status).toBe(400)
})

test('metadata of each mode has an ETag of its own', async () => {
  const etagOf = async (query: string) => (await fhir.call('GET', `/metadata${query}`)).headers.get('etag')!
  const [full, terminology] = [await etagOf(''), await etagOf('?mode=terminology')]
  expect(full).not.toBe(terminology)
  const fresh = await fhir.call('GET', '/metadata?mode=terminology', undefined, {
    'if-none-match': terminology,
  })
  expect(fresh.status).toBe(304)
})
