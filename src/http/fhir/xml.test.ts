import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { loadDefinitions, makeFhirXml } from '../../fhir/index.ts'
import { startFhir, type TestFhir } from './fixture.ts'

let fhir: TestFhir
beforeAll(async () => {
  fhir = await startFhir()
})
afterAll(() => fhir[Symbol.asyncDispose]())

const XML = { 'content-type': 'application/fhir+xml', accept: 'application/fhir+xml' }
const codec = makeFhirXml(loadDefinitions())

function observation(value: string): string {
  return (
    '<Observation xmlns="http://hl7.org/fhir"><status value="final"/><code><text value="Na"/></code>' +
    `<valueQuantity><value value="${value}"/><unit value="mmol/L"/></valueQuantity></Observation>`
  )
}

function outcome(text: string) {
  expect(text).toMatch(/^<\?xml version="1.0" encoding="UTF-8"\?><OperationOutcome xmlns=/)
  const [issue] = codec.parse(text).value['issue'] as {
    code: string
    details: { coding: { code: string }[]; text: string }
    expression?: string[]
  }[]
  return { type: issue!.code, code: issue!.details.coding[0]!.code, expression: issue!.expression }
}

test('what is created in XML is read in XML and in JSON, to the last digit', async () => {
  const created = await fhir.call('POST', '/Observation', observation('1.10'), XML)
  expect([created.status, created.headers.get('content-type')]).toEqual([
    201,
    'application/fhir+xml; charset=utf-8',
  ])
  const path = new URL(created.headers.get('location')!).pathname
    .replace(/^.*\/fhir/, '')
    .replace(/\/_.*/, '')
  const inXml = await fhir.call('GET', path, undefined, { accept: 'application/fhir+xml' })
  const inJson = await fhir.call('GET', path)
  expect(inXml.text).toBe(created.text)
  expect(inXml.text).toContain('<value value="1.10"/>')
  expect(inJson.text).toContain('"value": 1.10')
  expect(codec.parse(inXml.text).value).toEqual(inJson.json)

  const head = await fhir.call('HEAD', path, undefined, { accept: 'application/fhir+xml' })
  expect(head.headers.get('content-length')).toBe(inXml.headers.get('content-length'))

  // The same in the other format is no change.
  const again = await fhir.call('PUT', path, inXml.text, XML)
  expect([again.status, again.headers.get('etag')]).toEqual([200, 'W/"1"'])
  const changed = await fhir.call('PUT', path, inXml.text.replace('1.10', '1.1'), XML)
  expect([changed.status, changed.headers.get('etag')]).toEqual([200, 'W/"2"'])
})

test('a narrative comes back as it was written', async () => {
  const div = '<div xmlns="http://www.w3.org/1999/xhtml"  >\n<p title=\'"\'>&#160;é<br /></p><!-- c --></div>'
  const body = `<Patient xmlns="http://hl7.org/fhir"><text><status value="generated"/>${div}</text></Patient>`
  const { text } = await fhir.call('POST', '/Patient', body, XML)
  expect(text).toContain(div)
})

test('a transaction comes and goes in XML', async () => {
  const body = `<Bundle xmlns="http://hl7.org/fhir"><type value="transaction"/>
    <entry><fullUrl value="urn:uuid:5b8bd0a4-2c5e-4c6c-8c5a-0d1a3f9c2b11"/>
      <resource><Patient><name><family value="Transaction"/></name></Patient></resource>
      <request><method value="POST"/><url value="Patient"/></request></entry>
    <entry><resource><Observation><status value="final"/><code><text value="a"/></code>
        <subject><reference value="urn:uuid:5b8bd0a4-2c5e-4c6c-8c5a-0d1a3f9c2b11"/></subject>
        <valueQuantity><value value="0.50"/></valueQuantity></Observation></resource>
      <request><method value="POST"/><url value="Observation"/></request></entry></Bundle>`
  const prefer = { prefer: 'return=representation' }
  const answer = await fhir.call('POST', '/', body, { ...XML, ...prefer })
  expect(answer.status).toBe(200)
  const bundle = codec.parse(answer.text)
  expect(bundle.value).toMatchObject({
    type: 'transaction-response',
    entry: [{ response: { status: '201 Created' } }, { response: { status: '201 Created' } }],
  })
  expect(answer.text).toContain('<value value="0.50"/>')
  expect(answer.text).toMatch(/<reference value="Patient\/[0-9a-f-]{36}"\/>/)

  const batch = `<Bundle xmlns="http://hl7.org/fhir"><type value="batch"/><entry><request><method value="GET"/>
    <url value="Patient/nobody"/></request></entry></Bundle>`
  const { text } = await fhir.call('POST', '/', batch, XML)
  expect(codec.parse(text).value).toMatchObject({
    entry: [{ response: { status: '404 Not Found', outcome: { resourceType: 'OperationOutcome' } } }],
  })
})

