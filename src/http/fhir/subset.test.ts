import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { startFhir, type TestFhir } from './fixture.ts'

let fhir: TestFhir
beforeAll(async () => {
  fhir = await startFhir()
  for (const [id, birthDate] of [
    ['sub-1', '1980-01-01'],
    ['sub-2', '1975-06-30'],
    ['sub-3', '2001-12-24'],
  ]) {
    await fhir.call('PUT', `/Patient/${id}`, { ...patient, id, birthDate })
  }
})
afterAll(() => fhir[Symbol.asyncDispose]())

const patient = {
  resourceType: 'Patient',
  text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">a</div>' },
  active: true,
  name: [{ family: 'Subset' }],
  maritalStatus: { text: 'married' },
}

const observation =
  '{"resourceType":"Observation","status":"final","code":{"text":"c"},"note":[{"text":"n"}],"valueQuantity":{"value":1.10}}'

interface Searchset {
  readonly type: string
  readonly total?: number
  readonly entry?: readonly { readonly resource: Record<string, unknown> }[]
  readonly link: readonly { readonly relation: string; readonly url: string }[]
}

function keysOf(resource: object): string[] {
  return Object.keys(resource).toSorted()
}

const tags = (resource: { meta: { tag?: { code: string }[] } }) => resource.meta.tag?.map(({ code }) => code)

describe('_summary', () => {
  test.each([
    ['true', ['active', 'birthDate', 'id', 'meta', 'name', 'resourceType']],
    ['text', ['id', 'meta', 'resourceType', 'text']],
    ['data', ['active', 'birthDate', 'id', 'maritalStatus', 'meta', 'name', 'resourceType']],
  ])('%s cuts what is read, found and listed', async (summary, keys) => {
    const read = await fhir.call('GET', `/Patient/sub-1?_summary=${summary}`)
    expect([read.status, keysOf(read.json), tags(read.json)]).toEqual([200, keys, ['SUBSETTED']])
    expect(read.headers.get('etag')).toBe('W/"1"')
    const version = await fhir.call('GET', `/Patient/sub-1/_history/1?_summary=${summary}`)
    expect(version.json).toEqual(read.json)
    const found = await fhir.call('GET', `/Patient?_id=sub-1&_summary=${summary}`)
    expect(found.json.entry[0].resource).toEqual(read.json)
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const posted = await fhir.call('POST', '/Patient/_search', `_id=sub-1&_summary=${summary}`, form)
    expect(posted.json.entry[0].resource).toEqual(read.json)
    const history = await fhir.call('GET', `/Patient/sub-1/_history?_summary=${summary}`)
    expect(history.json.entry[0].resource).toEqual(read.json)
    expect(history.json.entry[0].response.status).toBe('201')
  })

  test('false is the whole resource, as it is stored', async () => {
    const { text } = await fhir.call('GET', '/Patient/sub-1')
    expect((await fhir.call('GET', '/Patient/sub-1?_summary=false')).text).toBe(text)
  })

  test('count is the total alone, however it is asked for', async () => {
    for (const query of ['_summary=count', '_count=2&_summary=count&_total=none']) {
      const { json } = (await fhir.call('GET', `/Patient?family=subset&${query}`)) as { json: Searchset }
      expect(json).toMatchObject({ type: 'searchset', total: 3 })
      expect(json.entry).toBeUndefined()
      expect(json.link.map(({ relation }) => relation)).toEqual(['self'])
      expect(json.link[0]!.url).toContain('_summary=count')
    }
    const events = await fhir.call('GET', '/AuditEvent?_summary=count')
    expect(events.json.total).toBeGreaterThan(0)
    expect(events.json.entry).toBeUndefined()
  })

  test('count is the number of versions of a history', async () => {
    for (const gender of ['male', 'female']) {
      await fhir.call('PUT', '/Patient/sub-h', { ...patient, id: 'sub-h', gender })
    }
    await fhir.call('DELETE', '/Patient/sub-h')
    const whole = await fhir.call('GET', '/Patient/_history?_count=1000')
    for (const [path, total] of [
      ['/Patient/sub-h/_history', 3],
      ['/Patient/_history', whole.json.entry.length],
      ['/_history', (await fhir.call('GET', '/_history?_count=1000')).json.entry.length],
      ['/Patient/_history?_since=2100-01-01', 0],
    ] as const) {
      const { json } = await fhir.call('GET', `${path}${path.includes('?') ? '&' : '?'}_summary=count`)
      expect([path, json.type, json.total, json.entry]).toEqual([path, 'history', total, undefined])
      expect(json.link).toEqual([{ relation: 'self', url: expect.stringContaining('_summary=count') }])
    }
    expect((await fhir.call('GET', '/Patient/nobody/_history?_summary=count')).status).toBe(404)
  })

  test('cuts every page of a history, and the links keep it', async () => {
    let url: string | undefined = '/Patient/_history?_count=1&_elements=birthDate'
    let pages = 0
    while (url !== undefined) {
      const { json } = (await fhir.call('GET', url)) as { json: Searchset }
      const [entry] = json.entry!
      if (entry!.resource) expect(keysOf(entry!.resource)).not.toContain('name')
      url = json.link.find(({ relation }) => relation === 'next')?.url
      pages++
    }
    expect(pages).toBeGreaterThan(3)
  })

  test('is good in XML too, and in a batch', async () => {
    const { text } = await fhir.call('GET', '/Patient/sub-1?_summary=text&_format=xml')
    expect(text).toContain('<code value="SUBSETTED"/>')
    expect(text).not.toContain('Subset"')
    const batch = {
      resourceType: 'Bundle',
      type: 'batch',
      entry: [
        { request: { method: 'GET', url: 'Patient/sub-1?_summary=text' } },
        { request: { method: 'GET', url: 'Patient?_id=sub-1&_elements=birthDate' } },
        { request: { method: 'GET', url: 'Patient/sub-1?_summary=much' } },
      ],
    }
    const { json } = await fhir.call('POST', '/', batch)
    expect(keysOf(json.entry[0].resource)).toEqual(['id', 'meta', 'resourceType', 'text'])
    expect(keysOf(json.entry[1].resource.entry[0].resource)).toEqual([
      'active',
      'birthDate',
      'id',
      'meta',
      'resourceType',
    ])
    expect(json.entry[2].response.status).toBe('400 Bad Request')
  })
})

