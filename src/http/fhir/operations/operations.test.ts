import { afterAll, beforeAll, expect, test } from 'vitest'

import { startFhir, type TestFhir } from '../fixture.ts'
import { asInteraction, type Operation } from './operation.ts'

let fhir: TestFhir
beforeAll(async () => {
  fhir = await startFhir()
  await fhir.call('PUT', '/Patient/p', { resourceType: 'Patient', id: 'p', meta: { tag: [{ code: 'a' }] } })
})
afterAll(() => fhir[Symbol.asyncDispose]())

const tagging = {
  resourceType: 'Parameters',
  parameter: [{ name: 'meta', valueMeta: { tag: [{ code: 'b' }] } }],
}

test('an operation that is not there, or not there, is 404 with its name', async () => {
  for (const path of ['/$frobnicate', '/Patient/$frobnicate', '/$meta-add', '/Patient/$meta-add']) {
    const { status, json } = await fhir.call('POST', path, tagging)
    expect({ path, status }).toEqual({ path, status: 404 })
    expect(json.issue[0].details.coding[0].code).toBe('operation-unknown')
  }
  expect((await fhir.call('POST', '/Nothing/$meta')).json.issue[0].details.coding[0].code).toBe(
    'resource-type-unknown',
  )
})

test('what changes data is called by POST alone', async () => {
  const { status, headers } = await fhir.call('GET', '/Patient/p/$meta-add')
  expect({ status, allow: headers.get('allow') }).toEqual({ status: 405, allow: 'POST' })
})

test.each([
  ['no body', undefined, 'operation-parameter-missing'],
  ['another resource', { resourceType: 'Patient' }, 'operation-body'],
  ['no name', { resourceType: 'Parameters', parameter: [{}] }, 'operation-parameter-form'],
  ['no list', { resourceType: 'Parameters', parameter: {} }, 'operation-parameter-form'],
  [
    'a parameter of another name',
    { resourceType: 'Parameters', parameter: [{ name: 'x', valueString: 'y' }] },
    'parameter-unknown',
  ],
  [
    'a value of another type',
    { resourceType: 'Parameters', parameter: [{ name: 'meta', valueString: 'y' }] },
    'operation-parameter-type',
  ],
  [
    'a parameter twice',
    { resourceType: 'Parameters', parameter: [...tagging.parameter, ...tagging.parameter] },
    'operation-parameter-repeated',
  ],
])('%s is 400', async (_what, body, code) => {
  const { status, json } = await fhir.call('POST', '/Patient/p/$meta-add', body)
  expect({ status, code: json.issue[0].details.coding[0].code }).toEqual({ status: 400, code })
})

test('an unknown parameter of a query is refused, _format is not', async () => {
  expect((await fhir.call('GET', '/Patient/p/$meta?colour=red')).status).toBe(400)
  expect((await fhir.call('GET', '/Patient/p/$meta?_format=json')).status).toBe(200)
})

test('each call leaves its audit row, also a refused one, and the AuditEvent names the operation', async () => {
  const before = (await fhir.audits()).length
  await fhir.call('GET', '/Patient/p/$meta')
  await fhir.call('POST', '/Patient/p/$meta-add', tagging)
  await fhir.call('POST', '/Patient/p/$meta-add', { resourceType: 'Parameters' })
  const rows = (await fhir.audits()).slice(before)
  expect(rows).toMatchObject([
    { interaction: 'operation', action: 'E', outcome: 0, detail: { operation: '$meta', status: 200 } },
    { interaction: 'operation', action: 'E', outcome: 0, detail: { operation: '$meta-add', status: 200 } },
    {
      interaction: 'operation',
      outcome: 4,
      detail: { operation: '$meta-add', code: 'operation-parameter-missing' },
    },
  ])
  for (const row of rows) expect(row.entities).toContain('Patient/p')
  const { json } = await fhir.call('GET', '/AuditEvent?subtype=operation&_count=1')
  expect(json.entry[0].resource.entity).toContainEqual(expect.objectContaining({ name: '$meta-add' }))
  expect(fhir.validator.validate(json.entry[0].resource, 'AuditEvent')).toEqual([])
})

