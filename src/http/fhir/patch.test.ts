import { afterAll, beforeAll, expect, test } from 'vitest'

import { startFhir, type TestFhir } from './fixture.ts'

let fhir: TestFhir
beforeAll(async () => {
  fhir = await startFhir()
})
afterAll(() => fhir[Symbol.asyncDispose]())

const JSON_PATCH = { 'content-type': 'application/json-patch+json' }

const jsonPatch = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  fhir.call('PATCH', path, body, { ...JSON_PATCH, ...headers })

const replacing = (path: string, value: Record<string, unknown>) => ({
  resourceType: 'Parameters',
  parameter: [
    {
      name: 'operation',
      part: [
        { name: 'type', valueCode: 'replace' },
        { name: 'path', valueString: path },
        { name: 'value', ...value },
      ],
    },
  ],
})

const written = (id: string, rest: Record<string, unknown> = {}) =>
  fhir.call('PUT', `/Patient/${id}`, { resourceType: 'Patient', id, active: true, ...rest })

const deactivated = [{ op: 'replace', path: '/active', value: false }]

test('a JSON Patch makes the next version', async () => {
  await written('json')
  const answer = await jsonPatch('/Patient/json', deactivated)
  expect(answer).toMatchObject({ status: 200, json: { active: false, meta: { versionId: '2' } } })
  expect(answer.headers.get('etag')).toBe('W/"2"')
  expect(answer.headers.get('last-modified')).not.toBeNull()
  expect((await fhir.call('GET', '/Patient/json')).json).toMatchObject({ active: false })
  expect((await fhir.call('GET', '/Patient/json/_history/1')).json).toMatchObject({ active: true })
})

test('a FHIRPath Patch makes the next version', async () => {
  await written('fhirpath')
  const body = replacing('Patient.active', { valueBoolean: false })
  expect(await fhir.call('PATCH', '/Patient/fhirpath', body)).toMatchObject({
    status: 200,
    json: { active: false, meta: { versionId: '2' } },
  })
})

test('a patch that changes nothing makes no version', async () => {
  await written('same')
  expect((await jsonPatch('/Patient/same', [])).json.meta.versionId).toBe('1')
  const test = [{ op: 'test', path: '/meta/versionId', value: '1' }]
  expect((await jsonPatch('/Patient/same', test)).headers.get('etag')).toBe('W/"1"')
})

test('decimals keep their digits through a patch', async () => {
  await fhir.call(
    'PUT',
    '/Observation/digits',
    '{"resourceType":"Observation","id":"digits","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.500}}',
  )
  await jsonPatch(
    '/Observation/digits',
    '[{"op":"add","path":"/referenceRange","value":[{"low":{"value":0.10}}]}]',
  )
  const { text } = await fhir.call('GET', '/Observation/digits')
  expect(text).toMatch(/"value": ?1\.500\b/)
  expect(text).toMatch(/"value": ?0\.10\b/)
})

test('If-Match lets only the version pass that it names', async () => {
  await written('match')
  expect((await jsonPatch('/Patient/match', deactivated, { 'if-match': 'W/"7"' })).status).toBe(412)
  expect((await jsonPatch('/Patient/match', deactivated, { 'if-match': 'W/"1"' })).status).toBe(200)
  expect((await jsonPatch('/Patient/match', deactivated, { 'if-match': 'W/"1"' })).status).toBe(412)
})

test('Prefer decides what a patch answers with', async () => {
  await written('prefer')
  const minimal = await jsonPatch('/Patient/prefer', deactivated, { prefer: 'return=minimal' })
  expect(minimal).toMatchObject({ status: 200, text: '' })
  const outcome = await jsonPatch('/Patient/prefer', [], { prefer: 'return=OperationOutcome' })
  expect(outcome.json.resourceType).toBe('OperationOutcome')
})

