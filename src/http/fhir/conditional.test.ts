import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { startFhir, type TestFhir } from './fixture.ts'

let fhir: TestFhir
beforeAll(async () => {
  fhir = await startFhir()
})
afterAll(() => fhir[Symbol.asyncDispose]())

const SYSTEM = 'urn:mrn'
const criteria = (value: string) => `identifier=${SYSTEM}|${value}`
const patient = (value: string, rest: Record<string, unknown> = {}) => ({
  resourceType: 'Patient',
  identifier: [{ system: SYSTEM, value }],
  ...rest,
})
const put = (value: string, body: unknown, headers: Record<string, string> = {}) =>
  fhir.call('PUT', `/Patient?${criteria(value)}`, body, headers)
const patch = (value: string, operations: unknown, headers: Record<string, string> = {}) =>
  fhir.call('PATCH', `/Patient?${criteria(value)}`, operations, {
    'content-type': 'application/json-patch+json',
    ...headers,
  })
const remove = (value: string, headers: Record<string, string> = {}) =>
  fhir.call('DELETE', `/Patient?${criteria(value)}`, undefined, headers)
const create = async (value: string, rest: Record<string, unknown> = {}) =>
  (await fhir.call('POST', '/Patient', patient(value, rest))).json as { id: string }
const countOf = async (value: string) =>
  (await fhir.call('GET', `/Patient?${criteria(value)}&_total=accurate&_count=0`)).json.total as number

describe('a conditional update', () => {
  test('of nothing, without an id, creates', async () => {
    const answer = await put('u-1', patient('u-1'))
    expect(answer).toMatchObject({ status: 201, json: { meta: { versionId: '1' } } })
    expect(answer.headers.get('location')).toBe(`${fhir.base}/Patient/${answer.json.id}/_history/1`)
    expect(answer.headers.get('etag')).toBe('W/"1"')
  })

  test('of nothing, with an id, creates under that id', async () => {
    expect(await put('u-2', patient('u-2', { id: 'u-2' }))).toMatchObject({
      status: 201,
      json: { id: 'u-2' },
    })
  })

  test('of nothing, with an id that another resource has, is a conflict', async () => {
    await fhir.call('PUT', '/Patient/u-3', patient('another', { id: 'u-3' }))
    expect((await put('u-3', patient('u-3', { id: 'u-3' }))).status).toBe(409)
    expect((await fhir.call('GET', '/Patient/u-3')).json.identifier[0].value).toBe('another')
  })

  test('of one, without an id, updates it', async () => {
    const { id } = await create('u-4')
    expect(await put('u-4', patient('u-4', { active: true }))).toMatchObject({
      status: 200,
      json: { id, active: true, meta: { versionId: '2' } },
    })
  })

  test('of one, with its id, updates it', async () => {
    const { id } = await create('u-5')
    expect(await put('u-5', patient('u-5', { id, active: true }))).toMatchObject({
      status: 200,
      json: { id },
    })
  })

  test('of one, with another id, is refused', async () => {
    await create('u-6')
    const answer = await put('u-6', patient('u-6', { id: 'other' }))
    expect(answer).toMatchObject({ status: 400, json: { issue: [{ expression: ['Patient.id'] }] } })
  })

  test('of several is refused', async () => {
    await create('u-7')
    await create('u-7')
    expect((await put('u-7', patient('u-7'))).status).toBe(412)
    expect((await put('u-7', patient('u-7', { id: 'u-7' }))).status).toBe(412)
  })

  test('heeds If-Match and If-None-Match', async () => {
    await create('u-8')
    expect((await put('u-8', patient('u-8', { active: true }), { 'if-match': 'W/"9"' })).status).toBe(412)
    expect((await put('u-8', patient('u-8', { active: true }), { 'if-none-match': '*' })).status).toBe(412)
    expect((await put('u-8', patient('u-8', { active: true }), { 'if-match': 'W/"1"' })).status).toBe(200)
    expect((await put('u-8-new', patient('u-8-new'), { 'if-match': 'W/"1"' })).status).toBe(412)
    expect((await put('u-8-new', patient('u-8-new'), { 'if-none-match': '*' })).status).toBe(201)
  })

  test('with the same content makes no version', async () => {
    await put('u-9', patient('u-9'))
    expect((await put('u-9', patient('u-9'))).json.meta.versionId).toBe('1')
  })

  test('finds nothing of what was deleted', async () => {
    const { id } = await create('u-10')
    await fhir.call('DELETE', `/Patient/${id}`)
    const answer = await put('u-10', patient('u-10'))
    expect(answer.status).toBe(201)
    expect(answer.json.id).not.toBe(id)
  })

  test('tells the history that it was a PUT', async () => {
    const { json } = await put('u-11', patient('u-11'))
    const history = await fhir.call('GET', `/Patient/${json.id}/_history`)
    expect(history.json.entry).toMatchObject([{ request: { method: 'PUT', url: `Patient/${json.id}` } }])
  })

  test('goes by any search, a chain too', async () => {
    await fhir.call('PUT', '/Organization/u-12', { resourceType: 'Organization', id: 'u-12', name: 'Zwölf' })
    const { id } = await create('u-12', { managingOrganization: { reference: 'Organization/u-12' } })
    const body = patient('u-12', { managingOrganization: { reference: 'Organization/u-12' }, active: true })
    const answer = await fhir.call('PUT', '/Patient?organization.name=zwölf', body)
    expect(answer).toMatchObject({ status: 200, json: { id } })
  })
})

