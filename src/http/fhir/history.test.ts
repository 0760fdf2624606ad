import { afterAll, beforeAll, expect, test } from 'vitest'

import { startFhir, type TestFhir } from './fixture.ts'

let fhir: TestFhir
beforeAll(async () => {
  fhir = await startFhir()
})
afterAll(() => fhir[Symbol.asyncDispose]())

interface Entry {
  readonly fullUrl: string
  readonly resource?: { readonly id: string; readonly meta: { readonly versionId: string } }
  readonly request: { readonly method: string; readonly url: string }
  readonly response: { readonly status: string; readonly etag: string; readonly lastModified: string }
}

const put = (type: string, id: string, rest: Record<string, unknown> = {}) =>
  fhir.call('PUT', `/${type}/${id}`, { resourceType: type, id, ...rest })

const told = (entries: readonly Entry[] = []) =>
  entries.map(({ fullUrl, response }) => `${fullUrl.slice(fhir.base.length + 1)} ${response.etag}`)

const linkOf = (json: { link: { relation: string; url: string }[] }, wanted: string) =>
  json.link.find(({ relation }) => relation === wanted)?.url

/** All pages from here on. */
async function pagesFrom(path: string): Promise<Entry[][]> {
  const pages: Entry[][] = []
  for (let next: string | undefined = path; next !== undefined;) {
    const { json, status } = await fhir.call('GET', next)
    expect(status).toBe(200)
    pages.push(json.entry ?? [])
    next = linkOf(json, 'next')
  }
  return pages
}

test('each version tells the method that made it', async () => {
  const { json: posted } = await fhir.call('POST', '/Group', {
    resourceType: 'Group',
    type: 'person',
    actual: false,
  })
  const id = posted.id as string
  await put('Group', id, { type: 'person', actual: false, name: 'b' })
  await fhir.call('PATCH', `/Group/${id}`, [{ op: 'replace', path: '/name', value: 'c' }], {
    'content-type': 'application/json-patch+json',
  })
  await fhir.call('DELETE', `/Group/${id}`)
  await put('Group', id, { type: 'person', actual: false, name: 'd' })
  const { json } = await fhir.call('GET', `/Group/${id}/_history`)
  expect(json).toMatchObject({ type: 'history', total: 5 })
  expect(
    json.entry.map(({ request, response }: Entry) => [request.method, request.url, response.status]),
  ).toEqual([
    ['PUT', `Group/${id}`, '200'],
    ['DELETE', `Group/${id}`, '204'],
    ['PATCH', `Group/${id}`, '200'],
    ['PUT', `Group/${id}`, '200'],
    ['POST', 'Group', '201'],
  ])
  expect(fhir.validator.validate(json, 'Bundle')).toEqual([])
})

test('a first version by PUT is told as a PUT, also out of a transaction', async () => {
  const entry = (method: string, url: string, id?: string) => ({
    resource: { resourceType: 'Basic', ...(id !== undefined && { id }), code: { text: 'x' } },
    request: { method, url },
  })
  const { json } = await fhir.call('POST', '/', {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [entry('PUT', 'Basic/by-put', 'by-put'), entry('POST', 'Basic')],
  })
  const methodOf = async (location: string) => {
    const history = await fhir.call('GET', `/${location.replace(/\/_history.*/, '')}/_history`)
    return history.json.entry[0].request.method
  }
  expect(await methodOf(json.entry[0].response.location)).toBe('PUT')
  expect(await methodOf(json.entry[1].response.location)).toBe('POST')
})

test('the history of a type has all versions of its resources, newest first', async () => {
  await put('Location', 'a', { name: '1' })
  await put('Location', 'b', { name: '1' })
  await put('Location', 'a', { name: '2' })
  await put('Organization', 'other', { name: 'x' })
  await fhir.call('DELETE', '/Location/b')
  await put('Location', 'c')
  const { json, status } = await fhir.call('GET', '/Location/_history')
  expect(status).toBe(200)
  expect(told(json.entry)).toEqual([
    'Location/c W/"1"',
    'Location/b W/"2"',
    'Location/a W/"2"',
    'Location/b W/"1"',
    'Location/a W/"1"',
  ])
  expect(json.entry[1]).toMatchObject({ request: { method: 'DELETE', url: 'Location/b' } })
  expect(json.entry[1].resource).toBeUndefined()
  expect(json.total).toBe(5)
  expect(linkOf(json, 'self')).toBe(`${fhir.base}/Location/_history`)
  expect(fhir.validator.validate(json, 'Bundle')).toEqual([])
})

test('the history of the system has the versions of all types', async () => {
  await put('Device', 'd')
  await put('Substance', 's', { code: { text: 'x' } })
  const { json } = await fhir.call('GET', '/_history?_count=2')
  expect(told(json.entry)).toEqual(['Substance/s W/"1"', 'Device/d W/"1"'])
  expect(json.total).toBeUndefined()
  expect(linkOf(json, 'next')).toMatch(/_history\?_count=2&_cursor=/)
})

