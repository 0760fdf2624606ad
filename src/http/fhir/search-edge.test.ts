/** Searches as a client sends them: includes, compartments, all types, POST, links. https://hl7.org/fhir/R4/search.html */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { startFhir } from './fixture.ts'

type Fhir = Awaited<ReturnType<typeof startFhir>>
interface Entry {
  fullUrl?: string
  resource: { resourceType: string; id?: string; issue?: unknown[] }
  search: { mode: string }
}
interface Bundle {
  type: string
  total?: number
  link: { relation: string; url: string }[]
  entry?: Entry[]
}

let fhir: Fhir
beforeAll(async () => {
  fhir = await startFhir()
  const put = (type: string, id: string, fields: object) =>
    fhir.call('PUT', `/${type}/${id}`, { resourceType: type, id, ...fields })
  await put('Organization', 'group', { name: 'Group' })
  await put('Organization', 'north', { name: 'North', partOf: { reference: 'Organization/group' } })
  await put('Practitioner', 'doc', { name: [{ family: 'House' }] })
  await put('Patient', 'ada', {
    name: [{ family: 'Ada' }],
    managingOrganization: { reference: 'Organization/north' },
    generalPractitioner: [{ reference: 'Practitioner/doc' }],
  })
  await put('Patient', 'bob', { name: [{ family: 'Bob' }] })
  for (const [id, patient] of [
    ['o1', 'ada'],
    ['o2', 'ada'],
    ['o3', 'bob'],
  ]) {
    await put('Observation', id!, {
      status: 'final',
      code: { text: 'x' },
      subject: { reference: `Patient/${patient}` },
      ...(id === 'o2' && { performer: [{ reference: 'Practitioner/doc' }] }),
    })
  }
  await put('Encounter', 'e1', {
    status: 'finished',
    class: { code: 'AMB' },
    subject: { reference: 'Patient/ada' },
  })
  await put('Questionnaire', 'q', { status: 'active', url: 'http://acme.org/q', version: '2' })
  await put('QuestionnaireResponse', 'qr', { status: 'completed', questionnaire: 'http://acme.org/q|2' })
})
afterAll(() => fhir[Symbol.asyncDispose]())

/** `match o1 o2 / include ada`, ids in the order of the Bundle. */
function told(bundle: Bundle): string {
  const of = (mode: string) =>
    (bundle.entry ?? [])
      .filter(({ search }) => search.mode === mode)
      .map(({ resource }) => resource.id ?? resource.resourceType)
      .toSorted()
      .join(' ')
  return [of('match'), of('include'), of('outcome')].join(' / ').replace(/( \/ )+$/, '')
}

async function search(path: string): Promise<Bundle> {
  const { status, json } = await fhir.call('GET', path)
  expect(status, path).toBe(200)
  return json as unknown as Bundle
}

