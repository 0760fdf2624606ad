/** https://hl7.org/fhir/R4/patient-operation-everything.html */
import { afterAll, beforeAll, expect, test } from 'vitest'

import { startFhir, type TestFhir } from '../fixture.ts'

let fhir: TestFhir
beforeAll(async () => {
  fhir = await startFhir()
  const put = (type: string, id: string, fields: object) =>
    fhir.call('PUT', `/${type}/${id}`, { resourceType: type, id, ...fields })
  const subject = { reference: 'Patient/ada' }
  await put('Organization', 'clinic', { name: 'Clinic' })
  await put('Practitioner', 'doc', { name: [{ family: 'House' }] })
  await put('PractitionerRole', 'role', {
    practitioner: { reference: 'Practitioner/doc' },
    organization: { reference: 'Organization/clinic' },
  })
  await put('Patient', 'ada', { generalPractitioner: [{ reference: 'PractitionerRole/role' }] })
  await put('Patient', 'bob', { link: [{ other: subject, type: 'seealso' }] })
  const visit = { status: 'finished', class: { code: 'AMB' }, subject }
  await put('Encounter', 'old', { ...visit, period: { start: '2020-01-01', end: '2020-01-02' } })
  await put('Encounter', 'new', { ...visit, period: { start: '2024-01-01', end: '2024-01-02' } })
  const seen = { status: 'final', code: { text: 'x' }, subject }
  await put('Observation', 'undated', seen)
  await put('Observation', 'dated', {
    ...seen,
    effectiveDateTime: '2024-01-01',
    encounter: { reference: 'Encounter/new' },
  })
  await put('Observation', 'of-bob', { ...seen, subject: { reference: 'Patient/bob' } })
})
afterAll(() => fhir[Symbol.asyncDispose]())

async function idsOf(path: string): Promise<string> {
  const { status, json } = await fhir.call('GET', path)
  expect(status, path).toBe(200)
  const entries: { resource: { id: string } }[] = json.entry ?? []
  return entries
    .map(({ resource }) => resource.id)
    .toSorted()
    .join(' ')
}

// A Patient that is linked to another is in the compartment of that one.
test.each([
  ['/Patient/ada/$everything', 'ada bob clinic dated doc new old role undated'],
  ['/Patient/ada/$everything?_type=Observation', 'dated undated'],
  ['/Patient/ada/$everything?_type=Observation,Practitioner', 'dated undated'],
  ['/Patient/ada/$everything?start=2023-01-01', 'ada bob clinic dated doc new role undated'],
  ['/Patient/ada/$everything?end=2021-01-01', 'ada bob clinic doc old role undated'],
  ['/Patient/ada/$everything?_since=2100-01-01T00:00:00Z', ''],
  ['/Encounter/new/$everything', 'dated new'],
])('%s', async (path, expected) => expect(await idsOf(path)).toBe(expected))

const OF_ALL = 'ada bob dated new of-bob old undated'

test.each([
  ['/Patient/$everything', 'ada bob clinic dated doc new of-bob old role undated'],
  ['/Patient/$everything?_type=Observation,Location', 'dated of-bob undated'],
  ['/Patient/$everything?start=2023-01-01&_type=Encounter', 'new'],
  ['/Patient/$everything?_since=2100-01-01T00:00:00Z', ''],
])('%s: of all patients, and nothing that is of none', async (path, expected) => {
  await fhir.call('PUT', '/Observation/of-nobody', {
    resourceType: 'Observation',
    id: 'of-nobody',
    status: 'final',
    code: { text: 'x' },
    performer: [{ reference: 'Organization/clinic' }],
  })
  expect(await idsOf(path)).toBe(expected)
})

test.each([
  ['/Patient/ada/$everything', 'ada bob dated new old undated'],
  ['/Patient/$everything', OF_ALL],
])('%s goes on page by page until all has been told', async (operation, all) => {
  const found: string[] = []
  let path: string | undefined = `${operation}?_count=2`
  while (path !== undefined) {
    const { json } = await fhir.call('GET', path)
    const entries: { resource: { id: string }; search: { mode: string } }[] = json.entry
    found.push(...entries.filter(({ search }) => search.mode === 'match').map(({ resource }) => resource.id))
    path = json.link.find((link: { relation: string }) => link.relation === 'next')?.url
  }
  expect(found.toSorted().join(' ')).toBe(all)
})

test('of another tenant, or of nobody, is 404', async () => {
  const other = { authorization: 'Bearer other' }
  expect((await fhir.call('GET', '/Patient/nobody/$everything')).status).toBe(404)
  const foreign = await fhir.call(
    'GET',
    `${fhir.origin}/t/other/fhir/Patient/ada/$everything`,
    undefined,
    other,
  )
  expect(foreign.status).toBe(404)
})

test('an encounter has it as an instance only', async () => {
  expect((await fhir.call('GET', '/Encounter/$everything')).status).toBe(405)
})

test('what the token does not allow stays away', async () => {
  const only = { authorization: `Bearer ${fhir.database.tenantKey}~crs~Patient` }
  const { json } = await fhir.call('GET', '/Patient/ada/$everything', undefined, only)
  expect(json.entry.map(({ resource }: { resource: { id: string } }) => resource.id)).toEqual(['ada', 'bob'])
  const all = await fhir.call('GET', '/Patient/$everything?_type=Patient,Observation', undefined, only)
  expect(all.json.entry).toHaveLength(2)
})