test('how many versions there are of all is told on every page to who asks', async () => {
  const group = { type: 'person', actual: true }
  for (const quantity of [1, 2, 3]) await put('Group', 'counted', { ...group, quantity })
  for (const quantity of [1, 2]) await put('Group', 'also', { ...group, quantity })
  await fhir.call('DELETE', '/Group/also')
  const all = (await fhir.call('GET', '/Group/_history?_count=1000')).json.entry.length
  const first = (await fhir.call('GET', '/Group/_history?_count=4&_total=accurate')).json
  expect([first.entry.length, first.total]).toEqual([4, all])
  const second = (await fhir.call('GET', linkOf(first, 'next')!)).json
  expect([second.entry.length > 0, second.total]).toEqual([true, all])
  const system = (await fhir.call('GET', '/_history?_count=1&_total=estimate')).json
  const counted = (await fhir.call('GET', '/_history?_summary=count')).json
  expect(system.total).toBe(counted.total)
})

test('pages go on where the last one ended, whatever is written meanwhile', async () => {
  for (const n of [1, 2, 3, 4]) {
    for (const id of ['x', 'y']) await put('Medication', id, { status: n % 2 === 0 ? 'active' : 'inactive' })
  }
  const all = told((await fhir.call('GET', '/Medication/_history')).json.entry)
  expect(all).toHaveLength(8)
  const first = await fhir.call('GET', '/Medication/_history?_count=3')
  await put('Medication', 'x', { status: 'entered-in-error' })
  await fhir.call('DELETE', '/Medication/y')
  const rest = await pagesFrom(linkOf(first.json, 'next')!)
  expect([...told(first.json.entry), ...rest.flatMap((page) => told(page))]).toEqual(all)
  expect((await pagesFrom('/Medication/_history?_count=1')).map((page) => page.length)).toEqual(
    Array.from({ length: 10 }, () => 1),
  )
})

test('pages of one resource are as stable', async () => {
  for (const status of ['active', 'inactive', 'entered-in-error'])
    await put('Substance', 'paged', { code: { text: 'x' }, status })
  const first = await fhir.call('GET', '/Substance/paged/_history?_count=2')
  expect(first.json.total).toBe(3)
  await put('Substance', 'paged', { code: { text: 'y' } })
  const [second] = await pagesFrom(linkOf(first.json, 'next')!)
  expect(told(second)).toEqual(['Substance/paged W/"1"'])
})

test('_since gives what was made from then on, _at what was current then', async () => {
  const made = async (name: string) => {
    const { json } = await put('HealthcareService', 'h', { comment: name })
    await new Promise((resolve) => setTimeout(resolve, 5))
    return json.meta.lastUpdated as string
  }
  await made('1')
  const second = await made('2')
  const third = await made('3')
  const versions = async (path: string, query: string) => {
    const { json } = await fhir.call('GET', `/${path}?${query}`)
    return (json.entry ?? []).map(({ response }: Entry) => response.etag)
  }
  const moment = (instant: string, ms: number) => new Date(Date.parse(instant) + ms).toISOString()
  for (const path of ['HealthcareService/h/_history', 'HealthcareService/_history']) {
    expect(await versions(path, `_since=${second}`), path).toEqual(['W/"3"', 'W/"2"'])
    expect(await versions(path, `_since=${moment(third, 1)}`), path).toEqual([])
    expect(await versions(path, '_since=2000'), path).toHaveLength(3)
    // The instant of the change belongs to the new version; the second before it is the old one's.
    expect(await versions(path, `_at=${second}`), path).toEqual(['W/"2"'])
    expect(await versions(path, `_at=${moment(second, -1)}`), path).toEqual(['W/"1"'])
    expect(await versions(path, `_at=${moment(third, 1000)}`), path).toEqual(['W/"3"'])
    expect(await versions(path, '_at=2000'), path).toEqual([])
    expect(await versions(path, `_at=${second.slice(0, 4)}`), path).toEqual(['W/"3"', 'W/"2"', 'W/"1"'])
    expect(await versions(path, `_since=${second}&_at=${second}`), path).toEqual(['W/"2"'])
  }
  const system = await fhir.call('GET', `/_history?_since=${second}&_count=1000`)
  expect(told(system.json.entry)).toEqual(['HealthcareService/h W/"3"', 'HealthcareService/h W/"2"'])
  expect((await fhir.call('GET', '/HealthcareService/h/_history?_since=2999')).json).toMatchObject({
    total: 0,
  })
})

test('a + in a moment that was not encoded is understood', async () => {
  await put('HealthcareService', 'zone')
  const answer = await fhir.call('GET', '/HealthcareService/zone/_history?_since=2000-01-01T00:00:00+01:00')
  expect(answer.json.entry).toHaveLength(1)
})

