import { afterAll, beforeAll, expect, test } from 'vitest'

import { startFhir, type TestFhir } from '../fixture.ts'

let fhir: TestFhir
beforeAll(async () => {
  fhir = await startFhir()
})
afterAll(() => fhir[Symbol.asyncDispose]())

const research = { system: 'https://hopital.example/labels', code: 'research' }
const restricted = {
  system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality',
  code: 'R',
  display: 'restricted',
}
const profile = 'https://hopital.example/StructureDefinition/patient'

function parameters(meta: object) {
  return { resourceType: 'Parameters', parameter: [{ name: 'meta', valueMeta: meta }] }
}

const add = (path: string, meta: object, headers = {}) =>
  fhir.call('POST', `${path}/$meta-add`, parameters(meta), headers)

async function put(path: string, rest: object = {}) {
  const [resourceType, id] = path.slice(1).split('/')
  await fhir.call('PUT', path, { resourceType, id, ...rest })
}

test('$meta answers the meta of the current version and of an older one', async () => {
  await put('/Patient/labelled', { meta: { tag: [research] } })
  await put('/Patient/labelled', { meta: { security: [restricted] } })
  const current = await fhir.call('GET', '/Patient/labelled/$meta')
  expect(current).toMatchObject({
    status: 200,
    json: { resourceType: 'Parameters', parameter: [{ name: 'return' }] },
  })
  expect(current.json.parameter[0].valueMeta).toMatchObject({ versionId: '2', security: [restricted] })
  const first = await fhir.call('POST', '/Patient/labelled/_history/1/$meta')
  expect(first.json.parameter[0].valueMeta).toMatchObject({ versionId: '1', tag: [research] })
})

test('$meta-add adds what is not there yet, once, and makes a version', async () => {
  await put('/Patient/added', { meta: { tag: [research] }, active: true })
  const { status, json } = await add('/Patient/added', {
    tag: [
      { ...research, display: 'Again' },
      { system: 'https://hopital.example/labels', code: 'archive' },
    ],
    security: [restricted],
    profile: [profile],
  })
  expect(status).toBe(200)
  expect(json.parameter[0].valueMeta).toMatchObject({
    versionId: '2',
    tag: [research, { code: 'archive' }],
    security: [restricted],
    profile: [profile],
  })
  const again = await add('/Patient/added', { profile: [profile] })
  expect(again.json.parameter[0].valueMeta.versionId).toBe('2')
  const read = await fhir.call('GET', '/Patient/added')
  expect(read.json).toMatchObject({ active: true, meta: { tag: [research, { code: 'archive' }] } })
  const found = await fhir.call('GET', '/Patient?_tag=https://hopital.example/labels|archive')
  expect(found.json.entry).toHaveLength(1)
})

test('$meta-delete takes labels away by system and code, and what is not there is no error', async () => {
  await put('/Patient/taken', { meta: { tag: [research], security: [restricted], profile: [profile] } })
  const { status, json } = await fhir.call(
    'POST',
    '/Patient/taken/$meta-delete',
    parameters({ tag: [{ ...research, version: '2' }, { code: 'never' }], profile: [profile] }),
  )
  expect(status).toBe(200)
  const { tag, profile: left, security } = json.parameter[0].valueMeta
  expect({ tag, left, security }).toEqual({ tag: undefined, left: undefined, security: [restricted] })
})

test('decimals stay as they are when labels change', async () => {
  await put('/Observation/exact', { status: 'final', code: { text: 'x' } })
  await fhir.call(
    'PUT',
    '/Observation/exact',
    '{"resourceType":"Observation","id":"exact","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.10}}',
  )
  expect((await add('/Observation/exact', { tag: [research] })).status).toBe(200)
  expect((await fhir.call('GET', '/Observation/exact')).text).toContain('"value": 1.10')
})

test('$meta-add heeds If-Match, and the resource must be there', async () => {
  await put('/Patient/guarded')
  expect((await add('/Patient/guarded', { tag: [research] }, { 'if-match': 'W/"7"' })).status).toBe(412)
  expect((await add('/Patient/guarded', { tag: [research] }, { 'if-match': 'W/"1"' })).status).toBe(200)
  expect((await add('/Patient/nobody', { tag: [research] })).status).toBe(404)
  await fhir.call('DELETE', '/Patient/guarded')
  expect((await add('/Patient/guarded', { tag: [research] })).status).toBe(410)
})

test('labels that are none are refused with their place', async () => {
  await put('/Patient/odd')
  const { status, json } = await add('/Patient/odd', { tag: ['text'] })
  expect(status).toBe(422)
  expect(json.issue[0].expression).toEqual(['Patient.meta.tag[0]'])
})

test('of a type and of the tenant, $meta lists what is in use, and nothing of another tenant', async () => {
  await put('/Group/tagged', { type: 'person', actual: true, meta: { tag: [{ code: 'only-here' }] } })
  await put('/Basic/secret', {
    code: { text: 'x' },
    meta: { tag: [{ system: 'urn:x', code: 'gone' }] },
  })
  await fhir.call('DELETE', '/Basic/secret')
  const ofType = (await fhir.call('GET', '/Group/$meta')).json.parameter[0].valueMeta
  expect(ofType).toEqual({ tag: [{ code: 'only-here' }] })
  const ofAll = (await fhir.call('GET', '/$meta')).json.parameter[0].valueMeta
  expect(ofAll.tag).toContainEqual({ code: 'only-here' })
  expect(ofAll.tag).toContainEqual(research)
  expect(ofAll.security).toContainEqual({ system: restricted.system, code: 'R' })
  expect(ofAll.tag).not.toContainEqual({ system: 'urn:x', code: 'gone' })
  const other = await fhir.call('GET', `${fhir.origin}/t/other/fhir/$meta`, undefined, {
    authorization: 'Bearer other',
  })
  expect(other.json.parameter).toEqual([{ name: 'return', valueMeta: {} }])
})
