import { afterAll, beforeAll, expect, test } from 'vitest'

import { startFhir, type TestFhir } from './fixture.ts'
import { pagesOf } from './pages.fixture.ts'

const PATIENTS = 120
const RESULTS = 480

let fhir: TestFhir
beforeAll(async () => {
  fhir = await startFhir()
  const people = Array.from({ length: PATIENTS }, (_, i) =>
    put({ resourceType: 'Patient', id: `p${i}`, gender: i % 3 === 0 ? 'male' : 'female' }),
  )
  // Every third patient has none; the others have them in an order that is not their own.
  const results = Array.from({ length: RESULTS }, (_, i) => result(i, (i * 47) % PATIENTS))
  for (const entry of [people, results.slice(0, 240), results.slice(240)]) {
    const bundle = { resourceType: 'Bundle', type: 'transaction', entry }
    const { status, text } = await fhir.call('POST', '/', bundle)
    if (status !== 200) throw new Error(text)
  }
})
afterAll(() => fhir[Symbol.asyncDispose]())

function put(resource: Record<string, unknown> & { resourceType: string; id: string }) {
  return { resource, request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` } }
}

function result(number: number, patient: number) {
  return put({
    resourceType: 'Observation',
    id: `o${number}`,
    status: 'final',
    code: {
      coding: [patient % 3 === 1 ? 'other' : 'wanted', ...(patient % 5 === 0 ? ['both'] : [])].map(
        (code) => ({
          system: 'urn:test',
          code,
        }),
      ),
    },
    subject: { reference: `Patient/p${patient}` },
  })
}

const pages = (query: string, between?: (page: number) => Promise<void>) =>
  pagesOf(fhir, `/Patient?${query}`, between)

const numbersOf = (remainder: (number: number) => boolean) =>
  Array.from({ length: PATIENTS }, (_, i) => i)
    .filter(remainder)
    .map((i) => `p${i}`)
    .toSorted()

const HAS = '_has:Observation:subject:code=urn:test%7Cwanted'

test('pages of those to whom many refer hold each once, the one with the newest first', async () => {
  const found = await pages(`${HAS}&_count=7`)
  expect(found.flat().toSorted()).toEqual(numbersOf((i) => i % 3 !== 1))
  expect(found.slice(0, -1).every((page) => page.length === 7)).toBe(true)
  const newest = Array.from({ length: RESULTS }, (_, i) => ((RESULTS - 1 - i) * 47) % PATIENTS)
  const inOrder = [...new Set(newest.filter((i) => i % 3 !== 1))].map((i) => `p${i}`)
  expect(found.flat()).toEqual(inOrder)
})

test('of several codes each result counts once, whichever of them it has', async () => {
  const several = '_has:Observation:subject:code=urn:test%7Cother,urn:test%7Cwanted,urn:test%7Cboth'
  const found = await pages(`${several}&_count=7`)
  expect(found.slice(0, -1).every((page) => page.length === 7)).toBe(true)
  const newest = Array.from({ length: RESULTS }, (_, i) => `p${((RESULTS - 1 - i) * 47) % PATIENTS}`)
  expect(found.flat()).toEqual([...new Set(newest)])
})

test('other criteria hold as well, whatever they are', async () => {
  expect((await pages(`${HAS}&gender:not=female&_count=7`)).flat().toSorted()).toEqual(
    numbersOf((i) => i % 3 === 0),
  )
  const both = await pages(`${HAS}&_has:Observation:patient:code=urn:test%7Cother&_count=7`)
  expect(both.flat()).toEqual([])
})

test('whoever is referred to anew between two pages is neither lost nor told twice', async () => {
  const found = await pages(`${HAS}&_count=10`, async (page) => {
    if (page > 3) return
    // The last of all, and one who was told already.
    for (const [i, patient] of [39 - page * 3, 47 * 2].entries()) {
      const { resource } = result(1000 + page * 10 + i, patient % PATIENTS)
      await fhir.call('PUT', `/Observation/${resource.id}`, resource)
    }
  })
  const all = found.flat()
  expect(new Set(all).size).toBe(all.length)
  expect(all.toSorted()).toEqual(numbersOf((i) => i % 3 !== 1))
})

test('sorted and counted it is the same', async () => {
  expect((await pages(`${HAS}&_sort=_id&_count=30`)).flat().toSorted()).toEqual(numbersOf((i) => i % 3 !== 1))
  const { json } = await fhir.call('GET', `/Patient?${HAS}&_total=accurate&_count=1`)
  expect(json['total']).toBe(80)
})

test('whose last result is deleted is found no more', async () => {
  const { status, text } = await fhir.call('DELETE', '/Observation?subject=Patient/p3')
  expect(status, text).toBe(204)
  expect((await pages(`${HAS}&_count=9`)).flat().toSorted()).toEqual(numbersOf((i) => i % 3 !== 1 && i !== 3))
})
