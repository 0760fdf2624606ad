import { afterAll, beforeAll, expect, test } from 'vitest'

import { startFhir, type TestFhir } from './fixture.ts'

const SIZE = 5000
/** 5,000 entries under a limit of 64 MB, as it is by default. */
let fhir: TestFhir
beforeAll(async () => {
  fhir = await startFhir()
  await fhir.call('PUT', '/Patient/known', { resourceType: 'Patient', id: 'known' })
})
afterAll(() => fhir[Symbol.asyncDispose]())

const urn = (n: number) => `urn:uuid:00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const patient = (n: number) => ({
  fullUrl: urn(n),
  resource: { resourceType: 'Patient', identifier: [{ system: 'urn:large', value: String(n) }] },
  request: { method: 'POST', url: 'Patient' },
})
const observation = (subject: string, rest: Record<string, unknown> = {}) => ({
  resource: {
    resourceType: 'Observation',
    status: 'final',
    code: { text: 'x' },
    subject: { reference: subject },
    ...rest,
  },
  request: { method: 'POST', url: 'Observation' },
})
const get = (url: string) => ({ request: { method: 'GET', url } })
const send = (type: 'batch' | 'transaction', entry: unknown[]) =>
  fhir.call('POST', '/', { resourceType: 'Bundle', type, entry })
const totalOf = async (query: string) =>
  (await fhir.call('GET', `${query}_total=accurate&_count=0`)).json.total as number
const countsOf = (json: { entry: { response: { status: string } }[] }) =>
  Object.fromEntries(
    [...Map.groupBy(json.entry, ({ response }) => response.status)].map(([status, all]) => [
      status,
      all.length,
    ]),
  )

test('a transaction of 5,000 entries links them to each other and reads what it wrote', async () => {
  const patients = Array.from({ length: 2000 }, (_, n) => patient(n))
  const byUrn = Array.from({ length: 1990 }, (_, n) => observation(urn(n)))
  const byCriteria = Array.from({ length: 1000 }, (_, n) => observation(`Patient?identifier=urn:large|${n}`))
  const reads = Array.from({ length: 10 }, (_, n) =>
    get(`Patient?identifier=urn:large|${n}&_revinclude=Observation:subject`),
  )
  const answer = await send('transaction', [...reads, ...byCriteria, ...byUrn, ...patients])
  expect(answer.status).toBe(200)
  expect(countsOf(answer.json)).toEqual({ '200 OK': 10, '201 Created': SIZE - 10 })
  for (const { resource } of answer.json.entry.slice(0, 10)) {
    const types = resource.entry.map(
      (each: { resource: { resourceType: string } }) => each.resource.resourceType,
    )
    expect(types.toSorted()).toEqual(['Observation', 'Observation', 'Patient'])
  }
  expect(await totalOf('/Patient?identifier=urn:large|1999&')).toBe(1)
}, 120_000)

test('a bad last entry leaves nothing of the 4,999 before it', async () => {
  const before = await totalOf('/Observation?')
  const entries = Array.from({ length: SIZE - 1 }, () => observation('Patient/known'))
  const answer = await send('transaction', [...entries, observation('Patient/known', { colour: 'blue' })])
  expect(answer.status).toBe(422)
  expect(answer.json.issue[0].expression).toEqual([`Bundle.entry[${SIZE - 1}].resource`])
  expect(await totalOf('/Observation?')).toBe(before)
}, 120_000)

test('a bad entry of a batch leaves the 4,999 others', async () => {
  const before = await totalOf('/Observation?')
  const entries = Array.from({ length: SIZE - 1 }, () => observation('Patient/known'))
  const { json } = await send('batch', [observation('Patient/known', { colour: 'blue' }), ...entries])
  expect(countsOf(json)).toEqual({ '422 Unprocessable Entity': 1, '201 Created': SIZE - 1 })
  expect(await totalOf('/Observation?')).toBe(before + SIZE - 1)
}, 120_000)

test('a transaction of 60 MB is taken, and others are served meanwhile', async () => {
  const text = 'x'.repeat(12_000)
  const entries = Array.from({ length: SIZE }, () => observation('Patient/known', { note: [{ text }] }))
  let longest = 0
  const over = new AbortController()
  const probing = (async () => {
    while (!over.signal.aborted) {
      const started = performance.now()
      await fhir.call('GET', '/Patient/nobody')
      longest = Math.max(longest, performance.now() - started)
    }
  })()
  const answer = await send('transaction', entries)
  over.abort()
  await probing
  expect(answer.status).toBe(200)
  expect(countsOf(answer.json)).toEqual({ '201 Created': SIZE })
  // Not a benchmark: that the process is not gone for the whole of it.
  expect(longest).toBeLessThan(10_000)
}, 120_000)

test('one entry more than the limit is refused', async () => {
  const answer = await send(
    'batch',
    Array.from({ length: SIZE + 1 }, () => get('Patient/nobody')),
  )
  expect(answer.status).toBe(413)
}, 60_000)