describe('a conditional patch', () => {
  test('of one changes it', async () => {
    const { id } = await create('p-1')
    expect(await patch('p-1', [{ op: 'add', path: '/active', value: true }])).toMatchObject({
      status: 200,
      json: { id, active: true, meta: { versionId: '2' } },
    })
  })

  test('of nothing is 404, of several 412', async () => {
    expect((await patch('p-2', [])).status).toBe(404)
    await create('p-2')
    await create('p-2')
    expect((await patch('p-2', [])).status).toBe(412)
  })

  test('heeds If-Match', async () => {
    await create('p-3')
    expect((await patch('p-3', [], { 'if-match': 'W/"2"' })).status).toBe(412)
  })

  test('may be a FHIRPath Patch', async () => {
    await create('p-4', { active: true })
    const body = {
      resourceType: 'Parameters',
      parameter: [
        {
          name: 'operation',
          part: [
            { name: 'type', valueCode: 'delete' },
            { name: 'path', valueString: 'Patient.active' },
          ],
        },
      ],
    }
    expect((await fhir.call('PATCH', `/Patient?${criteria('p-4')}`, body)).json.active).toBeUndefined()
  })
})

describe('a conditional delete', () => {
  test('of nothing is 204', async () => {
    expect((await remove('d-1')).status).toBe(204)
  })

  test('of one deletes it', async () => {
    const { id } = await create('d-2')
    const answer = await remove('d-2')
    expect(answer).toMatchObject({ status: 204, text: '' })
    expect(answer.headers.get('etag')).toBe('W/"2"')
    expect((await fhir.call('GET', `/Patient/${id}`)).status).toBe(410)
  })

  test('of several deletes all of them, in one audit row', async () => {
    const [one, two] = [await create('d-3'), await create('d-3')]
    const before = (await fhir.audits()).length
    expect((await remove('d-3')).status).toBe(204)
    expect(await countOf('d-3')).toBe(0)
    const rows = (await fhir.audits()).slice(before)
    expect(rows[0]).toMatchObject({ interaction: 'delete', action: 'D', query: criteria('d-3') })
    expect(rows[0]!.entities.split(' ').toSorted()).toEqual(
      [`Patient/${one.id}/_history/2`, `Patient/${two.id}/_history/2`].toSorted(),
    )
  })

  test('of one heeds If-Match', async () => {
    await create('d-4')
    expect((await remove('d-4', { 'if-match': 'W/"3"' })).status).toBe(412)
    expect((await remove('d-4', { 'if-match': 'W/"1"' })).status).toBe(204)
  })

  test('of more than the limit deletes none', async () => {
    await using small = await startFhir({ maxConditionalDeletes: 2 })
    for (let i = 0; i < 3; i++) await small.call('POST', '/Patient', patient('d-5'))
    const answer = await small.call('DELETE', `/Patient?${criteria('d-5')}`)
    expect(answer).toMatchObject({
      status: 412,
      json: { issue: [{ details: { coding: [{ code: 'criteria-matched-too-many' }] } }] },
    })
    expect((await small.call('GET', `/Patient?${criteria('d-5')}`)).json.total).toBe(3)
    const { json } = await small.call('GET', '/metadata')
    expect(json.rest[0].resource[0].conditionalDelete).toBe('multiple')
  })

  test('of several is refused where only one may be deleted at once', async () => {
    await using single = await startFhir({ maxConditionalDeletes: 1 })
    for (let i = 0; i < 2; i++) await single.call('POST', '/Patient', patient('d-6'))
    expect((await single.call('DELETE', `/Patient?${criteria('d-6')}`)).status).toBe(412)
    const { json } = await single.call('GET', '/metadata')
    expect(json.rest[0].resource[0].conditionalDelete).toBe('single')
  })
})