test('the token must allow what an operation does', async () => {
  const { tenantKey } = fhir.database
  const as = (letters: string) => ({ authorization: `Bearer ${tenantKey}~${letters}` })
  expect((await fhir.call('GET', '/Patient/p/$meta', undefined, as('s'))).status).toBe(403)
  expect((await fhir.call('GET', '/$meta', undefined, as('s'))).status).toBe(403)
  expect((await fhir.call('POST', '/Patient/p/$meta-add', tagging, as('r'))).status).toBe(403)
})

test('AuditEvents have the operations that only read', async () => {
  expect((await fhir.call('POST', '/AuditEvent/1/$meta-add', tagging)).status).toBe(405)
  const { json } = await fhir.call('GET', '/metadata')
  const [{ operation, resource }] = json.rest
  expect(operation).toContainEqual({
    name: 'meta',
    definition: 'http://hl7.org/fhir/OperationDefinition/Resource-meta',
  })
  const namesOf = (type: string) =>
    resource
      .find((each: { type: string }) => each.type === type)
      .operation.map(({ name }: { name: string }) => name)
  expect(namesOf('AuditEvent')).not.toContain('meta-add')
  expect(namesOf('Patient')).toEqual(expect.arrayContaining(['meta', 'meta-add', 'meta-delete']))
})

test('a batch calls operations by GET and by POST, one by one', async () => {
  const { json } = await fhir.call('POST', '/', {
    resourceType: 'Bundle',
    type: 'batch',
    entry: [
      { request: { method: 'GET', url: 'Patient/p/$meta' } },
      { request: { method: 'POST', url: 'Patient/p/$meta-add' }, resource: tagging },
      { request: { method: 'POST', url: '$meta' } },
      { request: { method: 'POST', url: 'Patient/p/$nothing' } },
    ],
  })
  expect(json.entry.map((each: { response: { status: string } }) => each.response.status)).toEqual([
    '200 OK',
    '200 OK',
    '200 OK',
    '404 Not Found',
  ])
  expect(json.entry[0].resource.parameter[0].valueMeta.tag).toContainEqual({ code: 'b' })
})

test('a transaction calls what only reads, after its writes, and refuses what changes data', async () => {
  const write = {
    request: { method: 'PUT', url: 'Patient/q' },
    resource: { resourceType: 'Patient', id: 'q', meta: { tag: [{ code: 'fresh' }] } },
  }
  const transaction = (...entry: object[]) =>
    fhir.call('POST', '/', { resourceType: 'Bundle', type: 'transaction', entry })
  const done = await transaction({ request: { method: 'GET', url: 'Patient/q/$meta' } }, write)
  expect(done.json.entry[0].resource.parameter[0].valueMeta.tag).toEqual([{ code: 'fresh' }])
  const refused = await transaction(
    { ...write, request: { method: 'PUT', url: 'Patient/r' }, resource: { ...write.resource, id: 'r' } },
    { request: { method: 'POST', url: 'Patient/p/$meta-add' }, resource: tagging },
  )
  expect(refused.status).toBe(400)
  expect(refused.json.issue[0].expression).toEqual(['Bundle.entry[1]'])
  expect((await fhir.call('GET', '/Patient/r')).status).toBe(404)
})

test('routes come from the levels, GET only where a query can carry what must be given', () => {
  const operation: Operation = {
    name: 'count',
    definition: 'urn:example:count',
    summary: 'Counts',
    levels: ['system', 'instance'],
    affectsState: false,
    parameters: [{ name: 'what', min: 1, max: 1, type: 'code' }],
    role: 'admin',
    run: () => Promise.reject(new Error('not called')),
  }
  const { routes, role } = asInteraction(operation)
  expect(role).toBe('admin')
  expect(routes.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'GET /$count',
    'POST /$count',
    'GET /{type}/{id}/$count',
    'POST /{type}/{id}/$count',
  ])
  const complex = { ...operation, parameters: [{ name: 'what', min: 1, max: 1, type: 'Coding' }] as const }
  expect(asInteraction(complex).routes.map(({ method }) => method)).toEqual(['POST', 'POST'])
})
