import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'

import { startFhir, type TestFhir } from '../fixture.ts'

let fhir: TestFhir
beforeAll(async () => {
  fhir = await startFhir({ corsOrigins: ['https://app.example.org'] })
})
beforeEach(() => {
  fhir.queue.isOpen = true
})
afterAll(() => fhir[Symbol.asyncDispose]())

const ASYNC = { prefer: 'respond-async' }
const patient = (value: string) => ({
  resourceType: 'Patient',
  identifier: [{ system: 'urn:mrn', value }],
})
const post = (value: string) => ({ resource: patient(value), request: { method: 'POST', url: 'Patient' } })
const bundle = (type: 'batch' | 'transaction', ...entry: unknown[]) => ({
  resourceType: 'Bundle',
  type,
  entry,
})
const send = (body: unknown, headers: Record<string, string> = {}) =>
  fhir.call('POST', '/', body, { ...ASYNC, ...headers })
const countOf = async (value: string) =>
  (await fhir.call('GET', `/Patient?identifier=urn:mrn|${value}&_total=accurate&_count=0`)).json.total

const statusUrl = (answer: { headers: Headers }) => answer.headers.get('content-location')!
const idOf = (url: string) => url.slice(url.lastIndexOf('/') + 1)
async function resultOf(url: string) {
  await expect.poll(async () => (await fhir.call('GET', url)).status, { timeout: 10_000 }).not.toBe(202)
  return fhir.call('GET', url)
}
/** The process that worked on it is dead: its lease is over. */
const die = (url: string) =>
  fhir.database.ownerQuery(
    `update passerelle.async_request set lease_until = now() - interval '1 second' where id = $1`,
    [idOf(url)],
  )

test('a transaction is accepted, and its answer fetched when it is done', async () => {
  const accepted = await send(bundle('transaction', post('t-1')))
  expect(accepted).toMatchObject({ status: 202, text: '' })
  expect(accepted.headers.get('preference-applied')).toBe('respond-async')
  const url = statusUrl(accepted)
  expect(url).toMatch(new RegExp(`^${fhir.base}/_async/[0-9a-f-]{36}$`))
  const result = await resultOf(url)
  expect(result).toMatchObject({
    status: 200,
    json: { type: 'transaction-response', entry: [{ response: { status: '201 Created' } }] },
  })
  expect(Date.parse(result.headers.get('expires')!)).toBeGreaterThan(Date.now())
  expect(await countOf('t-1')).toBe(1)
  // It stays there for a while.
  expect((await fhir.call('GET', url)).text).toBe(result.text)
})

test('a batch and searches are answered later as they would be at once', async () => {
  const batch = await resultOf(
    statusUrl(
      await send(bundle('batch', post('b-1'), { request: { method: 'GET', url: 'Patient/nobody' } })),
    ),
  )
  expect(batch.json.entry.map(({ response }: { response: { status: string } }) => response.status)).toEqual([
    '201 Created',
    '404 Not Found',
  ])
  for (const [method, path, body] of [
    ['GET', '/Patient?identifier=urn:mrn|b-1', undefined],
    ['GET', '/?_type=Patient&identifier=urn:mrn|b-1', undefined],
    ['POST', '/Patient/_search?_count=5', 'identifier=urn:mrn|b-1'],
  ] as const) {
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const accepted = await fhir.call(method, path, body, { ...ASYNC, ...(body && form) })
    expect(accepted.status).toBe(202)
    const { json } = await resultOf(statusUrl(accepted))
    expect(json).toMatchObject({ type: 'searchset', total: 1, entry: [{ resource: patient('b-1') }] })
  }
})

test('the result comes in the format that is asked for when it is fetched', async () => {
  const url = statusUrl(await fhir.call('GET', '/Patient?identifier=urn:mrn|b-1', undefined, ASYNC))
  await resultOf(url)
  const xml = await fhir.call('GET', url, undefined, { accept: 'application/fhir+xml' })
  expect(xml.text).toMatch(/^<.*Bundle /s)
})

test('a body in XML is taken later as at once', async () => {
  const body = `<Bundle xmlns="http://hl7.org/fhir"><type value="transaction"/><entry><resource><Patient><active value="true"/></Patient></resource><request><method value="POST"/><url value="Patient"/></request></entry></Bundle>`
  const accepted = await send(body, { 'content-type': 'application/fhir+xml' })
  expect((await resultOf(statusUrl(accepted))).json.entry[0].response.status).toBe('201 Created')
})

