/** https://www.npmjs.com/package/fhirclient: SMART's own client, with a token that it was given. */
import { IncomingMessage, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { Socket } from 'node:net'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { type Gateway, startGateway } from '../support/gateway.ts'

interface Client {
  create(resource: object): Promise<Patient>
  update(resource: object): Promise<Patient>
  patch(url: string, operations: readonly object[]): Promise<Patient>
  delete(url: string): Promise<unknown>
  request<T>(url: string, options?: object): Promise<T>
}

// Its types bring a browser's global names with them, which then differ from Node's in every file.
const smart = createRequire(import.meta.url)('fhirclient') as (
  request: IncomingMessage,
  response: ServerResponse,
  storage: object,
) => { client(state: object): Client }

let gateway: Gateway
let client: Client
beforeAll(async () => {
  gateway = await startGateway()
  // In Node it wants to belong to a request; nothing of it is used where there is a token.
  const request = new IncomingMessage(new Socket())
  client = smart(request, new ServerResponse(request), memory()).client({
    serverUrl: gateway.base,
    tokenResponse: { access_token: gateway.token },
  })
}, 60_000)
afterAll(() => gateway[Symbol.asyncDispose]())

function memory() {
  const values = new Map<string, unknown>()
  return {
    get: async (key: string) => values.get(key),
    set: async (key: string, value: unknown) => values.set(key, value),
    unset: async (key: string) => values.delete(key),
  }
}

interface Patient {
  readonly resourceType: 'Patient'
  readonly id: string
  readonly active?: boolean
  readonly meta: { readonly versionId: string }
}

const patient = (rest: object = {}) => ({ resourceType: 'Patient', active: true, ...rest })

test('creates, requests, updates, patches and deletes', async () => {
  const created = await client.create(patient())
  const read = await client.request<Patient>(`Patient/${created.id}`)
  expect(read).toMatchObject({ active: true, meta: { versionId: '1' } })
  const updated = await client.update({ ...read, active: false })
  expect(updated).toMatchObject({ active: false, meta: { versionId: '2' } })
  const patched = await client.patch(`Patient/${created.id}`, [
    { op: 'replace', path: '/active', value: true },
  ])
  expect(patched).toMatchObject({ active: true, meta: { versionId: '3' } })
  await client.delete(`Patient/${created.id}`)
  await expect(client.request(`Patient/${created.id}`)).rejects.toThrow(/410|Gone|deleted/i)
})

test('walks over the pages of a search', async () => {
  for (let i = 0; i < 5; i++)
    await client.create(patient({ identifier: [{ system: 'urn:pages', value: 'x' }] }))
  const url = 'Patient?identifier=urn:pages|x&_count=2'
  const pages = await client.request<{ entry: unknown[] }[]>(url, { pageLimit: 0 })
  expect(pages.map(({ entry }) => entry.length)).toEqual([2, 2, 1])
  const flat = await client.request<Patient[]>(url, { pageLimit: 2, flat: true })
  expect(flat).toHaveLength(4)
})

test('resolves references of what it asked for', async () => {
  const { id } = await client.create({
    resourceType: 'Organization',
    name: 'Clinique',
  })
  const linked = await client.create(patient({ managingOrganization: { reference: `Organization/${id}` } }))
  const resolved = await client.request<{ managingOrganization: { name: string } }>(`Patient/${linked.id}`, {
    resolveReferences: ['managingOrganization'],
  })
  expect(resolved.managingOrganization.name).toBe('Clinique')
})

test('is told what is wrong', async () => {
  await expect(client.create(patient({ gender: 'blue' }))).rejects.toThrow(/422|Unprocessable|value set/i)
})
