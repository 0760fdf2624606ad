import { afterAll, beforeAll, expect, test } from 'vitest'

import { startFhir, type TestFhir } from './fixture.ts'

let fhir: TestFhir
beforeAll(async () => {
  fhir = await startFhir()
})
afterAll(() => fhir[Symbol.asyncDispose]())

interface ResourceEntry {
  readonly type: string
  readonly interaction: readonly { readonly code: string }[]
  readonly searchParam?: readonly { readonly name: string; readonly type: string }[]
}

async function resourceEntry(type: string): Promise<ResourceEntry> {
  const { json } = await fhir.call('GET', '/metadata')
  return json.rest[0].resource.find((entry: ResourceEntry) => entry.type === type)
}

test('metadata needs no token and is a valid CapabilityStatement', async () => {
  const response = await fetch(`${fhir.base}/metadata`)
  expect(response.status).toBe(200)
  const statement = (await fhir.call('GET', '/metadata')).json
  expect(fhir.validator.validate(statement, 'CapabilityStatement')).toEqual([])
  expect(statement).toMatchObject({
    fhirVersion: '4.0.1',
    implementation: { url: fhir.base },
    rest: [{ interaction: expect.arrayContaining([{ code: 'search-system' }, { code: 'batch' }]) }],
  })
  expect(statement.rest[0].resource.length).toBeGreaterThan(140)
})

test('a type claims the interactions and parameters that are registered', async () => {
  const patient = await resourceEntry('Patient')
  expect(patient.interaction.map(({ code }) => code)).toEqual([
    'read',
    'vread',
    'create',
    'update',
    'patch',
    'delete',
    'history-instance',
    'history-type',
    'search-type',
  ])
  expect(patient.searchParam).toContainEqual({
    name: 'birthdate',
    definition: 'http://hl7.org/fhir/SearchParameter/individual-birthdate',
    type: 'date',
  })
  expect(patient.searchParam!.map(({ name }) => name)).toContain('_id')
})

test('an AuditEvent can be read, found and added, and no more is claimed', async () => {
  const { interaction, searchParam } = await resourceEntry('AuditEvent')
  expect(interaction.map(({ code }) => code)).toEqual(['read', 'create', 'search-type'])
  expect(searchParam!.map(({ name }) => name)).toContain('patient')
})

test('who has the statement already gets 304', async () => {
  const { headers } = await fhir.call('GET', '/metadata')
  const again = await fhir.call('GET', '/metadata', undefined, { 'if-none-match': headers.get('etag')! })
  expect(again).toMatchObject({ status: 304, text: '' })
})

test('a tenant that is not there has no statement', async () => {
  expect((await fetch(`${fhir.origin}/t/nowhere/fhir/metadata`)).status).toBe(404)
})