describe('_elements', () => {
  test('cuts every page of a search, and the links keep it', async () => {
    let url: string | undefined =
      '/Patient?family=subset&_sort=birthdate&_count=1&_elements=Patient.birthDate&_format=json'
    const seen: unknown[] = []
    while (url !== undefined) {
      const { json } = (await fhir.call('GET', url)) as { json: Searchset }
      for (const { resource } of json.entry!) {
        expect(keysOf(resource)).toEqual(['active', 'birthDate', 'id', 'meta', 'resourceType'])
        seen.push(resource['birthDate'])
      }
      for (const link of json.link) expect(link.url).toMatch(/_elements=Patient.birthDate.*_format=json/)
      url = json.link.find(({ relation }) => relation === 'next')?.url
    }
    expect(seen).toEqual(['1975-06-30', '1980-01-01', '2001-12-24'])
  })

  test('may change from page to page', async () => {
    const { json } = await fhir.call('GET', '/Patient?family=subset&_count=1&_elements=name')
    const next = new URL(json.link[1].url)
    next.searchParams.delete('_elements')
    next.searchParams.set('_summary', 'text')
    const page = await fhir.call('GET', next.toString())
    expect(keysOf(page.json.entry[0].resource)).toEqual(['id', 'meta', 'resourceType', 'text'])
  })

  test('cuts the answers of writes, with every digit, and never what is stored', async () => {
    const created = await fhir.call('POST', '/Observation?_elements=value', observation)
    expect(created.status).toBe(201)
    expect(created.text).toContain('1.10')
    expect(keysOf(created.json)).toEqual(['code', 'id', 'meta', 'resourceType', 'status', 'valueQuantity'])
    const stored = await fhir.call('GET', `/Observation/${created.json.id}`)
    expect([stored.json.note, tags(stored.json)]).toEqual([[{ text: 'n' }], undefined])
    const transaction = {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [
        {
          resource: JSON.parse(observation),
          request: { method: 'POST', url: 'Observation?_summary=true' },
        },
      ],
    }
    const prefer = { prefer: 'return=representation' }
    const { json } = await fhir.call('POST', '/', transaction, prefer)
    expect(tags(json.entry[0].resource)).toEqual(['SUBSETTED'])
    expect(json.entry[0].resource.note).toBeUndefined()
  })

  test('is of matches, and with a type of what they include; in a compartment and in the whole system too', async () => {
    await fhir.call('PUT', '/Observation/sub-o', {
      ...JSON.parse(observation),
      id: 'sub-o',
      subject: { reference: 'Patient/sub-2' },
    })
    const cut = async (path: string) =>
      (await fhir.call('GET', path)).json.entry.map(({ resource }: { resource: object }) => keysOf(resource))
    const match = ['code', 'id', 'meta', 'resourceType', 'status']
    const whole = ['active', 'birthDate', 'id', 'maritalStatus', 'meta', 'name', 'resourceType', 'text']
    const some = ['active', 'birthDate', 'id', 'meta', 'resourceType']
    const search = '/Observation?_id=sub-o&_include=Observation:subject'
    expect(await cut(`${search}&_elements=code`)).toEqual([match, whole])
    expect(await cut(`${search}&_elements=code,Patient.birthDate`)).toEqual([match, some])
    expect(await cut('/Patient/sub-2/Observation?_elements=code')).toEqual([match])
    expect(
      await cut('/?_type=Observation,Patient&_id=sub-o,sub-2&_elements=Observation.code,birthDate'),
    ).toEqual(expect.arrayContaining([match, some]))
    const count = await fhir.call('GET', '/Patient/sub-2/Observation?_summary=count')
    expect([count.json.total, count.json.entry]).toEqual([1, undefined])
    expect((await fhir.call('GET', '/Patient/sub-2/Observation?_elements=birthDate')).status).toBe(400)
  })

  test('cuts a Bundle that is a resource as a resource', async () => {
    const bundle = { resourceType: 'Bundle', type: 'collection', entry: [{ resource: patient }] }
    const { json } = await fhir.call('POST', '/Bundle', bundle)
    const read = await fhir.call('GET', `/Bundle/${json.id}?_elements=identifier`)
    expect(keysOf(read.json)).toEqual(['id', 'meta', 'resourceType', 'type'])
    const found = await fhir.call('GET', `/Bundle?_id=${json.id}&_elements=identifier`)
    expect(found.json.entry[0].resource).toEqual(read.json)
  })

  test('leaves outcomes alone', async () => {
    const { json, status } = await fhir.call('GET', '/Patient/nobody?_elements=name')
    expect([status, json.issue[0].details.coding[0].code]).toEqual([404, 'resource-not-found'])
  })
})

