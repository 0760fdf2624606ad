import { afterAll, beforeAll, expect, test } from 'vitest'

import { startFhir, type TestFhir } from './fixture.ts'

let fhir: TestFhir
beforeAll(async () => {
  fhir = await startFhir()
})
afterAll(() => fhir[Symbol.asyncDispose]())

const XML_PATCH = 'application/xml-patch+xml'

const diff = (operations: string) => `<diff xmlns:f="http://hl7.org/fhir">${operations}</diff>`
const deactivated = diff('<replace sel="f:Patient/f:active/@value">false</replace>')

const patch = (path: string, body: string, headers: Record<string, string> = {}) =>
  fhir.call('PATCH', path, body, { 'content-type': XML_PATCH, ...headers })

const written = (id: string, rest: Record<string, unknown> = {}) =>
  fhir.call('PUT', `/Patient/${id}`, { resourceType: 'Patient', id, active: true, ...rest })

const codeOf = ({ json }: { json?: { issue: { details: { coding: { code: string }[] } }[] } }) =>
  json?.issue[0]!.details.coding[0]!.code

test('an XML Patch makes the next version, answered in either format', async () => {
  await written('xml')
  const answer = await patch('/Patient/xml', deactivated)
  expect(answer).toMatchObject({ status: 200, json: { active: false, meta: { versionId: '2' } } })
  expect((await patch('/Patient/xml', deactivated, { accept: 'application/fhir+xml' })).text).toContain(
    '<versionId value="2"/>',
  )
})

test('decimals that it does not touch keep their digits', async () => {
  const body =
    '{"resourceType":"Observation","id":"o","status":"final","code":{"text":"c"},"valueQuantity":{"value":1.10}}'
  await fhir.call('PUT', '/Observation/o', body)
  const answer = await patch(
    '/Observation/o',
    diff('<replace sel="f:Observation/f:status/@value">amended</replace>'),
  )
  expect([answer.status, answer.json.status]).toEqual([200, 'amended'])
  expect(answer.text).toContain('1.10')
})

test('it heeds If-Match', async () => {
  await written('match')
  expect((await patch('/Patient/match', deactivated, { 'if-match': 'W/"7"' })).status).toBe(412)
  expect((await patch('/Patient/match', deactivated, { 'if-match': 'W/"1"' })).status).toBe(200)
})

test.each([
  ['<diff', 400, 'xml-syntax'],
  [diff('<remove sel="//f:active"/>'), 400, 'patch-selector'],
  [diff('<remove sel="f:Patient/f:gender"/>'), 422, 'patch-path-missing'],
  [diff('<add sel="f:Patient"><f:nickname value="x"/></add>'), 422, 'patch-result'],
  [diff('<replace sel="f:Patient/f:id/@value">other</replace>'), 422, 'patch-identity'],
])('%s is %i %s', async (body, status, code) => {
  await written('bad')
  const answer = await patch('/Patient/bad', body)
  expect([answer.status, codeOf(answer)]).toEqual([status, code])
})

test('what it leaves is validated', async () => {
  await written('valid')
  const answer = await patch('/Patient/valid', diff('<add sel="f:Patient"><f:gender value="blue"/></add>'))
  expect([answer.status, answer.json.issue[0].expression]).toEqual([422, ['Patient.gender']])
})

test('it may be an entry of a transaction, with the links of the others', async () => {
  await written('linked')
  const operations = diff(
    '<add sel="f:Patient"><f:managingOrganization><f:reference value="urn:uuid:5b8bd0a4-2c5e-4c6c-8c5a-0d1a3f9c2b11"/></f:managingOrganization></add>',
  )
  const transaction = {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      {
        fullUrl: 'urn:uuid:5b8bd0a4-2c5e-4c6c-8c5a-0d1a3f9c2b11',
        resource: { resourceType: 'Organization', name: 'O' },
        request: { method: 'POST', url: 'Organization' },
      },
      {
        resource: {
          resourceType: 'Binary',
          contentType: XML_PATCH,
          data: Buffer.from(operations).toString('base64'),
        },
        request: { method: 'PATCH', url: 'Patient/linked' },
      },
    ],
  }
  expect((await fhir.call('POST', '/', transaction)).status).toBe(200)
  const { json } = await fhir.call('GET', '/Patient/linked')
  expect(json.managingOrganization.reference).toMatch(/^Organization\/[0-9a-f-]{36}$/)
})

test('the CapabilityStatement and the documentation name it', async () => {
  expect((await fhir.call('GET', '/metadata')).json.patchFormat).toContain(XML_PATCH)
  const { json } = await fhir.call('GET', `${fhir.origin}/api/openapi.json`)
  const { requestBody } = json.paths['/t/{tenant}/fhir/{type}/{id}'].patch
  expect(Object.keys(requestBody.content)).toContain(XML_PATCH)
})