test.each([
  ['PUT', '/Patient', 400],
  ['PUT', '/Patient?_count=1', 400],
  ['PUT', '/Patient?colour=blue', 400],
  ['PATCH', '/Patient', 400],
  ['DELETE', '/Patient', 400],
  ['DELETE', '/Patient?_sort=_id', 400],
  ['DELETE', '/Patience?_id=1', 404],
  ['DELETE', '/AuditEvent?agent=x', 405],
  ['PUT', '/AuditEvent?agent=x', 405],
])('%s %s is %i', async (method, path, status) => {
  const body = method === 'DELETE' ? undefined : patient('x')
  expect(await fhir.call(method, path, body)).toMatchObject({
    status,
    json: { resourceType: 'OperationOutcome' },
  })
})

test('the token must allow to search as well', async () => {
  const as = (letters: string) => ({ authorization: `Bearer test~${letters}` })
  await create('scope')
  expect((await put('scope', patient('scope'), as('u'))).status).toBe(403)
  expect((await put('scope', patient('scope'), as('us'))).status).toBe(200)
  expect((await patch('scope', [], as('u'))).status).toBe(403)
  expect((await remove('scope', as('d'))).status).toBe(403)
  expect((await remove('scope', as('ds'))).status).toBe(204)
})

test('resources of another tenant are not found', async () => {
  const other = fhir.base.replace('/test/', '/other/')
  await create('foreign')
  const there = { authorization: 'Bearer other' }
  await fhir.call('DELETE', `${other}/Patient?${criteria('foreign')}`, undefined, there)
  expect(await countOf('foreign')).toBe(1)
  const answer = await fhir.call('PUT', `${other}/Patient?${criteria('foreign')}`, patient('foreign'), there)
  expect(answer.status).toBe(201)
})

describe('at once', () => {
  test('the same conditional update from fifty clients makes one resource, and all are answered', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => put('race-1', patient('race-1', { name: [{ text: String(i) }] }))),
    )
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(49)
    expect(await countOf('race-1')).toBe(1)
    const versions = answers.map(({ json }) => Number(json.meta.versionId)).toSorted((a, b) => a - b)
    expect(versions).toEqual(Array.from({ length: 50 }, (_, i) => i + 1))
  })

  test('conditional creates and updates of the same, alone and in transactions, make one resource', async () => {
    const entry = (method: string) => ({
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [
        method === 'POST'
          ? {
              resource: patient('race-2'),
              request: { method, url: 'Patient', ifNoneExist: criteria('race-2') },
            }
          : { resource: patient('race-2'), request: { method, url: `Patient?${criteria('race-2')}` } },
      ],
    })
    const answers = await Promise.all(
      Array.from({ length: 48 }, (_, i) =>
        [
          () => fhir.call('POST', '/Patient', patient('race-2'), { 'if-none-exist': criteria('race-2') }),
          () => put('race-2', patient('race-2')),
          () => fhir.call('POST', '/', entry('POST')),
          () => fhir.call('POST', '/', entry('PUT')),
        ][i % 4]!(),
      ),
    )
    expect(answers.filter(({ status }) => status !== 200 && status !== 201)).toEqual([])
    expect(await countOf('race-2')).toBe(1)
  })

  test('two programs with one database make one resource between them', async () => {
    await using second = await fhir.another()
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        (i % 2 === 0 ? fhir : second).call(
          'PUT',
          `/Patient?${criteria('race-3')}`,
          patient('race-3', { name: [{ text: String(i) }] }),
        ),
      ),
    )
    expect(answers.filter(({ status }) => status !== 200 && status !== 201)).toEqual([])
    expect(await countOf('race-3')).toBe(1)
  })

  test('what stops to match while it is deleted is not deleted', async () => {
    const { id } = await create('race-4')
    const rename = patient('race-4-renamed', { id })
    const [, deleted] = await Promise.all([fhir.call('PUT', `/Patient/${id}`, rename), remove('race-4')])
    expect(deleted.status).toBe(204)
    const { status, json } = await fhir.call('GET', `/Patient/${id}`)
    if (status === 200) expect(json.identifier[0].value).toBe('race-4-renamed')
  })
})