test('until it is done the status is 202 with the progress', async () => {
  fhir.queue.isOpen = false
  const url = statusUrl(await send(bundle('transaction', post('p-1'))))
  const waiting = await fhir.call('GET', url)
  expect(waiting).toMatchObject({ status: 202, text: '' })
  expect(waiting.headers.get('x-progress')).toBe('waiting')
  expect(waiting.headers.get('retry-after')).toBe('1')
  await fhir.requests.run(fhir.database.tenant, idOf(url))
  expect((await fhir.call('GET', url)).status).toBe(200)
})

test('what fails is told when it is fetched, with the status that it would have had', async () => {
  const bad = { ...post('f-1'), resource: { ...patient('f-1'), gender: 'blue' } }
  const refused = await resultOf(
    statusUrl(await send(bundle('transaction', bad), { 'accept-language': 'fr' })),
  )
  expect(refused).toMatchObject({ status: 422, json: { resourceType: 'OperationOutcome' } })
  const broken = await resultOf(statusUrl(await send('{"resourceType":')))
  expect(broken.status).toBe(400)
  const search = await resultOf(statusUrl(await fhir.call('GET', '/Patient?colour=blue', undefined, ASYNC)))
  expect(search.status).toBe(400)
})

test.each([
  ['no token', '/Patient', {}, 401],
  ['a token without the scope', '/Patient', { authorization: 'Bearer test~c' }, 403],
  ['a token of another tenant', '/Patient', { authorization: 'Bearer other' }, 403],
  ['a type that is none', '/Patience', { authorization: 'Bearer test' }, 404],
])('%s is refused at once', async (_what, path, headers, status) => {
  const response = await fetch(fhir.base + path, { headers: { ...headers, ...ASYNC } })
  expect(response.status).toBe(status)
})

test('a body of another media type is refused at once', async () => {
  expect((await send('x', { 'content-type': 'text/plain' })).status).toBe(415)
})

test('what brings no benefit later is answered now', async () => {
  const created = await fhir.call('POST', '/Patient', patient('n-1'), ASYNC)
  expect(created.status).toBe(201)
  expect((await fhir.call('GET', `/Patient/${created.json.id}`, undefined, ASYNC)).status).toBe(200)
})

test('only the client that asked is told, and in its tenant', async () => {
  const url = statusUrl(await fhir.call('GET', '/Patient?_count=1', undefined, ASYNC))
  await resultOf(url)
  const as = (authorization: string, path = url) => fhir.call('GET', path, undefined, { authorization })
  expect((await as('Bearer test~rs~~another')).status).toBe(404)
  expect((await as('Bearer other')).status).toBe(403)
  expect((await as('Bearer other', url.replace('/test/', '/other/'))).status).toBe(404)
  expect((await fetch(url)).status).toBe(401)
  const deleted = await fhir.call('DELETE', url, undefined, { authorization: 'Bearer test~cruds~~another' })
  expect(deleted.status).toBe(404)
  expect((await fhir.call('GET', url)).status).toBe(200)
  for (const path of ['/_async/nothing', '/_async/01890000-0000-7000-8000-000000000000'])
    expect((await fhir.call('GET', path)).status).toBe(404)
})

test('what waits can be cancelled: it is not done, and not found', async () => {
  fhir.queue.isOpen = false
  const url = statusUrl(await send(bundle('transaction', post('c-1'))))
  expect((await fhir.call('DELETE', url)).status).toBe(202)
  expect((await fhir.call('GET', url)).status).toBe(404)
  expect((await fhir.call('DELETE', url)).status).toBe(404)
  await fhir.requests.run(fhir.database.tenant, idOf(url))
  expect(await countOf('c-1')).toBe(0)
})

test('a transaction that is cancelled while it is worked on leaves nothing', async () => {
  fhir.queue.isOpen = false
  const url = statusUrl(await send(bundle('transaction', post('c-2'))))
  const entries = Array.from({ length: 200 }, (_, i) => post(`c-2-${i}`))
  const big = statusUrl(await send(bundle('transaction', ...entries)))
  await fhir.database.ownerQuery(
    `create function passerelle.slow() returns trigger language plpgsql as $$ begin perform pg_sleep(0.5); return null; end $$`,
  )
  await fhir.database.ownerQuery(
    `create trigger slow after insert on passerelle.resource for each statement execute function passerelle.slow()`,
  )
  try {
    const running = fhir.requests.run(fhir.database.tenant, idOf(big))
    await expect.poll(async () => (await fhir.call('GET', big)).headers.get('x-progress')).toBe('running')
    expect((await fhir.call('DELETE', big)).status).toBe(202)
    await running
  } finally {
    await fhir.database.ownerQuery(`drop trigger slow on passerelle.resource`)
  }
  expect(await countOf('c-2-0')).toBe(0)
  await fhir.requests.run(fhir.database.tenant, idOf(url))
  expect(await countOf('c-2')).toBe(1)
})