test.each([
  ['/Patient/_history?_since=yesterday', 400],
  ['/Patient/_history?_at=2024-13', 400],
  ['/Patient/_history?_since=2020&_since=2021', 400],
  ['/Patient/_history?_count=0', 400],
  ['/Patient/_history?_count=-1', 400],
  ['/Patient/_history?_sort=_id', 400],
  ['/Patient/_history?_total=all', 400],
  ['/_history?colour=blue', 400],
  ['/_history?_cursor=x', 400],
  ['/Patience/_history', 404],
  ['/Patient/nobody/_history', 404],
  ['/AuditEvent/_history', 405],
])('GET %s is %i', async (path, status) => {
  const answer = await fhir.call('GET', path)
  expect(answer).toMatchObject({ status, json: { resourceType: 'OperationOutcome' } })
})

test('a cursor is good for its own history only', async () => {
  await put('Device', 'cursor-1')
  await put('Device', 'cursor-2')
  const next = linkOf((await fhir.call('GET', '/Device/_history?_count=1')).json, 'next')!
  expect((await fhir.call('GET', next)).status).toBe(200)
  expect((await fhir.call('GET', next.replace('Device', 'Location'))).status).toBe(400)
  expect((await fhir.call('GET', next.replace('/Device', ''))).status).toBe(400)
  expect((await fhir.call('GET', `${next}&_since=2020`)).status).toBe(400)
  expect(
    (await fhir.call('GET', next.replace('/test/', '/other/'), undefined, { authorization: 'Bearer other' }))
      .status,
  ).toBe(400)
})

test('nothing of another tenant is in a history', async () => {
  const there = { authorization: 'Bearer other' }
  const other = fhir.base.replace('/test/', '/other/')
  await fhir.call('PUT', `${other}/Endpoint/theirs`, endpoint('theirs'), there)
  await fhir.call('PUT', '/Endpoint/ours', endpoint('ours'))
  expect(told((await fhir.call('GET', '/Endpoint/_history')).json.entry)).toEqual(['Endpoint/ours W/"1"'])
  expect((await fhir.call('GET', '/Endpoint/theirs/_history')).status).toBe(404)
  const theirs = (await fhir.call('GET', `${other}/_history`, undefined, there)).json.entry
  expect(theirs).toMatchObject([{ resource: { id: 'theirs' } }])
  expect(theirs).toHaveLength(1)
})

const endpoint = (id: string) => ({
  resourceType: 'Endpoint',
  id,
  status: 'active',
  connectionType: { system: 'urn:x', code: 'x' },
  payloadType: [{ text: 'x' }],
  address: 'https://example.org',
})

test('the scope to search opens the histories of types, the scope to read that of an instance', async () => {
  await put('Device', 'scoped')
  const status = async (letters: string, path: string) =>
    (await fhir.call('GET', path, undefined, { authorization: `Bearer test~${letters}` })).status
  expect(await status('s', '/Device/_history')).toBe(200)
  expect(await status('s', '/_history')).toBe(200)
  expect(await status('r', '/Device/_history')).toBe(403)
  expect(await status('r', '/_history')).toBe(403)
  expect(await status('r', '/Device/scoped/_history')).toBe(200)
  expect(await status('s', '/Device/scoped/_history')).toBe(403)
})

test('who looked at a history is in the audit trail with what was seen', async () => {
  await put('Location', 'audited')
  const before = (await fhir.audits()).length
  await fhir.call('GET', '/Location/_history?_count=1')
  await fhir.call('GET', '/_history?_count=1')
  expect((await fhir.audits()).slice(before)).toMatchObject([
    { interaction: 'history-type', action: 'R', entities: 'Location/audited/_history/1', query: '_count=1' },
    { interaction: 'history-system', action: 'R', entities: 'Location/audited/_history/1' },
  ])
})

test('a batch and a transaction may ask for histories', async () => {
  await put('Location', 'bundled')
  const entry = [
    { request: { method: 'GET', url: 'Location/bundled/_history' } },
    { request: { method: 'GET', url: 'Location/_history?_count=1' } },
    { request: { method: 'GET', url: '_history?_count=1' } },
  ]
  for (const type of ['batch', 'transaction']) {
    const { json } = await fhir.call('POST', '/', { resourceType: 'Bundle', type, entry })
    expect(json.entry.map(({ resource }: { resource: { type: string } }) => resource.type)).toEqual([
      'history',
      'history',
      'history',
    ])
  }
})

test('capabilities name the histories', async () => {
  const [rest] = (await fhir.call('GET', '/metadata')).json.rest
  expect(rest.interaction).toContainEqual({ code: 'history-system' })
  const ofType = (wanted: string) =>
    rest.resource.find(({ type }: { type: string }) => type === wanted).interaction
  expect(ofType('Patient')).toContainEqual({ code: 'history-type' })
  expect(ofType('AuditEvent')).not.toContainEqual({ code: 'history-type' })
})

test('versions from before the method was kept are told from what they are', async () => {
  await put('Device', 'old', { status: 'active' })
  await put('Device', 'old', { status: 'inactive' })
  await fhir.database.ownerQuery(`update passerelle.resource set method = null where id = 'old'`)
  await fhir.database.ownerQuery(`update passerelle.resource_history set method = null`)
  const { json } = await fhir.call('GET', '/Device/old/_history')
  expect(json.entry.map(({ request }: Entry) => request.method)).toEqual(['PUT', 'POST'])
})
