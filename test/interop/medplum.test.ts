/** https://www.npmjs.com/package/@medplum/core: the client of another FHIR server. */
import { MedplumClient, OperationOutcomeError } from '@medplum/core'
import type { Bundle, Observation, Patient } from '@medplum/fhirtypes'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { type Gateway, startGateway } from '../support/gateway.ts'

let gateway: Gateway
let medplum: MedplumClient
beforeAll(async () => {
  gateway = await startGateway()
  medplum = clientOf({ cacheTime: 0 })
}, 60_000)
afterAll(() => gateway[Symbol.asyncDispose]())

function clientOf(options: { cacheTime?: number; autoBatchTime?: number }): MedplumClient {
  const client = new MedplumClient({ baseUrl: `${gateway.origin}/`, fhirUrlPath: gateway.path, ...options })
  client.setAccessToken(gateway.token)
  return client
}

const patient = (value: string, rest: Partial<Patient> = {}): Patient => ({
  resourceType: 'Patient',
  identifier: [{ system: 'urn:mrn', value }],
  ...rest,
})

test('creates, reads, updates, patches and deletes', async () => {
  const { id } = await medplum.createResource(patient('m-1'))
  expect(await medplum.readResource('Patient', id)).toMatchObject(patient('m-1'))
  const updated = await medplum.updateResource({ ...patient('m-1', { active: true }), id })
  expect(updated.meta?.versionId).toBe('2')
  const patched = await medplum.patchResource('Patient', id, [
    { op: 'test', path: '/meta/versionId', value: '2' },
    { op: 'replace', path: '/active', value: false },
  ])
  expect(patched).toMatchObject({ active: false, meta: { versionId: '3' } })
  expect(await medplum.readVersion('Patient', id, '2')).toMatchObject({ active: true })
  const history = await medplum.readHistory('Patient', id)
  expect(history.entry?.map(({ request }) => request?.method ?? '')).toEqual(['PATCH', 'PUT', 'POST'])
  await medplum.deleteResource('Patient', id)
  await expect(medplum.readResource('Patient', id)).rejects.toBeInstanceOf(OperationOutcomeError)
})

test('creates and writes under conditions', async () => {
  const query = 'identifier=urn:mrn|m-2'
  const first = await medplum.createResourceIfNoneExist(patient('m-2'), query)
  const again = await medplum.createResourceIfNoneExist(patient('m-2'), query)
  expect(again.id).toBe(first.id)
  const upserted = await medplum.upsertResource(patient('m-2', { active: true }), query)
  expect(upserted).toMatchObject({ id: first.id, active: true })
  const made = await medplum.upsertResource(patient('m-3'), 'identifier=urn:mrn|m-3')
  expect(made.id).not.toBe(first.id)
})

test('sends transactions with links and conditions, and batches', async () => {
  const urn = 'urn:uuid:2a1b6a1e-7d5e-4f0e-8f2f-3b0f5d0b7a11'
  const transaction: Bundle = {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      {
        fullUrl: urn,
        resource: patient('m-4'),
        request: { method: 'PUT', url: 'Patient?identifier=urn:mrn|m-4' },
      },
      {
        resource: {
          resourceType: 'Observation',
          status: 'final',
          code: { text: 'x' },
          subject: { reference: urn },
        },
        request: { method: 'POST', url: 'Observation' },
      },
    ],
  }
  const { entry } = await medplum.executeBatch(transaction)
  expect(entry?.map(({ response }) => response?.status)).toEqual(['201 Created', '201 Created'])
  const observation = await medplum.searchOne('Observation', 'subject:Patient.identifier=urn:mrn|m-4')
  expect((observation as Observation).subject?.reference).toMatch(/^Patient\//)
  const batch = await medplum.executeBatch({
    resourceType: 'Bundle',
    type: 'batch',
    entry: [
      { request: { method: 'GET', url: 'Patient?identifier=urn:mrn|m-4' } },
      { request: { method: 'DELETE', url: 'Patient?identifier=urn:mrn|nobody' } },
      { request: { method: 'GET', url: 'Patient/nobody' } },
    ],
  })
  expect(batch.entry?.map(({ response }) => response?.status?.slice(0, 3))).toEqual(['200', '204', '404'])
})

test('gathers reads of one moment into a batch of its own accord', async () => {
  const ids = await Promise.all(
    ['m-5', 'm-6'].map(async (value) => (await medplum.createResource(patient(value))).id),
  )
  const gathering = clientOf({ autoBatchTime: 20 })
  const read = await Promise.all(ids.map((id) => gathering.readResource('Patient', id)))
  expect(read.map(({ identifier }) => identifier?.[0]?.value)).toEqual(['m-5', 'm-6'])
})

test('walks over the pages of a search', async () => {
  for (let i = 0; i < 3; i++) await medplum.createResource(patient('m-7'))
  const sizes: number[] = []
  for await (const page of medplum.searchResourcePages('Patient', 'identifier=urn:mrn|m-7&_count=2'))
    sizes.push(page.length)
  expect(sizes).toEqual([2, 1])
})

test('waits for what is answered later', async () => {
  const bundle = (await medplum.startAsyncRequest(gateway.base, {
    body: JSON.stringify({
      resourceType: 'Bundle',
      type: 'batch',
      entry: [{ request: { method: 'GET', url: 'Patient?identifier=urn:mrn|m-7' } }],
    }),
    pollStatusOnAccepted: true,
    pollStatusPeriod: 50,
  })) as Bundle
  expect(bundle).toMatchObject({ type: 'batch-response', entry: [{ resource: { total: 3 } }] })
})
