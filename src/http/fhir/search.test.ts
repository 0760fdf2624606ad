import { afterAll, beforeAll, expect, test } from 'vitest'

import { startFhir, type TestFhir } from './fixture.ts'

let fhir: TestFhir
beforeAll(async () => {
  fhir = await startFhir()
  for (const [id, family, birthDate] of [
    ['s-1', 'Durand', '1980-01-01'],
    ['s-2', 'Dupont', '1975-06-30'],
    ['s-3', 'Durand', '2001-12-24'],
  ]) {
    await fhir.call('PUT', `/Patient/${id}`, { resourceType: 'Patient', id, name: [{ family }], birthDate })
  }
})
afterAll(() => fhir[Symbol.asyncDispose]())

interface Searchset {
  readonly entry?: readonly { readonly resource: { readonly id: string } }[]
  readonly link: readonly { readonly relation: string; readonly url: string }[]
}

const idsOf = ({ entry = [] }: Searchset) => entry.map(({ resource }) => resource.id)
const linkOf = ({ link }: Searchset, relation: string) => link.find((one) => one.relation === relation)?.url

test('a search answers with a searchset of what matches', async () => {
  const { status, json } = await fhir.call('GET', '/Patient?family=durand&_sort=birthdate')
  expect(status).toBe(200)
  expect(json).toMatchObject({ resourceType: 'Bundle', type: 'searchset', total: 2 })
  expect(idsOf(json)).toEqual(['s-1', 's-3'])
  expect(json.entry[0]).toMatchObject({ fullUrl: `${fhir.base}/Patient/s-1`, search: { mode: 'match' } })
  expect(linkOf(json, 'self')).toBe(`${fhir.base}/Patient?family=durand&_sort=birthdate`)
  expect(fhir.validator.validate(json, 'Bundle')).toEqual([])
})

test('a search without a match is a searchset without entries', async () => {
  const { json } = await fhir.call('GET', '/Patient?family=Nobody')
  expect(json).toMatchObject({ total: 0 })
  expect(json).not.toHaveProperty('entry')
})

test('POST _search takes its parameters from the form and from the URL', async () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const { json } = await fhir.call('POST', '/Patient/_search?_sort=birthdate', 'family=durand', form)
  expect(idsOf(json)).toEqual(['s-1', 's-3'])
  expect(idsOf((await fhir.call('POST', '/Patient/_search?family=dupont')).json)).toEqual(['s-2'])
  expect((await fhir.call('POST', '/Patient/_search', { family: 'durand' })).status).toBe(415)
  expect((await fhir.call('POST', '/Patient/_search', 'family=durand&_format=ttl', form)).status).toBe(406)
})

test('pages lead from one to the next without repeating or losing anything', async () => {
  let url: string | undefined = '/Patient?_sort=birthdate&_count=1'
  const seen: string[] = []
  while (url !== undefined) {
    const { json } = (await fhir.call('GET', url)) as { json: Searchset }
    seen.push(...idsOf(json))
    url = linkOf(json, 'next')
  }
  expect(seen).toEqual(['s-2', 's-1', 's-3'])
})

test('a cursor shows nothing of its key, and serves only the search and the tenant that it was made for', async () => {
  const { json } = await fhir.call('GET', '/Patient?_sort=birthdate&_count=1')
  const next = new URL(linkOf(json, 'next')!)
  const cursor = next.searchParams.get('_cursor')!
  expect(Buffer.from(cursor, 'base64url').toString('latin1')).not.toContain('1975')
  const asked = (query: string) => fhir.call('GET', `/Patient?${query}`)
  expect((await asked(`_sort=birthdate&_count=2&_cursor=${cursor}`)).status).toBe(200)
  expect((await asked(`_sort=-birthdate&_count=1&_cursor=${cursor}`)).status).toBe(400)
  expect((await asked(`_sort=birthdate&family=x&_cursor=${cursor}`)).status).toBe(400)
  expect((await asked(`_sort=birthdate&_cursor=AAAA${cursor.slice(4)}`)).status).toBe(400)
  expect((await asked(`_sort=birthdate&_cursor=forged`)).status).toBe(400)
  const elsewhere = next.toString().replace('/t/test/', '/t/other/')
  expect((await fhir.call('GET', elsewhere, undefined, { authorization: 'Bearer other' })).status).toBe(400)
})

test.each([
  'colour=blue',
  'birthdate=soon',
  'family:bold=x',
  '_count=-1',
  '_total=many',
  '_include=Patient:x',
  'family:not=x',
])('a search for %s is 400 and names the parameter, not the value', async (query) => {
  const { status, json, text } = await fhir.call('GET', `/Patient?${query}`)
  expect(status).toBe(400)
  expect(json.issue[0].details.text).toContain(query.split(/[=:]/)[0])
  expect(text).not.toContain('soon')
})

test('another tenant finds nothing of this one', async () => {
  const other = { authorization: 'Bearer other' }
  const base = `${fhir.origin}/t/other/fhir`
  expect((await fhir.call('GET', `${base}/Patient?family=durand`, undefined, other)).json.total).toBe(0)
  expect((await fhir.call('GET', `${base}/Patient/s-1`, undefined, other)).status).toBe(404)
})

test('the audit row of a search has its query and names what it showed', async () => {
  await fhir.call('GET', '/Patient?family=dupont')
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  await fhir.call('POST', '/Patient/_search', 'family=dupont', form)
  const rows = (await fhir.audits()).slice(-2)
  for (const row of rows) {
    expect(row).toMatchObject({
      interaction: 'search-type',
      action: 'E',
      query: 'family=dupont',
      entities: 'Patient/s-2/_history/1',
      patients: 's-2',
    })
  }
})
