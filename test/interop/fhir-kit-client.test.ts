/** https://www.npmjs.com/package/fhir-kit-client */
import { Client, type FhirResource } from 'fhir-kit-client'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { type Gateway, startGateway } from '../support/gateway.ts'

let gateway: Gateway
let client: Client
beforeAll(async () => {
  gateway = await startGateway()
  client = new Client({ baseUrl: gateway.base, bearerToken: gateway.token })
}, 60_000)
afterAll(() => gateway[Symbol.asyncDispose]())

const resourceType = 'Patient'
const patient = (value: string, rest: object = {}) =>
  ({ resourceType, identifier: [{ system: 'urn:mrn', value }], ...rest }) as FhirResource
const idOf = async (answer: Promise<FhirResource>) => String((await answer)['id'])
const statusOf = (answer: FhirResource) => Client.httpFor(answer).response?.status
const entriesOf = (bundle: FhirResource) => (bundle as { entry?: { resource?: FhirResource }[] }).entry ?? []
const failure = async (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: { response?: { status?: number; data?: { resourceType?: string } } }) => error.response,
  )

test('creates, reads, updates, patches and deletes a resource', async () => {
  const created = await client.create({ resourceType, body: patient('k-1') })
  const id = String(created['id'])
  expect(statusOf(created)).toBe(201)
  expect(await client.read({ resourceType, id })).toMatchObject(patient('k-1'))
  const updated = await client.update({ resourceType, id, body: patient('k-1', { id, active: true }) })
  expect(updated).toMatchObject({ active: true, meta: { versionId: '2' } })
  const patched = await client.patch({
    resourceType,
    id,
    jsonPatch: [
      { op: 'test', path: '/active', value: true },
      { op: 'replace', path: '/active', value: false },
    ],
  })
  expect(patched).toMatchObject({ active: false, meta: { versionId: '3' } })
  expect(await client.vread({ resourceType, id, version: '2' })).toMatchObject({ active: true })
  await client.delete({ resourceType, id })
  expect(await failure(client.read({ resourceType, id }))).toMatchObject({
    status: 410,
    data: { resourceType: 'OperationOutcome' },
  })
})

test('reads the histories of an instance, of a type and of the system', async () => {
  const id = await idOf(client.create({ resourceType, body: patient('k-2') }))
  await client.update({ resourceType, id, body: patient('k-2', { id, active: true }) })
  const ofInstance = await client.history({ resourceType, id })
  expect(entriesOf(ofInstance)).toMatchObject([
    { resource: { meta: { versionId: '2' } } },
    { resource: { meta: { versionId: '1' } } },
  ])
  expect(entriesOf(await client.history({ resourceType }))[0]!.resource).toMatchObject({ id })
  expect(entriesOf(await client.history({}))[0]!.resource).toMatchObject({ id })
})

test('searches, page by page, of a type, of the system and in a compartment', async () => {
  for (const n of [1, 2, 3]) await client.create({ resourceType: 'Basic', body: basic(String(n)) })
  let page: FhirResource | undefined = await client.search({
    resourceType: 'Basic',
    searchParams: { code: 'kit', _count: '2', _sort: '_id' },
  })
  const seen: unknown[] = []
  while (page !== undefined) {
    seen.push(...entriesOf(page).map(({ resource }) => resource!['id']))
    const links = (page['link'] ?? []) as { relation: string; url: string }[]
    page = await client.nextPage({ bundle: { ...page, link: links } as never })
  }
  expect(new Set(seen).size).toBe(3)
  const system = await client.search({ searchParams: { _type: 'Basic', _count: '1' } })
  expect(entriesOf(system)).toHaveLength(1)
  const id = await idOf(client.create({ resourceType, body: patient('k-3') }))
  await client.create({
    resourceType: 'Basic',
    body: { ...basic('4'), subject: { reference: `Patient/${id}` } } as FhirResource,
  })
  const compartment = await client.search({ resourceType: 'Basic', compartment: { resourceType, id } })
  expect(entriesOf(compartment)).toHaveLength(1)
})

const basic = (value: string) =>
  ({
    resourceType: 'Basic',
    identifier: [{ system: 'urn:basic', value }],
    code: { coding: [{ system: 'urn:x', code: 'kit' }] },
  }) as FhirResource

test('creates and updates under conditions', async () => {
  const options = { headers: { 'If-None-Exist': 'identifier=urn:mrn|k-4' } }
  const first = await client.create({ resourceType, body: patient('k-4'), options })
  const again = await client.create({ resourceType, body: patient('k-4'), options })
  expect([statusOf(first), statusOf(again)]).toEqual([201, 200])
  const updated = await client.update({
    resourceType,
    searchParams: { identifier: 'urn:mrn|k-4' },
    body: patient('k-4', { active: true }),
  })
  expect(updated).toMatchObject({ id: first['id'], active: true })
  const stale = { headers: { 'If-Match': 'W/"1"' } }
  const id = String(first['id'])
  expect(
    await failure(client.update({ resourceType, id, body: patient('k-4', { id }), options: stale })),
  ).toMatchObject({ status: 412 })
})

test('sends batches and transactions', async () => {
  const urn = 'urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a'
  const entry = [
    { fullUrl: urn, resource: patient('k-5'), request: { method: 'POST', url: 'Patient' } },
    {
      resource: { resourceType: 'Basic', code: { text: 'x' }, subject: { reference: urn } },
      request: { method: 'POST', url: 'Basic' },
    },
  ]
  const done = await client.transaction({
    body: { resourceType: 'Bundle', type: 'transaction', entry } as FhirResource,
  })
  expect(done).toMatchObject({
    type: 'transaction-response',
    entry: [{ response: { status: '201 Created' } }, {}],
  })
  const asked = [
    { request: { method: 'GET', url: 'Patient?identifier=urn:mrn|k-5' } },
    { request: { method: 'GET', url: 'Patient/nobody' } },
  ]
  const batch = await client.batch({
    body: { resourceType: 'Bundle', type: 'batch', entry: asked } as FhirResource,
  })
  expect(batch).toMatchObject({
    entry: [{ resource: { total: 1 } }, { response: { status: '404 Not Found' } }],
  })
})

test('reads what the server says of itself, and where tokens come from', async () => {
  expect(await client.capabilityStatement()).toMatchObject({
    resourceType: 'CapabilityStatement',
    fhirVersion: '4.0.1',
  })
  const { tokenUrl } = await client.smartAuthMetadata()
  expect(String(tokenUrl)).toBe(`${gateway.origin}/oauth2/token`)
})
