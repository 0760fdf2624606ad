import { afterAll, beforeAll, expect, test } from 'vitest'

import { startFhir, type TestFhir } from './fixture.ts'

let fhir: TestFhir
beforeAll(async () => {
  fhir = await startFhir()
})
afterAll(() => fhir[Symbol.asyncDispose]())

interface Entry {
  readonly fullUrl?: string
  readonly resource?: Record<string, unknown>
  readonly request: Record<string, string>
}

const bundle = (type: 'batch' | 'transaction', ...entry: Entry[]) => ({ resourceType: 'Bundle', type, entry })
const transaction = (...entry: Entry[]) => fhir.call('POST', '/', bundle('transaction', ...entry))
const batch = (...entry: Entry[]) => fhir.call('POST', '', bundle('batch', ...entry))

const post = (
  resource: Record<string, unknown>,
  more: Partial<Entry> & { ifNoneExist?: string } = {},
): Entry => ({
  ...(more.fullUrl !== undefined && { fullUrl: more.fullUrl }),
  resource,
  request: {
    method: 'POST',
    url: String(resource['resourceType']),
    ...(more.ifNoneExist !== undefined && { ifNoneExist: more.ifNoneExist }),
  },
})
const put = (resource: Record<string, unknown>, request: Record<string, string> = {}): Entry => ({
  resource,
  request: {
    method: 'PUT',
    url: `${String(resource['resourceType'])}/${String(resource['id'])}`,
    ...request,
  },
})
const get = (url: string): Entry => ({ request: { method: 'GET', url } })
const remove = (url: string): Entry => ({ request: { method: 'DELETE', url } })

const patient = { resourceType: 'Patient', active: true }
const identified = (value: string) => ({ ...patient, identifier: [{ system: 'urn:mrn', value }] })
const observation = (subject: string) => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  subject: { reference: subject },
})
const URN = 'urn:uuid:0b6ad1bf-8f11-4b8e-9f5f-6f2d0a5b3a01'

const statuses = (answer: { json: { entry?: { response: { status: string } }[] } }) =>
  (answer.json.entry ?? []).map(({ response }) => response.status)
const countOf = async (query: string) =>
  (await fhir.call('GET', `${query}&_total=accurate&_count=0`)).json.total

test('a transaction creates, updates, deletes and reads in the order of the specification and answers in that of the Bundle', async () => {
  await fhir.call('PUT', '/Patient/t-old', { ...patient, id: 't-old' })
  const answer = await transaction(
    get('Patient/t-put'),
    put({ ...patient, id: 't-put' }),
    remove('Patient/t-old'),
    post(patient),
  )
  expect(answer.status).toBe(200)
  expect(answer.json).toMatchObject({ resourceType: 'Bundle', type: 'transaction-response' })
  expect(statuses(answer)).toEqual(['200 OK', '201 Created', '204 No Content', '201 Created'])
  const [read, written, , created] = answer.json.entry
  expect(read.resource).toMatchObject({ id: 't-put' })
  expect(written.response).toMatchObject({ location: 'Patient/t-put/_history/1', etag: 'W/"1"' })
  expect(written.resource).toBeUndefined()
  expect((await fhir.call('GET', `/${created.response.location}`)).status).toBe(200)
  expect((await fhir.call('GET', '/Patient/t-old')).status).toBe(410)
  expect(fhir.validator.validate(answer.json, 'Bundle')).toEqual([])
})

test('links by urn:uuid become links to what was created', async () => {
  const answer = await fhir.call(
    'POST',
    '/',
    bundle('transaction', post(observation(URN)), post(patient, { fullUrl: URN })),
    { prefer: 'return=representation' },
  )
  const [made, subject] = answer.json.entry
  expect(made.resource.subject.reference).toBe(`Patient/${subject.resource.id}`)
  expect(made.fullUrl).toBe(`${fhir.base}/Observation/${made.resource.id}`)
})

test('decimals of a transaction come back digit by digit', async () => {
  const text = JSON.stringify(bundle('transaction', post(observation(URN)), post(patient, { fullUrl: URN })))
  const exact = text.replace('"code":{"text":"x"}', '"code":{"text":"x"},"valueQuantity":{"value":1.500}')
  const { json } = await fhir.call('POST', '/', exact)
  const read = await fhir.call('GET', `/${json.entry[0].response.location}`)
  expect(read.text).toMatch(/"value": ?1\.500\b/)
})