test.each<[string, unknown, Record<string, string>, number]>([
  ['an operation that is none', [{ op: 'merge', path: '/active' }], JSON_PATCH, 400],
  ['no array', { op: 'test' }, JSON_PATCH, 400],
  ['broken JSON', '[{', JSON_PATCH, 400],
  ['a path to nothing', [{ op: 'remove', path: '/gender' }], JSON_PATCH, 422],
  ['a test that fails', [{ op: 'test', path: '/active', value: 'x' }], JSON_PATCH, 409],
  ['another id', [{ op: 'replace', path: '/id', value: 'x' }], JSON_PATCH, 422],
  ['a result that is not valid', [{ op: 'add', path: '/gender', value: 'blue' }], JSON_PATCH, 422],
  ['an element of nobody', [{ op: 'add', path: '/__proto__', value: {} }], JSON_PATCH, 422],
  ['a FHIRPath that selects nothing', replacing('Patient.gender', { valueCode: 'male' }), {}, 422],
  ['a FHIRPath that is none', replacing('Patient.((', { valueCode: 'male' }), {}, 400],
  ['another resource than Parameters', { resourceType: 'Patient' }, {}, 400],
  ['another media type', deactivated, { 'content-type': 'application/merge-patch+json' }, 415],
  ['another charset', deactivated, { 'content-type': 'application/json-patch+json; charset=utf-16' }, 415],
])('a patch with %s is refused and leaves the resource as it was', async (_what, body, headers, status) => {
  await written('refused')
  const answer = await fhir.call('PATCH', '/Patient/refused', body, headers)
  expect(answer.status).toBe(status)
  expect(answer.json).toMatchObject({ resourceType: 'OperationOutcome', issue: [{ severity: 'error' }] })
  expect((await fhir.call('GET', '/Patient/refused')).json).toMatchObject({ meta: { versionId: '1' } })
})

test('a problem of a FHIRPath Patch names the operation', async () => {
  await written('named')
  const { json } = await fhir.call('PATCH', '/Patient/named', replacing('Patient.gender', { valueCode: 'x' }))
  expect(json.issue[0].expression).toEqual(['Parameters.parameter[0]'])
})

test('what is not there can not be patched: 404, and 410 after a deletion', async () => {
  expect((await jsonPatch('/Patient/nobody', deactivated)).status).toBe(404)
  await written('gone')
  await fhir.call('DELETE', '/Patient/gone')
  expect((await jsonPatch('/Patient/gone', deactivated)).status).toBe(410)
  expect((await jsonPatch('/AuditEvent/1', deactivated)).status).toBe(405)
})

test('a patch needs the scope to update, and leaves its audit row', async () => {
  await written('scoped')
  const before = (await fhir.audits()).length
  const reader = { authorization: 'Bearer test~rs' }
  expect((await jsonPatch('/Patient/scoped', deactivated, reader)).status).toBe(403)
  await jsonPatch('/Patient/scoped', deactivated)
  expect((await fhir.audits()).slice(before)).toMatchObject([
    { interaction: 'patch', action: 'U', outcome: 4, entities: 'Patient/scoped' },
    { interaction: 'patch', action: 'U', outcome: 0, entities: 'Patient/scoped/_history/2' },
  ])
})

test('patches from many at once are all kept', async () => {
  await written('many')
  const added = (i: number) => [{ op: 'add', path: '/identifier/-', value: { value: String(i) } }]
  await jsonPatch('/Patient/many', [{ op: 'add', path: '/identifier', value: [{ value: 'first' }] }])
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) => jsonPatch('/Patient/many', added(i))),
  )
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  expect((await fhir.call('GET', '/Patient/many')).json.identifier).toHaveLength(21)
})

const binary = (operations: unknown) => ({
  resourceType: 'Binary',
  contentType: 'application/json-patch+json',
  data: Buffer.from(JSON.stringify(operations)).toString('base64'),
})
const entry = (url: string, resource: unknown, more: Record<string, string> = {}) => ({
  resource,
  request: { method: 'PATCH', url, ...more },
})
const send = (type: 'batch' | 'transaction', ...entries: unknown[]) =>
  fhir.call('POST', '/', { resourceType: 'Bundle', type, entry: entries })