test.each([
  ['GET', '/Patient/sub-1?_summary=all', '_summary'],
  ['GET', '/Patient/sub-1?_summary=count', '_summary'],
  ['GET', '/Patient?_summary=yes', '_summary'],
  ['GET', '/Patient?%5Fsummary=yes', '_summary'],
  ['GET', '/Patient?_summary=text&_include=Patient:organization', '_summary'],
  ['GET', '/Patient?_summary=true&_elements=name', '_elements'],
  ['GET', '/Patient?_elements=nickname', '_elements'],
  ['GET', '/Patient/sub-1/_history?_elements=Patient.nickname', '_elements'],
  ['PUT', '/Patient/sub-1?_elements=nickname', '_elements'],
  ['DELETE', '/Patient/sub-1?_summary=maybe', '_summary'],
])('%s %s is 400 and names the parameter', async (method, path, parameter) => {
  const body = method === 'PUT' ? { ...patient, id: 'sub-1' } : undefined
  const { status, json } = await fhir.call(method, path, body)
  expect([status, json.issue[0].expression]).toEqual([400, [parameter]])
  expect(json.issue[0].details.text).toContain(parameter)
  expect((await fhir.call('GET', '/Patient/sub-1')).headers.get('etag')).toBe('W/"1"')
})

test('a part does not replace the whole', async () => {
  const { json } = await fhir.call('GET', '/Patient/sub-3?_summary=true')
  const refused = await fhir.call('PUT', '/Patient/sub-3', json)
  expect([refused.status, refused.json.issue[0].details.coding[0].code]).toEqual([422, 'resource-subsetted'])
  const elsewhere = await fhir.call('PUT', '/Patient/sub-4', { ...json, id: 'sub-4' })
  expect(elsewhere.status).toBe(201)
  expect((await fhir.call('PUT', '/Patient/sub-4', { ...json, id: 'sub-4', active: false })).status).toBe(200)
})

test('the documentation names both', async () => {
  const { json } = await fhir.call('GET', `${fhir.origin}/api/openapi.json`)
  const names = json.paths['/t/{tenant}/fhir/{type}/{id}'].get.parameters.map(
    (each: { name: string }) => each.name,
  )
  expect(names).toEqual(expect.arrayContaining(['_format', '_pretty', '_summary', '_elements']))
})