test('one bad entry leaves nothing of a transaction, and the problem says which', async () => {
  const answer = await transaction(post(identified('none-of-it')), post({ ...patient, gender: 'blue' }))
  expect(answer.status).toBe(422)
  expect(answer.json.issue[0].expression).toEqual(['Bundle.entry[1].resource.gender'])
  expect(await countOf('/Patient?identifier=urn:mrn|none-of-it')).toBe(0)
})

test.each([
  ['an update of another version', put({ ...patient, id: 't-version' }, { ifMatch: 'W/"7"' }), 412],
  ['a type that is none', post({ resourceType: 'Patience' }), 404],
  [
    'a resource of another type than its url',
    { ...post(patient), request: { method: 'POST', url: 'Observation' } },
    400,
  ],
  ['a method that the url has not', { ...post(patient), request: { method: 'POST', url: 'Patient/1' } }, 405],
  ['a Bundle in the Bundle', { resource: { ...patient }, request: { method: 'POST', url: '' } }, 405],
  ['a read of what is not there', get('Patient/nobody'), 404],
  ['a search that cannot be understood', get('Patient?colour=blue'), 400],
  ['a link to no entry', post(observation('urn:uuid:5b6ad1bf-8f11-4b8e-9f5f-6f2d0a5b3a01')), 400],
  [
    'a conditional reference that matches nothing',
    post(observation('Patient?identifier=urn:mrn|nobody')),
    412,
  ],
  ['a conditional reference to everything', post(observation('Patient?_sort=_id')), 400],
  ['a conditional create without criteria', post(patient, { ifNoneExist: '_count=1' }), 400],
  ['a change of the audit trail', remove('AuditEvent/1'), 405],
])('a transaction with %s is refused whole', async (what, entry, status) => {
  const answer = await transaction(post(identified(what)), entry)
  expect(answer.status).toBe(status)
  expect(answer.json.issue[0].expression[0]).toMatch(/^Bundle\.entry\[1\]/)
  expect(await countOf(`/Patient?identifier=${encodeURIComponent(`urn:mrn|${what}`)}`)).toBe(0)
})

test('two writes of one resource are refused', async () => {
  expect((await transaction(put({ ...patient, id: 't-twice' }), remove('Patient/t-twice'))).status).toBe(400)
  expect((await fhir.call('GET', '/Patient/t-twice')).status).toBe(404)
})

test('an entry that the token does not allow refuses the transaction', async () => {
  const answer = await fhir.call('POST', '/', bundle('transaction', post(patient), remove('Patient/t-put')), {
    authorization: 'Bearer test~c',
  })
  expect(answer.status).toBe(403)
  expect(answer.json.issue[0].expression).toEqual(['Bundle.entry[1]'])
})

test('conditional references become references to what matches, also to what the transaction itself writes', async () => {
  const { json } = await fhir.call('POST', '/Patient', identified('cond-ref'))
  const answer = await fhir.call(
    'POST',
    '/',
    bundle(
      'transaction',
      post(observation('Patient?identifier=urn:mrn|cond-ref')),
      post(observation('Patient?identifier=urn:mrn|cond-new')),
      post(identified('cond-new')),
    ),
    { prefer: 'return=representation' },
  )
  const [first, second, created] = answer.json.entry
  expect(first.resource.subject.reference).toBe(`Patient/${json.id}`)
  expect(second.resource.subject.reference).toBe(`Patient/${created.resource.id}`)
})

test('a conditional create makes one resource and then finds it', async () => {
  const entry = post(identified('cond-create'), {
    ifNoneExist: 'identifier=urn:mrn|cond-create',
    fullUrl: URN,
  })
  const first = await transaction(entry, post(observation(URN)))
  const second = await fhir.call('POST', '/', bundle('transaction', entry, post(observation(URN))), {
    prefer: 'return=representation',
  })
  expect(statuses(first)).toEqual(['201 Created', '201 Created'])
  expect(statuses(second)).toEqual(['200 OK', '201 Created'])
  const { id } = second.json.entry[0].resource
  expect(first.json.entry[0].response.location).toBe(`Patient/${id}/_history/1`)
  expect(second.json.entry[1].resource.subject.reference).toBe(`Patient/${id}`)
})

test('the same conditional create twice in a transaction makes one resource', async () => {
  const entry = (fullUrl: string) =>
    post(identified('repeated'), { ifNoneExist: 'identifier=urn:mrn|repeated', fullUrl })
  const answer = await transaction(entry(URN), entry(`${URN.slice(0, -1)}2`))
  expect(statuses(answer)).toEqual(['201 Created', '200 OK'])
  expect(await countOf('/Patient?identifier=urn:mrn|repeated')).toBe(1)
})