test.each(['batch', 'transaction'] as const)('a %s carries patches of both kinds', async (type) => {
  const [one, two] = [`${type}-1`, `${type}-2`]
  await written(one)
  await written(two)
  const { json } = await send(
    type,
    entry(`Patient/${one}`, binary(deactivated)),
    entry(`Patient/${two}`, replacing('Patient.active', { valueBoolean: false })),
  )
  expect(json.entry).toMatchObject([
    { response: { status: '200 OK', etag: 'W/"2"' } },
    { response: { status: '200 OK', etag: 'W/"2"' } },
  ])
  expect((await fhir.call('GET', `/Patient/${one}`)).json.active).toBe(false)
  expect((await fhir.call('GET', `/Patient/${two}`)).json.active).toBe(false)
})

test.each<[string, unknown, number]>([
  ['can not be applied', binary([{ op: 'remove', path: '/gender' }]), 422],
  ['can not be read', binary([{ op: 'merge' }]), 400],
  ['is of another media type', { ...binary([]), contentType: 'text/plain' }, 415],
  ['is no text', { ...binary([]), data: '/////w==' }, 400],
])('a patch that %s leaves nothing of its transaction', async (_what, resource, status) => {
  await written('whole')
  const created = {
    resource: { resourceType: 'Basic', code: { text: 'x' } },
    request: { method: 'POST', url: 'Basic' },
  }
  const answer = await send('transaction', created, entry('Patient/whole', resource))
  expect(answer.status).toBe(status)
  expect(answer.json.issue[0].expression[0]).toMatch(/^Bundle\.entry\[1\]/)
  expect((await fhir.call('GET', '/Basic?_total=accurate&_count=0')).json.total).toBe(0)
})

test('links that a patch of a transaction brings lead to its other entries', async () => {
  await written('linked')
  await fhir.call('PUT', '/Organization/known', {
    resourceType: 'Organization',
    id: 'known',
    identifier: [{ system: 'urn:org', value: 'known' }],
    name: 'Known',
  })
  const urn = 'urn:uuid:0b6ad1bf-8f11-4b8e-9f5f-6f2d0a5b3a01'
  const { json, status } = await send(
    'transaction',
    {
      fullUrl: urn,
      resource: { resourceType: 'Practitioner' },
      request: { method: 'POST', url: 'Practitioner' },
    },
    entry(
      'Patient/linked',
      binary([
        { op: 'add', path: '/generalPractitioner', value: [{ reference: urn }] },
        {
          op: 'add',
          path: '/managingOrganization',
          value: { reference: 'Organization?identifier=urn:org|known' },
        },
      ]),
    ),
  )
  expect(status).toBe(200)
  const { json: patient } = await fhir.call('GET', '/Patient/linked')
  const practitioner = json.entry[0].response.location.replace(/\/_history.*/, '')
  expect(patient.generalPractitioner).toEqual([{ reference: practitioner }])
  expect(patient.managingOrganization).toEqual({ reference: 'Organization/known' })
})

test('two writes of one resource in a transaction are refused, a patch included', async () => {
  await written('twice')
  const put = {
    resource: { resourceType: 'Patient', id: 'twice' },
    request: { method: 'PUT', url: 'Patient/twice' },
  }
  expect((await send('transaction', put, entry('Patient/twice', binary(deactivated)))).status).toBe(400)
})

test('capabilities and documentation name the patch and its formats', async () => {
  const { json } = await fhir.call('GET', '/metadata')
  expect(json.patchFormat).toEqual([
    'application/json-patch+json',
    'application/xml-patch+xml',
    'application/fhir+json',
    'application/fhir+xml',
  ])
  const patient = json.rest[0].resource.find(({ type }: { type: string }) => type === 'Patient')
  expect(patient.interaction).toContainEqual({ code: 'patch' })
  const document = await fetch(`${fhir.origin}/api/openapi.json`)
  const openApi = (await document.json()) as { paths: Record<string, unknown> }
  expect(openApi.paths['/t/{tenant}/fhir/{type}/{id}']).toMatchObject({
    patch: { requestBody: { content: { 'application/json-patch+json': {} } } },
  })
})