const bundle = (type: 'batch' | 'transaction', ...entry: unknown[]) =>
  fhir.call('POST', '/', { resourceType: 'Bundle', type, entry }, { prefer: 'return=representation' })
const putEntry = (value: string, rest: Record<string, unknown> = {}, more: Record<string, unknown> = {}) => ({
  ...more,
  resource: patient(value, rest),
  request: { method: 'PUT', url: `Patient?${criteria(value)}` },
})
const deleteEntry = (value: string) => ({ request: { method: 'DELETE', url: `Patient?${criteria(value)}` } })
const patchEntry = (value: string, operations: unknown) => ({
  resource: {
    resourceType: 'Binary',
    contentType: 'application/json-patch+json',
    data: Buffer.from(JSON.stringify(operations)).toString('base64'),
  },
  request: { method: 'PATCH', url: `Patient?${criteria(value)}` },
})
const URN = 'urn:uuid:7f0f5a50-9d0c-4c1c-9f8c-0a5a7d3c1b01'
const observation = (subject: string) => ({
  resource: {
    resourceType: 'Observation',
    status: 'final',
    code: { text: 'x' },
    subject: { reference: subject },
  },
  request: { method: 'POST', url: 'Observation' },
})
const statuses = (answer: { json: { entry: { response: { status: string } }[] } }) =>
  answer.json.entry.map(({ response }) => response.status.slice(0, 3))

describe.each(['batch', 'transaction'] as const)('in a %s', (type) => {
  test('conditional updates, patches and deletes do what they do alone', async () => {
    const name = (n: number) => `${type}-${n}`
    await create(name(2))
    await create(name(3))
    await create(name(4))
    await create(name(4))
    const answer = await bundle(
      type,
      putEntry(name(1)),
      putEntry(name(2), { active: true }),
      patchEntry(name(3), [{ op: 'add', path: '/active', value: true }]),
      deleteEntry(name(4)),
      deleteEntry(name(5)),
    )
    expect(statuses(answer)).toEqual(['201', '200', '200', '204', '204'])
    expect(answer.json.entry[2].resource).toMatchObject({ active: true })
    expect(await Promise.all([1, 2, 3, 4].map((n) => countOf(name(n))))).toEqual([1, 1, 1, 0])
    expect(fhir.validator.validate(answer.json, 'Bundle')).toEqual([])
  })
})