describe('what a search brings along', () => {
  test.each([
    ['/Observation?_id=o1&_include=Observation:subject', 'o1 / ada'],
    ['/Observation?_id=o1&_include=Observation:subject:Patient', 'o1 / ada'],
    ['/Observation?_id=o1&_include=Observation:subject:Group', 'o1'],
    ['/Observation?_id=o2&_include=*', 'o2 / ada doc'],
    ['/Observation?_id=o2&_include=Observation:*', 'o2 / ada doc'],
    ['/Observation?_id=o1&_include=Observation:patient&_include=Patient:organization', 'o1 / ada'],
    [
      '/Observation?_id=o1&_include=Observation:patient&_include:iterate=Patient:organization',
      'o1 / ada north',
    ],
    [
      '/Observation?_id=o1&_include=Observation:patient&_include:iterate=Patient:organization&_include:iterate=Organization:partof',
      'o1 / ada group north',
    ],
    ['/Organization?_id=north&_include:iterate=Organization:partof', 'north / group'],
    ['/Patient?_id=ada&_revinclude=Observation:patient', 'ada / o1 o2'],
    [
      '/Patient?_id=ada,bob&_revinclude=Observation:subject&_revinclude=Encounter:patient',
      'ada bob / e1 o1 o2 o3',
    ],
    [
      '/Organization?_id=group&_revinclude:iterate=Organization:partof&_revinclude:iterate=Patient:organization',
      'group / ada north',
    ],
    ['/Practitioner?_id=doc&_revinclude=Observation:*', 'doc / o2'],
    ['/Observation?_include=Observation:subject&_id=o1,o2', 'o1 o2 / ada'],
    ['/QuestionnaireResponse?_include=QuestionnaireResponse:questionnaire', 'qr / q'],
  ])('%s', async (path, expected) => expect(told(await search(path))).toBe(expected))

  test('a circle of references ends, and nothing comes twice', async () => {
    await fhir.call('PUT', '/Organization/c1', { resourceType: 'Organization', id: 'c1', name: 'C1' })
    const c = (id: string, to: string) => ({
      resourceType: 'Organization',
      id,
      name: id,
      partOf: { reference: `Organization/${to}` },
    })
    await fhir.call('PUT', '/Organization/c2', c('c2', 'c1'))
    await fhir.call('PUT', '/Organization/c1', c('c1', 'c2'))
    const bundle = await search(
      '/Organization?_id=c1&_include:iterate=Organization:partof&_revinclude:iterate=Organization:partof',
    )
    expect(told(bundle)).toBe('c1 / c2')
  })

  test('includes beyond a thousand are cut with a warning, and a link goes on to the rest', async () => {
    const entry = Array.from({ length: 1100 }, (_, i) => ({
      request: { method: 'PUT', url: `Basic/many-${i}` },
      resource: {
        resourceType: 'Basic',
        id: `many-${i}`,
        code: { text: 'x' },
        subject: { reference: 'Patient/bob' },
      },
    }))
    await fhir.call('POST', '', { resourceType: 'Bundle', type: 'transaction', entry })
    const first = await search('/Patient?_id=bob&_revinclude=Basic:subject')
    const ids = (bundle: Bundle) =>
      (bundle.entry ?? [])
        .filter(({ search: { mode } }) => mode === 'include')
        .map(({ resource }) => resource.id)
    expect(ids(first)).toHaveLength(1000)
    expect((first.entry ?? []).at(-1)).toMatchObject({
      resource: { resourceType: 'OperationOutcome', issue: [{ severity: 'warning' }] },
      search: { mode: 'outcome' },
    })
    const { url } = first.link.find(({ relation }) => relation === 'related')!
    const second = await search(url.slice(url.indexOf('/fhir') + '/fhir'.length))
    expect(told(second).startsWith(' / ')).toBe(true)
    expect(new Set([...ids(first), ...ids(second)]).size).toBe(1100)
    expect(second.link.some(({ relation }) => relation === 'related')).toBe(false)
  }, 30_000)
})