test('a search is answered in XML, also when the form asks for it', async () => {
  await fhir.call('POST', '/Patient', { resourceType: 'Patient', name: [{ family: 'Xylander' }] })
  const byGet = await fhir.call('GET', '/Patient?family=xylander&_format=xml')
  expect(codec.parse(byGet.text).value).toMatchObject({
    type: 'searchset',
    entry: [
      { resource: { resourceType: 'Patient', name: [{ family: 'Xylander' }] }, search: { mode: 'match' } },
    ],
  })
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const byPost = await fhir.call('POST', '/Patient/_search', 'family=xylander&_format=xml', form)
  expect(codec.parse(byPost.text).value).toMatchObject({ type: 'searchset' })
  const refused = await fhir.call('POST', '/Patient/_search', 'colour=blue&_format=xml', form)
  expect([refused.status, outcome(refused.text).type]).toEqual([400, 'invalid'])
})

test('a FHIRPath Patch may be written in XML', async () => {
  const { json } = await fhir.call('POST', '/Patient', { resourceType: 'Patient', gender: 'male' })
  const patch = `<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="operation"/>
    <part><name value="type"/><valueCode value="replace"/></part>
    <part><name value="path"/><valueString value="Patient.gender"/></part>
    <part><name value="value"/><valueCode value="female"/></part></parameter></Parameters>`
  const { text } = await fhir.call('PATCH', `/Patient/${json.id}`, patch, XML)
  expect(text).toContain('<gender value="female"/>')
})

describe('the format of the answer', () => {
  const FHIR_XML = 'application/fhir+xml; charset=utf-8'
  const FHIR_JSON = 'application/fhir+json; charset=utf-8'

  test.each<[accept: string | undefined, format: string | undefined, type: string]>([
    ['application/fhir+xml', undefined, FHIR_XML],
    ['application/xml+fhir', undefined, FHIR_XML],
    ['application/xml', undefined, 'application/xml; charset=utf-8'],
    ['text/xml', undefined, 'text/xml; charset=utf-8'],
    ['application/json', undefined, 'application/json; charset=utf-8'],
    ['application/xml, application/fhir+xml', undefined, FHIR_XML],
    ['application/fhir+xml;q=0.5, application/fhir+json;q=0.8', undefined, FHIR_JSON],
    ['application/fhir+json;q=0.5, application/fhir+xml', undefined, FHIR_XML],
    ['application/fhir+xml, application/fhir+json', undefined, FHIR_XML],
    ['application/fhir+json, application/fhir+xml', undefined, FHIR_JSON],
    ['text/html, */*;q=0.1', undefined, FHIR_JSON],
    ['application/*', undefined, FHIR_JSON],
    ['text/*', undefined, 'text/json; charset=utf-8'],
    ['application/fhir+json;q=0, */*', undefined, 'application/json; charset=utf-8'],
    ['application/fhir+xml; fhirVersion=4.0', undefined, FHIR_XML],
    ['application/fhir+xml; fhirVersion=3.0, application/fhir+json;q=0.1', undefined, FHIR_JSON],
    ['application/fhir+xml;q=high', undefined, FHIR_XML],
    ['application/fhir+json', 'xml', FHIR_XML],
    ['application/fhir+xml', 'json', FHIR_JSON],
    ['text/html', 'text/xml', FHIR_XML],
    [undefined, 'application/xml', FHIR_XML],
    [undefined, 'application/fhir+xml', FHIR_XML],
    [undefined, 'application/fhir%2Bxml', FHIR_XML],
    [undefined, 'application/fhir%2Bjson;fhirVersion=4.0', FHIR_JSON],
    [undefined, 'text/json', FHIR_JSON],
  ])('for Accept %s and _format %s is %s', async (accept, format, type) => {
    const query = format === undefined ? '' : `?_format=${format}`
    const answer = await fhir.call(
      'GET',
      `/metadata${query}`,
      undefined,
      accept === undefined ? {} : { accept },
    )
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, type])
    expect(answer.text.startsWith(type.includes('xml') ? '<?xml' : '{')).toBe(true)
  })

  test.each([
    ['application/fhir+xml; fhirVersion=3.0', undefined],
    ['application/fhir+xml;q=0', undefined],
    ['text/turtle', undefined],
    ['*/*', 'ttl'],
    ['*/*', 'application/fhir+xml;fhirVersion=5.0'],
    ['*/*', ''],
  ])('is none for Accept %s and _format %s: 406, told in JSON', async (accept, format) => {
    const query = format === undefined ? '' : `?_format=${format}`
    const answer = await fhir.call('GET', `/metadata${query}`, undefined, { accept })
    expect([answer.status, answer.json?.issue[0].details.coding[0].code]).toEqual([406, 'not-acceptable'])
  })

  test('_pretty is for people, in both formats', async () => {
    const { text } = await fhir.call('GET', '/metadata?_pretty=true&_format=xml')
    expect(text.split('\n').slice(0, 3)).toEqual([
      '<?xml version="1.0" encoding="UTF-8"?>',
      '<CapabilityStatement xmlns="http://hl7.org/fhir">',
      '  <status value="active"/>',
    ])
    expect((await fhir.call('GET', '/metadata?_pretty=true')).text.split('\n')[1]).toBe(
      '  "resourceType": "CapabilityStatement",',
    )
  })

  test('is what the CapabilityStatement and the documentation say', async () => {
    const { json } = await fhir.call('GET', '/metadata')
    expect(json.format).toEqual(['application/fhir+json', 'json', 'application/fhir+xml', 'xml'])
    const openapi = (await fhir.call('GET', `${fhir.origin}/api/openapi.json`)).json
    const { post } = openapi.paths['/t/{tenant}/fhir/{type}']
    expect(Object.keys(post.requestBody.content)).toContain('application/fhir+xml')
    expect(Object.keys(post.responses['201'].content)).toContain('application/fhir+xml')
  })
})

