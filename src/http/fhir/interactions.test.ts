import { afterAll, beforeAll, expect, test } from 'vitest'

import { startFhir, type TestFhir } from './fixture.ts'

let fhir: TestFhir
beforeAll(async () => {
  fhir = await startFhir()
})
afterAll(() => fhir[Symbol.asyncDispose]())

const patient = { resourceType: 'Patient', active: true }

test('create answers 201 with the resource, its version as ETag, and where it is', async () => {
  const { status, headers, json } = await fhir.call('POST', '/Patient', patient)
  expect(status).toBe(201)
  expect(json).toMatchObject({ ...patient, meta: { versionId: '1' } })
  expect(headers.get('etag')).toBe('W/"1"')
  expect(headers.get('location')).toBe(`${fhir.base}/Patient/${json.id}/_history/1`)
  expect(headers.get('content-type')).toBe('application/fhir+json; charset=utf-8')
  expect(new Date(headers.get('last-modified')!).getTime()).toBe(
    Math.floor(Date.parse(json.meta.lastUpdated) / 1000) * 1000,
  )
})

test('create ignores the id that the client sent', async () => {
  const { json } = await fhir.call('POST', '/Patient', { ...patient, id: 'mine', meta: { versionId: '7' } })
  expect(json.id).not.toBe('mine')
  expect(json.meta.versionId).toBe('1')
})

test('decimals come back digit by digit', async () => {
  const observation =
    '{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.10},' +
    '"referenceRange":[{"low":{"value":0.00001234500},"high":{"value":1.0}}]}'
  const created = await fhir.call('POST', '/Observation', observation)
  expect(created.status).toBe(201)
  const read = await fhir.call('GET', `/Observation/${created.json.id}`)
  expect(read.text).toContain('"value": 1.10')
  expect(read.text).toContain('0.00001234500')
  const pretty = await fhir.call('GET', `/Observation/${created.json.id}?_pretty=true`)
  expect(pretty.text).toContain('\n')
  expect(pretty.text).toMatch(/"value": 1\.10[,\n]/)
})

test('read answers 404 for what never was and 410 for what was deleted', async () => {
  expect((await fhir.call('GET', '/Patient/nobody')).status).toBe(404)
  await fhir.call('PUT', '/Patient/short-lived', { ...patient, id: 'short-lived' })
  expect((await fhir.call('DELETE', '/Patient/short-lived')).status).toBe(204)
  const gone = await fhir.call('GET', '/Patient/short-lived')
  expect(gone.status).toBe(410)
  expect(gone.json.resourceType).toBe('OperationOutcome')
})

test('a read with the ETag that the client holds is 304 without a body', async () => {
  await fhir.call('PUT', '/Patient/held', { ...patient, id: 'held' })
  const fresh = await fhir.call('GET', '/Patient/held', undefined, { 'if-none-match': 'W/"1"' })
  expect(fresh).toMatchObject({ status: 304, text: '' })
  expect(fresh.headers.get('etag')).toBe('W/"1"')
  expect((await fhir.call('GET', '/Patient/held', undefined, { 'if-none-match': 'W/"2"' })).status).toBe(200)
  const modified = (await fhir.call('GET', '/Patient/held')).headers.get('last-modified')!
  expect((await fhir.call('GET', '/Patient/held', undefined, { 'if-modified-since': modified })).status).toBe(
    304,
  )
  const earlier = new Date(Date.parse(modified) - 1000).toUTCString()
  expect((await fhir.call('GET', '/Patient/held', undefined, { 'if-modified-since': earlier })).status).toBe(
    200,
  )
})

test('HEAD answers what GET does, without the body', async () => {
  await fhir.call('PUT', '/Patient/head', { ...patient, id: 'head' })
  const { status, headers, text } = await fhir.call('HEAD', '/Patient/head')
  expect({ status, text }).toEqual({ status: 200, text: '' })
  expect(Number(headers.get('content-length'))).toBeGreaterThan(50)
})

test('update creates under the id that the client chose, then makes versions', async () => {
  const first = await fhir.call('PUT', '/Patient/chosen', { ...patient, id: 'chosen' })
  expect(first).toMatchObject({ status: 201, json: { id: 'chosen', meta: { versionId: '1' } } })
  const second = await fhir.call('PUT', '/Patient/chosen', {
    resourceType: 'Patient',
    id: 'chosen',
    active: false,
  })
  expect(second).toMatchObject({ status: 200, json: { active: false, meta: { versionId: '2' } } })
  expect(second.headers.get('etag')).toBe('W/"2"')
  const same = await fhir.call('PUT', '/Patient/chosen', {
    resourceType: 'Patient',
    id: 'chosen',
    active: false,
  })
  expect(same).toMatchObject({ status: 200, json: { meta: { versionId: '2' } } })
})