test('criteria that match several are 412', async () => {
  await transaction(post(identified('double')), post(identified('double')))
  const criteria = 'identifier=urn:mrn|double'
  expect((await transaction(post(identified('double'), { ifNoneExist: criteria }))).status).toBe(412)
  expect(
    (await fhir.call('POST', '/Patient', identified('double'), { 'if-none-exist': criteria })).status,
  ).toBe(412)
  expect((await transaction(post(observation(`Patient?${criteria}`)))).status).toBe(412)
})

test('the same conditional create from many clients at once makes one resource', async () => {
  const answers = await Promise.all(
    Array.from({ length: 24 }, (_, i) =>
      i % 2 === 0
        ? fhir.call('POST', '/Patient', identified('race'), { 'if-none-exist': 'identifier=urn:mrn|race' })
        : transaction(post(identified('race'), { ifNoneExist: 'identifier=urn:mrn|race' })),
    ),
  )
  expect(answers.filter(({ status }) => status !== 200 && status !== 201)).toEqual([])
  expect(await countOf('/Patient?identifier=urn:mrn|race')).toBe(1)
})

test('entries of a batch stand alone', async () => {
  const answer = await batch(
    post(identified('alone')),
    post({ ...patient, gender: 'blue' }),
    get('Patient/nobody'),
    { request: { method: 'POST', url: 'Patient' } },
    get('Patient?identifier=urn:mrn|alone'),
    get('metadata'),
  )
  expect(answer.status).toBe(200)
  expect(answer.json.type).toBe('batch-response')
  expect(statuses(answer)).toEqual([
    '201 Created',
    '422 Unprocessable Entity',
    '404 Not Found',
    '400 Bad Request',
    '200 OK',
    '200 OK',
  ])
  expect(answer.json.entry[1].response.outcome.issue[0].expression).toEqual(['Patient.gender'])
  expect(answer.json.entry[4].resource).toMatchObject({ type: 'searchset', total: 1 })
  expect(fhir.validator.validate(answer.json, 'Bundle')).toEqual([])
})

test('a batch does what the token allows of it', async () => {
  const answer = await fhir.call('POST', '/', bundle('batch', post(patient), get('Patient/nobody')), {
    authorization: 'Bearer test~c',
  })
  expect(statuses(answer)).toEqual(['201 Created', '403 Forbidden'])
})

test('an empty Bundle is answered with an empty one', async () => {
  expect((await transaction()).json).toEqual({ resourceType: 'Bundle', type: 'transaction-response' })
  expect((await fhir.call('POST', '/', { resourceType: 'Bundle', type: 'batch' })).json.type).toBe(
    'batch-response',
  )
})

test.each([
  ['a Bundle of another type', { resourceType: 'Bundle', type: 'collection' }],
  ['another resource', patient],
  ['entries that are none', { resourceType: 'Bundle', type: 'transaction', entry: ['x'] }],
  [
    'an entry without request',
    { resourceType: 'Bundle', type: 'transaction', entry: [{ resource: patient }] },
  ],
])('%s at the base is 400', async (_what, body) => {
  expect((await fhir.call('POST', '/', body)).status).toBe(400)
})

test('each access of a Bundle is in the audit trail', async () => {
  await fhir.call('PUT', '/Patient/b-1', { ...patient, id: 'b-1' })
  const before = (await fhir.audits()).length
  await transaction(
    put({ ...patient, id: 'b-2' }),
    put({ ...observation('Patient/b-2'), id: 'o-2' }),
    put({ ...observation('Patient/b-1'), id: 'o-1' }),
    get('Patient/b-1'),
  )
  await batch(get('Patient/b-1'), get('Patient/nobody'))
  const rows = (await fhir.audits()).slice(before)
  const told = rows.map(({ interaction, entities, patients, detail }) => [
    interaction,
    entities,
    patients,
    detail['status'],
  ])
  expect(told.slice(0, 2)).toEqual([
    ['update', 'Patient/b-2/_history/1 Observation/o-2/_history/1', 'b-2', 201],
    ['update', 'Observation/o-1/_history/1', 'b-1', 201],
  ])
  expect(told.slice(2)).toEqual(
    expect.arrayContaining([
      ['read', 'Patient/b-1/_history/1', 'b-1', 200],
      ['read', 'Patient/nobody', '', 404],
      ['batch', '', '', 200],
    ]),
  )
  expect(rows).toHaveLength(6)
})

test('a Bundle with more entries than the limit is 413', async () => {
  await using small = await startFhir({ maxBundleEntries: 2 })
  const body = bundle('batch', get('metadata'), get('metadata'), get('metadata'))
  expect((await small.call('POST', '/', body)).status).toBe(413)
})