describe('compartments and all types', () => {
  test.each([
    ['/Patient/ada/Observation', 'o1 o2'],
    ['/Patient/ada/Observation?_id=o1', 'o1'],
    ['/Patient/ada/Encounter', 'e1'],
    ['/Patient/ada/Patient', 'ada'],
    ['/Practitioner/doc/Observation', 'o2'],
    ['/Patient/ada/*', 'ada e1 o1 o2'],
    ['/Patient/ada/*?_type=x', undefined],
    ['/?_type=Observation,Encounter', 'e1 o1 o2 o3'],
    ['/?_type=Observation,Encounter&patient=ada', 'e1 o1 o2'],
    ['/?_id=ada', 'ada'],
    ['/?_id=ada,o3,e1', 'ada e1 o3'],
  ])('%s', async (path, expected) => {
    if (expected === undefined) expect((await fhir.call('GET', path)).status).toBe(400)
    else expect(told(await search(path))).toBe(expected)
  })

  test('pages of several types follow one order and lose nothing', async () => {
    const found: string[] = []
    let path = '/?_type=Observation,Encounter,Patient&_count=2&_sort=-_lastUpdated'
    for (;;) {
      const bundle = await search(path)
      found.push(...(bundle.entry ?? []).map(({ resource }) => resource.id!))
      const next = bundle.link.find(({ relation }) => relation === 'next')
      if (!next) break
      path = next.url.slice(next.url.indexOf('/fhir') + '/fhir'.length)
    }
    expect(found).toEqual(['e1', 'o3', 'o2', 'o1', 'bob', 'ada'])
  })

  test('POST _search takes its parameters from the form, in each place', async () => {
    const form = (path: string, text: string) =>
      fhir.call('POST', path, text, { 'content-type': 'application/x-www-form-urlencoded' })
    expect(told((await form('/Observation/_search', '_id=o1')).json as unknown as Bundle)).toBe('o1')
    expect(told((await form('/_search', '_id=ada')).json as unknown as Bundle)).toBe('ada')
    expect(told((await form('/Patient/ada/Observation/_search', '_id=o2')).json as unknown as Bundle)).toBe(
      'o2',
    )
    expect(told((await form('/Patient/ada/_search', '_id=e1')).json as unknown as Bundle)).toBe('e1')
  })

  test('a type that is in no compartment, or a compartment that is none, is 404', async () => {
    expect((await fhir.call('GET', '/Patient/ada/ValueSet')).status).toBe(404)
    expect((await fhir.call('GET', '/Organization/north/Patient')).status).toBe(404)
  })
})

describe('strict and lenient', () => {
  test('an unknown parameter is refused, or ignored and left out of the links when the client asks for that', async () => {
    expect((await fhir.call('GET', '/Patient?nme=x')).status).toBe(400)
    const headers = { prefer: 'handling=lenient' }
    const { status, json } = await fhir.call(
      'GET',
      '/Patient?nme=x&family=ada&_include=Patient:nothing',
      undefined,
      headers,
    )
    expect(status).toBe(200)
    const bundle = json as unknown as Bundle
    expect(told(bundle)).toBe('ada')
    expect(bundle.link[0]!.url.endsWith('/Patient?family=ada')).toBe(true)
  })

  test.each(['/', '/Patient/ada/'])(
    'over several types at %s, what one of them does not know is ignored for all',
    async (where) => {
      const form = { 'content-type': 'application/x-www-form-urlencoded', prefer: 'handling=lenient' }
      const search = async (query: string) => {
        const { status, json, text } = await fhir.call('POST', `${where}_search`, query, form)
        expect(status, text).toBe(200)
        return json as unknown as Bundle
      }
      const types = '_type=Patient,Observation'
      const bundle = await search(`${types}&_sort=-date,code&birthdate=1815`)
      expect(told(bundle)).toBe(told(await search(types)))
      expect(bundle.link[0]!.url).not.toMatch(/_sort|birthdate/)
    },
  )

  test('a wrong value of a known parameter stays an error', async () => {
    const headers = { prefer: 'handling=lenient' }
    expect((await fhir.call('GET', '/Patient?birthdate=soon', undefined, headers)).status).toBe(400)
  })
})

describe('what a token does not allow', () => {
  test('is neither chained through, nor asked about, nor included', async () => {
    const only = { authorization: `Bearer ${fhir.database.tenantKey}~cruds~Observation` }
    expect((await fhir.call('GET', '/Observation?patient.name=ada', undefined, only)).status).toBe(403)
    expect(
      (await fhir.call('GET', '/Observation?_include=Observation:subject:Patient', undefined, only)).status,
    ).toBe(403)
    expect(
      (
        await fhir.call(
          'GET',
          '/Observation?_has:Encounter:reason-reference:status=finished',
          undefined,
          only,
        )
      ).status,
    ).toBe(403)
    const { json } = await fhir.call('GET', '/Observation?_id=o2&_include=*', undefined, only)
    expect(told(json as unknown as Bundle)).toBe('o2')
    const all = await fhir.call('GET', '/', undefined, only)
    expect(told(all.json as unknown as Bundle)).toBe('o1 o2 o3')
  })
})