test('a result that was fetched can be forgotten', async () => {
  const url = statusUrl(await fhir.call('GET', '/Patient?_count=1', undefined, ASYNC))
  await resultOf(url)
  expect((await fhir.call('DELETE', url)).status).toBe(202)
  expect((await fhir.call('GET', url)).status).toBe(404)
})

test('results whose time is over are gone', async () => {
  const url = statusUrl(await fhir.call('GET', '/Patient?_count=1', undefined, ASYNC))
  await resultOf(url)
  await fhir.database.ownerQuery(
    `update passerelle.async_request set expires_at = now() - interval '1 second' where id = $1`,
    [idOf(url)],
  )
  expect((await fhir.call('GET', url)).status).toBe(404)
  await fhir.requests.sweep([fhir.database.tenant])
  const left = await fhir.database.ownerQuery('select 1 from passerelle.async_request where id = $1', [
    idOf(url),
  ])
  expect(left).toEqual([])
})

test('what nobody was told of is found and done', async () => {
  fhir.queue.isOpen = false
  const url = statusUrl(await send(bundle('transaction', post('s-1'))))
  await fhir.database.ownerQuery(
    `update passerelle.async_request set created_at = now() - interval '1 minute' where id = $1`,
    [idOf(url)],
  )
  fhir.queue.isOpen = true
  await fhir.requests.sweep([fhir.database.tenant])
  expect((await resultOf(url)).status).toBe(200)
  expect(await countOf('s-1')).toBe(1)
})

test('two workers that are told of the same do it once', async () => {
  fhir.queue.isOpen = false
  const url = statusUrl(await send(bundle('transaction', post('w-1'))))
  await Promise.all([1, 2, 3].map(() => fhir.requests.run(fhir.database.tenant, idOf(url))))
  expect(await countOf('w-1')).toBe(1)
})

test('a transaction whose process died before the commit is done again, once', async () => {
  fhir.queue.isOpen = false
  const url = statusUrl(await send(bundle('transaction', post('d-1'))))
  // Somebody began, and was never seen again.
  await fhir.database.ownerQuery(
    `update passerelle.async_request set attempts = 1, lease_until = now() + interval '1 hour' where id = $1`,
    [idOf(url)],
  )
  await fhir.requests.run(fhir.database.tenant, idOf(url))
  expect((await fhir.call('GET', url)).status).toBe(202)
  await die(url)
  fhir.queue.isOpen = true
  await fhir.requests.sweep([fhir.database.tenant])
  expect((await resultOf(url)).json.entry[0].response.status).toBe('201 Created')
  expect(await countOf('d-1')).toBe(1)
})

test('a transaction whose process died after the commit is not done twice, and is answered all the same', async () => {
  fhir.queue.isOpen = false
  const url = statusUrl(
    await send(
      bundle('transaction', post('d-2'), {
        request: { method: 'GET', url: 'Patient?identifier=urn:mrn|d-2' },
      }),
    ),
  )
  // Its writes are committed, and then nothing can be kept any more.
  await fhir.database.ownerQuery(
    `create function passerelle.cut() returns trigger language plpgsql as $$ begin if new.finished_at is not null then raise exception 'cut'; end if; return new; end $$`,
  )
  await fhir.database.ownerQuery(
    `create trigger cut before update on passerelle.async_request for each row execute function passerelle.cut()`,
  )
  await fhir.requests.run(fhir.database.tenant, idOf(url))
  await fhir.database.ownerQuery(`drop trigger cut on passerelle.async_request`)
  expect(await countOf('d-2')).toBe(1)
  expect((await fhir.call('GET', url)).status).toBe(202)
  await die(url)
  await fhir.requests.run(fhir.database.tenant, idOf(url))
  const { json } = await fhir.call('GET', url)
  expect(json.entry).toMatchObject([
    { response: { status: '201 Created', location: expect.stringMatching(/^Patient\/.*_history\/1$/) } },
    { resource: { total: 1 } },
  ])
  expect(await countOf('d-2')).toBe(1)
})