describe('a problem is told in the format of the request', () => {
  test.each<
    [
      method: string,
      path: string,
      body: string | undefined,
      status: number,
      code: string,
      expression?: string,
    ]
  >([
    ['GET', '/Patient/nobody', undefined, 404, 'resource-not-found'],
    ['GET', '/Patient?colour=blue', undefined, 400, 'search-parameter'],
    ['GET', '/nowhere/at/all/here', undefined, 404, 'path-unknown'],
    ['POST', '/Patient', '<Patient', 400, 'xml-syntax'],
    ['POST', '/Patient', '{"resourceType":"Patient"}', 400, 'xml-syntax'],
    [
      'POST',
      '/Patient',
      '<!DOCTYPE a [<!ENTITY b "c">]><Patient xmlns="http://hl7.org/fhir"/>',
      400,
      'xml-doctype',
    ],
    [
      'POST',
      '/Patient',
      '<Patient xmlns="http://hl7.org/fhir"><a/></Patient>',
      400,
      'xml-element-unknown',
      'Patient.a',
    ],
    [
      'POST',
      '/Patient',
      '<Observation xmlns="http://hl7.org/fhir"/>',
      400,
      'resource-type-mismatch',
      'resourceType',
    ],
  ])('%s %s %s is %i %s', async (method, path, body, status, code, expression) => {
    const answer = await fhir.call(method, path, body, XML)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      status,
      'application/fhir+xml; charset=utf-8',
    ])
    expect(outcome(answer.text)).toMatchObject({ code, ...(expression && { expression: [expression] }) })
  })

  test('also without a token', async () => {
    const answer = await fhir.call('GET', '/Patient/x', undefined, {
      accept: 'application/fhir+xml',
      authorization: '',
    })
    expect([answer.status, outcome(answer.text).code]).toEqual([401, 'token-malformed'])
  })

  test('what is not valid is 422 with its elements', async () => {
    const body =
      '<Patient xmlns="http://hl7.org/fhir"><gender value="x"/><birthDate value="1.1.2000"/></Patient>'
    const answer = await fhir.call('POST', '/Patient', body, XML)
    expect(answer.status).toBe(422)
    expect(codec.parse(answer.text).value['issue']).toMatchObject([
      { expression: ['Patient.gender'] },
      { expression: ['Patient.birthDate'] },
    ])
  })

  test.each([
    ['application/fhir+xml; charset=iso-8859-1', 415],
    ['application/fhir+xml; fhirVersion=3.0', 415],
    ['xml', 415],
    ['application/xml', 201],
    ['text/xml; charset=UTF-8', 201],
    ['application/xml+fhir', 201],
  ])('a body of type %s is %i', async (type, status) => {
    const answer = await fhir.call('POST', '/Observation', observation('1'), { 'content-type': type })
    expect(answer.status).toBe(status)
  })

  test('what XML can not say is 406', async () => {
    const { json } = await fhir.call('POST', '/Patient', {
      resourceType: 'Patient',
      implicitRules: 'urn:a\u0001',
    })
    const answer = await fhir.call('GET', `/Patient/${json.id}`, undefined, {
      accept: 'application/fhir+xml',
    })
    expect([answer.status, outcome(answer.text)]).toMatchObject([
      406,
      { code: 'xml-unwritable', expression: ['Patient.implicitRules'] },
    ])
  })
})