test('update with If-Match of another version is 412 and changes nothing', async () => {
  await fhir.call('PUT', '/Patient/matched', { ...patient, id: 'matched' })
  const body = { resourceType: 'Patient', id: 'matched', active: false }
  expect((await fhir.call('PUT', '/Patient/matched', body, { 'if-match': 'W/"3"' })).status).toBe(412)
  expect((await fhir.call('GET', '/Patient/matched')).json.active).toBe(true)
  expect((await fhir.call('PUT', '/Patient/matched', body, { 'if-match': 'W/"1"' })).status).toBe(200)
  expect((await fhir.call('PUT', '/Patient/matched', body, { 'if-match': 'soon' })).status).toBe(400)
  expect(
    (await fhir.call('PUT', '/Patient/unborn', { ...body, id: 'unborn' }, { 'if-match': '*' })).status,
  ).toBe(412)
  expect((await fhir.call('PUT', '/Patient/matched', body, { 'if-none-match': '*' })).status).toBe(412)
})

test('deleting what is not there is no error', async () => {
  expect((await fhir.call('DELETE', '/Patient/never-there')).status).toBe(204)
})

test('a deleted resource comes back by update, one version later', async () => {
  await fhir.call('PUT', '/Patient/phoenix', { ...patient, id: 'phoenix' })
  await fhir.call('DELETE', '/Patient/phoenix')
  const back = await fhir.call('PUT', '/Patient/phoenix', { ...patient, id: 'phoenix' })
  expect(back).toMatchObject({ status: 201, json: { meta: { versionId: '3' } } })
})

test('vread answers each version as it was', async () => {
  await fhir.call('PUT', '/Patient/versions', { ...patient, id: 'versions' })
  await fhir.call('PUT', '/Patient/versions', { resourceType: 'Patient', id: 'versions', active: false })
  await fhir.call('DELETE', '/Patient/versions')
  expect((await fhir.call('GET', '/Patient/versions/_history/1')).json).toMatchObject({ active: true })
  expect((await fhir.call('GET', '/Patient/versions/_history/2')).json).toMatchObject({ active: false })
  expect((await fhir.call('GET', '/Patient/versions/_history/3')).status).toBe(410)
  expect((await fhir.call('GET', '/Patient/versions/_history/4')).status).toBe(404)
  expect((await fhir.call('GET', '/Patient/versions/_history/first')).status).toBe(404)
})

test('history lists every version, newest first, a page at a time', async () => {
  await fhir.call('PUT', '/Patient/old', { ...patient, id: 'old' })
  await fhir.call('PUT', '/Patient/old', { resourceType: 'Patient', id: 'old', active: false })
  await fhir.call('DELETE', '/Patient/old')
  const whole = await fhir.call('GET', '/Patient/old/_history')
  expect(whole.json).toMatchObject({
    resourceType: 'Bundle',
    type: 'history',
    entry: [
      { request: { method: 'DELETE', url: 'Patient/old' }, response: { status: '204', etag: 'W/"3"' } },
      { request: { method: 'PUT', url: 'Patient/old' }, resource: { active: false } },
      { fullUrl: `${fhir.base}/Patient/old`, resource: { active: true }, response: { status: '201' } },
    ],
  })
  expect(whole.json.entry[0].resource).toBeUndefined()

  const first = await fhir.call('GET', '/Patient/old/_history?_count=2')
  expect(first.json.entry).toHaveLength(2)
  const next = first.json.link.find((link: { relation: string }) => link.relation === 'next').url
  const second = await fhir.call('GET', next)
  expect(second.json.entry).toMatchObject([{ resource: { meta: { versionId: '1' } } }])
  expect(second.json.link.map((link: { relation: string }) => link.relation)).toEqual(['self'])

  expect((await fhir.call('GET', next.replace('Patient/old', 'Patient/chosen'))).status).toBe(400)
  expect((await fhir.call('GET', `${next}x`)).status).toBe(400)
  expect((await fhir.call('GET', '/Patient/nobody/_history')).status).toBe(404)
  expect((await fhir.call('GET', '/Patient/old/_history?_count=0')).status).toBe(400)
})

test('Prefer decides what a write answers with', async () => {
  const minimal = await fhir.call('POST', '/Patient', patient, { prefer: 'return=minimal' })
  expect(minimal).toMatchObject({ status: 201, text: '' })
  expect(minimal.headers.get('location')).toContain('/Patient/')
  const outcome = await fhir.call('POST', '/Patient', patient, { prefer: 'return=OperationOutcome' })
  expect(outcome).toMatchObject({ status: 201, json: { resourceType: 'OperationOutcome' } })
  const whole = await fhir.call('POST', '/Patient', patient, {
    prefer: 'respond-async, return=representation',
  })
  expect(whole.json.resourceType).toBe('Patient')
})

test('each answer forbids caches, frames and guessing', async () => {
  const { headers } = await fhir.call('GET', '/Patient/chosen')
  expect(headers.get('cache-control')).toBe('no-store')
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  expect(headers.get('x-powered-by')).toBeNull()
})

test('a request keeps the id that it brings, or gets one', async () => {
  const named = await fhir.call('GET', '/Patient/chosen', undefined, { 'x-request-id': 'trace-17' })
  expect(named.headers.get('x-request-id')).toBe('trace-17')
  const unnamed = await fhir.call('GET', '/Patient/chosen', undefined, { 'x-request-id': 'no good' })
  expect(unnamed.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
})