test('a batch whose process died is not begun again, and its client is told', async () => {
  fhir.queue.isOpen = false
  const url = statusUrl(await send(bundle('batch', post('d-3')), { 'accept-language': 'de' }))
  await fhir.database.ownerQuery(
    `update passerelle.async_request set attempts = 1, once = true, lease_until = now() - interval '1 second' where id = $1`,
    [idOf(url)],
  )
  await fhir.requests.run(fhir.database.tenant, idOf(url))
  const { status, json } = await fhir.call('GET', url)
  expect(status).toBe(500)
  expect(json.issue[0].details.coding[0].code).toBe('async-interrupted')
  expect(await countOf('d-3')).toBe(0)
})

test('a run that lost its lease to another one writes nothing', async () => {
  fhir.queue.isOpen = false
  const url = statusUrl(await send(bundle('transaction', post('l-1'))))
  const { tenant, db } = fhir.database
  const { makeAsyncRequests } = await import('../../../store/async-requests.ts')
  const requests = makeAsyncRequests(db)
  const first = await requests.claim(tenant, idOf(url))
  expect(first).toMatchObject({ attempts: 1 })
  await die(url)
  await fhir.requests.run(tenant, idOf(url))
  const late = { id: idOf(url), attempt: 1 }
  expect(await requests.renew(tenant, late, undefined)).toBe(false)
  await expect(
    db.transaction(tenant, async (tx) => void (await tx.query(requests.note(tenant, late, '[]')))),
  ).rejects.toMatchObject({ code: 'async-cancelled' })
  expect((await fhir.call('GET', url)).status).toBe(200)
})

test('what ends its process again and again is given up', async () => {
  fhir.queue.isOpen = false
  const url = statusUrl(await send(bundle('transaction', post('g-1'))))
  await fhir.database.ownerQuery(
    `update passerelle.async_request set attempts = 3, lease_until = now() - interval '1 second' where id = $1`,
    [idOf(url)],
  )
  await fhir.requests.run(fhir.database.tenant, idOf(url))
  expect((await fhir.call('GET', url)).status).toBe(500)
})

test('so many may wait for a tenant, and no more', async () => {
  await using small = await startFhir()
  small.queue.isOpen = false
  const answers = []
  for (let i = 0; i < 101; i++) answers.push((await small.call('GET', '/Patient', undefined, ASYNC)).status)
  expect(answers.filter((status) => status === 202)).toHaveLength(100)
  expect(answers.at(-1)).toBe(503)
  const other = small.base.replace('/test/', '/other/')
  const theirs = await small.call('GET', `${other}/Patient`, undefined, {
    ...ASYNC,
    authorization: 'Bearer other',
  })
  expect(theirs.status).toBe(202)
})

test('request and answer lie under row-level security', async () => {
  fhir.queue.isOpen = false
  const url = statusUrl(await send(bundle('transaction', post('r-1'))))
  const { db, addTenant } = fhir.database
  const stranger = await addTenant('stranger')
  const seen = await db.query(stranger, { text: 'select * from async_request', values: [] })
  expect(seen).toEqual([])
  await fhir.call('DELETE', url)
})

test('the work leaves the audit rows of the client that asked', async () => {
  const before = (await fhir.audits()).length
  const url = statusUrl(await send(bundle('transaction', post('a-1')), { 'x-request-id': 'asked-here' }))
  await resultOf(url)
  const rows = (await fhir.audits()).slice(before)
  expect(rows).toContainEqual(
    expect.objectContaining({
      interaction: 'create',
      agent: 'tester',
      detail: expect.objectContaining({ request: 'asked-here' }),
    }),
  )
  expect(rows).toContainEqual(expect.objectContaining({ interaction: 'async-status', action: 'R' }))
})

test('the documentation and the capabilities tell what may be answered later', async () => {
  const { json } = await fhir.call('GET', '/metadata')
  expect(json.rest[0].documentation).toMatch(/respond-async.*search-type.*transaction, batch/)
  const document = (await (await fetch(`${fhir.origin}/api/openapi.json`)).json()) as {
    paths: Record<string, unknown>
  }
  expect(document.paths['/t/{tenant}/fhir/']).toMatchObject({ post: { responses: { 202: {} } } })
  expect(document.paths['/t/{tenant}/fhir/_async/{id}']).toMatchObject({ get: {}, delete: {} })
})