describe('in a transaction', () => {
  test('links to a conditional update lead to what it found or made', async () => {
    const { id } = await create('t-1')
    const found = await bundle(
      'transaction',
      observation(URN),
      putEntry('t-1', { active: true }, { fullUrl: URN }),
    )
    expect(found.json.entry[0].resource.subject.reference).toBe(`Patient/${id}`)
    const made = await bundle('transaction', putEntry('t-2', {}, { fullUrl: URN }), observation(URN))
    expect(made.json.entry[1].resource.subject.reference).toBe(`Patient/${made.json.entry[0].resource.id}`)
  })

  test('a conditional update with its id is found by a read of the same transaction', async () => {
    const answer = await bundle('transaction', putEntry('t-3', { id: 't-3' }), {
      request: { method: 'GET', url: 'Patient/t-3' },
    })
    expect(statuses(answer)).toEqual(['201', '200'])
  })

  test.each([
    [
      'two conditional updates of one resource',
      1,
      () => [putEntry('o-1'), putEntry('o-1', { active: true })],
    ],
    ['two conditional updates of nothing', 0, () => [putEntry('o-2'), putEntry('o-2', { active: true })]],
    [
      'a conditional update of what is created beside it',
      0,
      () => [{ resource: patient('o-3'), request: { method: 'POST', url: 'Patient' } }, putEntry('o-3')],
    ],
    [
      'a conditional patch and a conditional update of one resource',
      1,
      () => [patchEntry('o-4', []), putEntry('o-4')],
    ],
  ])('%s refuse it', async (_what, existing, entries) => {
    const all = entries()
    const value = /\|(.*)$/.exec((all.at(-1) as { request: { url: string } }).request.url)![1]!
    for (let i = 0; i < existing; i++) await create(value)
    const answer = await bundle('transaction', ...all)
    expect(answer.status).toBe(400)
    expect(answer.json.issue[0].expression[0]).toMatch(/^Bundle\.entry\[1\]\.request\.url/)
    expect(await countOf(value)).toBe(existing)
  })

  test('what is deleted is no longer found: another takes its place', async () => {
    const { id } = await create('t-4')
    const answer = await bundle('transaction', deleteEntry('t-4'), putEntry('t-4'))
    expect(statuses(answer)).toEqual(['204', '201'])
    expect(answer.json.entry[1].resource.id).not.toBe(id)
    const again = await bundle(
      'transaction',
      { resource: patient('t-4'), request: { method: 'POST', url: 'Patient', ifNoneExist: criteria('t-4') } },
      deleteEntry('t-4'),
      observation(`Patient?${criteria('t-4')}`),
    )
    expect(statuses(again)).toEqual(['201', '204', '201'])
    expect(again.json.entry[2].resource.subject.reference).toBe(`Patient/${again.json.entry[0].resource.id}`)
    expect(await countOf('t-4')).toBe(1)
  })

  test.each([
    ['a conditional update of several', () => putEntry('many'), 412],
    ['a conditional patch of nothing', () => patchEntry('nobody', []), 404],
    ['a conditional patch of several', () => patchEntry('many', []), 412],
    ['a conditional update with the id of another', () => putEntry('one', { id: 'other' }), 400],
    [
      'a conditional update without criteria',
      () => ({ resource: patient('x'), request: { method: 'PUT', url: 'Patient' } }),
      400,
    ],
    [
      'a conditional delete without criteria',
      () => ({ request: { method: 'DELETE', url: 'Patient?_count=3' } }),
      400,
    ],
  ])('%s leaves nothing of it', async (what, entry, status) => {
    if ((await countOf('many')) === 0) await Promise.all([create('many'), create('many'), create('one')])
    const answer = await bundle(
      'transaction',
      { resource: patient(what), request: { method: 'POST', url: 'Patient' } },
      entry(),
    )
    expect(answer.status).toBe(status)
    expect(answer.json.issue[0].expression[0]).toMatch(/^Bundle\.entry\[1\]/)
    const left = await fhir.call('GET', `/Patient?identifier=${encodeURIComponent(`${SYSTEM}|${what}`)}`)
    expect(left.json.total).toBe(0)
  })

  test('each access by criteria is in the audit trail with them', async () => {
    await create('t-5')
    const before = (await fhir.audits()).length
    await bundle('transaction', putEntry('t-5', { active: true }), deleteEntry('t-6'))
    const rows = (await fhir.audits()).slice(before)
    expect(rows[0]).toMatchObject({ interaction: 'update', query: criteria('t-5'), detail: { status: 200 } })
  })

  test('a thousand conditional updates make a thousand resources, and then update them', async () => {
    const entries = (active: boolean) =>
      Array.from({ length: 1000 }, (_, i) => putEntry(`bulk-${i}`, { active }))
    expect(new Set(statuses(await bundle('transaction', ...entries(true))))).toEqual(new Set(['201']))
    expect(new Set(statuses(await bundle('transaction', ...entries(false))))).toEqual(new Set(['200']))
    expect(await countOf('bulk-999')).toBe(1)
  }, 60_000)
})

test('capabilities claim what there is', async () => {
  const { json } = await fhir.call('GET', '/metadata')
  const ofType = (wanted: string) =>
    json.rest[0].resource.find(({ type }: { type: string }) => type === wanted)
  expect(ofType('Patient')).toMatchObject({ conditionalUpdate: true, conditionalDelete: 'multiple' })
  expect(ofType('AuditEvent')).toMatchObject({ conditionalUpdate: false, conditionalDelete: 'not-supported' })
})
