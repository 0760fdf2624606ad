import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { startFhir, type TestFhir } from './fixture.ts'

let fhir: TestFhir
beforeAll(async () => {
  fhir = await startFhir()
})
afterAll(() => fhir[Symbol.asyncDispose]())

const EXT = 'http://example.org/ext'

function definition(code: string, more: object = {}): Named {
  return {
    resourceType: 'SearchParameter',
    id: code,
    url: `http://example.org/sp/${code}`,
    name: 'Own',
    description: 'Own',
    status: 'active',
    code,
    base: ['Practitioner'],
    type: 'token',
    expression: `Practitioner.extension('${EXT}/${code}').value`,
    ...more,
  }
}

type Named = Readonly<Record<string, unknown>> & { readonly resourceType: string; readonly id: string }

const put = (resource: Named) => fhir.call('PUT', `/${resource.resourceType}/${resource.id}`, resource)

/** Of a type with one extension. */
const extended = (
  resourceType: string,
  id: string,
  code: string,
  value: object,
  more: object = {},
): Named => ({
  resourceType,
  id,
  extension: [{ url: `${EXT}/${code}`, ...value }],
  ...more,
})

const coding = (code: string) => ({ valueCoding: { system: 's', code } })

async function ids(path: string): Promise<string[]> {
  const { status, json, text } = await fhir.call('GET', path)
  expect(status, text).toBe(200)
  return (json.entry ?? []).map(({ resource }: { resource: { id: string } }) => resource.id)
}

async function problem(path: string, headers = {}): Promise<{ status: number; code: string }> {
  const { status, json } = await fhir.call('GET', path, undefined, headers)
  return { status, code: json.issue[0].details.coding[0].code }
}

const OTHER = { authorization: 'Bearer other' }

describe('a search parameter of the tenant’s own', () => {
  test('finds what is written from then on, with what R4’s parameters can', async () => {
    expect((await put(definition('team'))).status).toBe(201)
    await put(extended('Practitioner', 'blue', 'team', coding('blue'), { active: true }))
    await put(extended('Practitioner', 'red', 'team', coding('red'), { active: true }))
    await put({ resourceType: 'Practitioner', id: 'none' })
    expect(await ids('/Practitioner?team=s|blue')).toEqual(['blue'])
    expect(await ids('/Practitioner?team=blue,red&active=true&_sort=team')).toEqual(['blue', 'red'])
    expect(await ids('/Practitioner?active=true&_sort=-team')).toEqual(['red', 'blue'])
    expect(await ids('/Practitioner?team:not=blue&_sort=_id')).toEqual(['none', 'red'])
    expect(await ids('/Practitioner?team:missing=true')).toEqual(['none'])
    expect(await ids('/Practitioner?_filter=team eq s|red')).toEqual(['red'])
    await put(extended('Practitioner', 'red', 'team', coding('blue')))
    expect(await ids('/Practitioner?team=red')).toEqual([])
    await fhir.call('DELETE', '/Practitioner/blue')
    expect(await ids('/Practitioner?team=blue')).toEqual(['red'])
  })

  test('is not there for other tenants', async () => {
    expect(await problem(`${fhir.origin}/t/other/fhir/Practitioner?team=blue`, OTHER)).toEqual({
      status: 400,
      code: 'search-parameter',
    })
    const metadata = await fhir.call('GET', `${fhir.origin}/t/other/fhir/metadata`)
    expect(metadata.text).not.toContain('example.org')
  })

  test('of each kind', async () => {
    const of = (code: string, type: string) =>
      definition(code, { base: ['Device'], type, expression: `Device.extension('${EXT}/${code}').value` })
    await put(of('weight', 'quantity'))
    await put(of('since', 'date'))
    await put(of('label', 'string'))
    await put(of('rank', 'number'))
    await put(of('home', 'uri'))
    await put({
      resourceType: 'Device',
      id: 'd',
      extension: [
        {
          url: `${EXT}/weight`,
          valueQuantity: { value: 2, unit: 'kg', system: 'http://unitsofmeasure.org', code: 'kg' },
        },
        { url: `${EXT}/since`, valueDate: '2020-05' },
        { url: `${EXT}/label`, valueString: 'Étage Nord' },
        { url: `${EXT}/rank`, valueDecimal: 1.5 },
        { url: `${EXT}/home`, valueUrl: 'http://example.org/a/b' },
      ],
    })
    for (const query of [
      'weight=2000|http://unitsofmeasure.org|g',
      'weight=gt1.9',
      'since=2020',
      'since=lt2020-06-02',
      'label=etage',
      'label:contains=nord',
      'rank=1.5',
      'rank=gt1',
      'home:below=http://example.org/a',
      'rank:missing=false',
      '_sort=since',
      '_sort=-weight',
      '_sort=label',
    ]) {
      expect([query, await ids(`/Device?${query}`)]).toEqual([query, ['d']])
    }
    expect(await ids('/Device?rank=gt2')).toEqual([])
  })

  test('that is a reference is chained, reversed and included', async () => {
    const nurse = definition('nurse', {
      base: ['Group'],
      type: 'reference',
      expression: `Group.extension('${EXT}/nurse').value.ofType(Reference)`,
      target: ['Practitioner', 'RelatedPerson'],
    })
    expect((await put(nurse)).status).toBe(201)
    await put({ resourceType: 'Practitioner', id: 'n', name: [{ family: 'Roux' }] })
    const group = { type: 'person', actual: true }
    await put(extended('Group', 'g', 'nurse', { valueReference: { reference: 'Practitioner/n' } }, group))
    expect(await ids('/Group?nurse=Practitioner/n')).toEqual(['g'])
    expect(await ids('/Group?nurse:Practitioner.family=roux')).toEqual(['g'])
    expect(await ids('/Group?nurse.name=rou')).toEqual(['g'])
    expect(await ids('/Practitioner?_has:Group:nurse:_id=g')).toEqual(['n'])
    expect(await ids('/Group?_id=g&_include=Group:nurse')).toEqual(['g', 'n'])
    expect(await ids('/Practitioner?_id=n&_revinclude=Group:nurse')).toEqual(['n', 'g'])
    expect(await ids('/Practitioner?_id=n&_revinclude=Group:*')).toEqual(['n', 'g'])
  })

  test('is chained to in contained resources, once what contains them is indexed by it', async () => {
    const request = (id: string, shape: string) => ({
      resourceType: 'MedicationRequest',
      id,
      status: 'active',
      intent: 'order',
      subject: { identifier: { value: '1' } },
      medicationReference: { reference: '#m' },
      contained: [extended('Medication', 'm', 'shape', { valueString: shape })],
    })
    const shape = (base: string, code: string) =>
      definition(code, {
        base: [base],
        type: 'string',
        expression: `${base}.extension('${EXT}/shape').value`,
      })
    await put(shape('Medication', 'shape'))
    await put(request('round', 'round'))
    await put(request('oval', 'oval'))
    expect(await ids('/MedicationRequest?medication.shape=rou')).toEqual(['round'])
    expect(await ids('/MedicationRequest?medication:Medication.shape:missing=false&_sort=_id')).toEqual([
      'oval',
      'round',
    ])
    // These are older, so the definition has to be told of what they contain; where nothing is contained it need not.
    await put(shape('Medication', 'figure'))
    expect(await ids('/Medication?figure=x')).toEqual([])
    expect(await problem('/MedicationRequest?medication.figure=rou')).toEqual({
      status: 400,
      code: 'search-parameter-not-indexed',
    })
    expect(await ids('/MedicationDispense?medication.figure=rou')).toEqual([])
    await put(shape('Practitioner', 'mood'))
    expect(await problem('/MedicationRequest?requester:Practitioner.mood=x')).toMatchObject({ status: 400 })
  })

  test('that is a composite finds what stands together', async () => {
    const part = (code: string, type: string, of: string) =>
      definition(code, {
        base: ['Location'],
        type,
        expression: `Location.extension('${EXT}/visit').extension('${of}').value`,
      })
    const whole = definition('visit', {
      base: ['Location'],
      type: 'composite',
      expression: `Location.extension('${EXT}/visit')`,
      component: [
        { definition: 'http://example.org/sp/visit-kind', expression: "extension('kind').value" },
        { definition: 'http://example.org/sp/visit-minutes', expression: "extension('minutes').value" },
      ],
    })
    const all = [whole, part('visit-kind', 'token', 'kind'), part('visit-minutes', 'number', 'minutes')]
    const made = await fhir.call('POST', '/', {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: all.map((resource) => ({
        resource,
        request: { method: 'PUT', url: `SearchParameter/${resource.id}` },
      })),
    })
    expect(made.status, made.text).toBe(200)
    const visit = (kind: string, minutes: number) => ({
      url: `${EXT}/visit`,
      extension: [
        { url: 'kind', valueCode: kind },
        { url: 'minutes', valueInteger: minutes },
      ],
    })
    await put({
      resourceType: 'Location',
      id: 'two',
      extension: [visit('home', 30), visit('ward', 5)],
    })
    await put({ resourceType: 'Location', id: 'one', extension: [visit('home', 5)] })
    expect(await ids('/Location?visit=home$5')).toEqual(['one'])
    expect(await ids('/Location?visit=home$gt20')).toEqual(['two'])
    expect(await ids('/Location?visit=ward$5,home$5&_sort=_id')).toEqual(['one', 'two'])
    expect(
      (await fhir.call('DELETE', '/SearchParameter/visit-kind')).json.issue[0].details.coding[0].code,
    ).toBe('search-definition-in-use')
  })

  test('is a condition of creates, alone and in transactions', async () => {
    await put(
      definition('badge', { base: ['Substance'], expression: `Substance.extension('${EXT}/badge').value` }),
    )
    const substance = { ...extended('Substance', '', 'badge', { valueString: '42' }), code: { text: 'x' } }
    const create = () => {
      const { id: _id, ...resource } = substance
      return fhir.call('POST', '/Substance', resource, { 'if-none-exist': 'badge=42' })
    }
    const answers = await Promise.all([create(), create(), create()])
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 200, 201])
    expect(await ids('/Substance?badge=42')).toHaveLength(1)
  })

  test('is in the CapabilityStatement of the tenant as long as it is in force', async () => {
    const listed = async () => {
      const { json } = await fhir.call('GET', '/metadata')
      const { searchParam, searchInclude } = json.rest[0].resource.find(
        ({ type }: { type: string }) => type === 'Schedule',
      )
      return {
        param: searchParam.find(({ name }: { name: string }) => name === 'owner'),
        include: searchInclude.includes('Schedule:owner'),
      }
    }
    expect(await listed()).toEqual({ param: undefined, include: false })
    const owner = definition('owner', {
      base: ['Schedule'],
      type: 'reference',
      expression: `Schedule.extension('${EXT}/owner').value`,
    })
    await put(owner)
    expect(await listed()).toEqual({
      param: { name: 'owner', type: 'reference', definition: 'http://example.org/sp/owner' },
      include: true,
    })
    await put({ ...owner, status: 'retired' })
    expect(await listed()).toEqual({ param: undefined, include: false })
  })
})

describe('a definition', () => {
  test('of a type with resources waits for $reindex, and says so', async () => {
    await put({ resourceType: 'Schedule', id: 'x', actor: [{ display: 'x' }] })
    await put({
      resourceType: 'Slot',
      id: 'old',
      schedule: { reference: 'Schedule/x' },
      status: 'free',
      start: '2024-01-01T00:00:00Z',
      end: '2024-01-01T01:00:00Z',
    })
    const note = definition('note', {
      base: ['Slot', 'Account'],
      expression: "Slot.extension('n').value | Account.extension('n').value",
    })
    expect((await put(note)).status).toBe(201)
    for (const query of ['note=x', 'note:missing=true', '_sort=note', '_filter=note eq "x"']) {
      expect(await problem(`/Slot?${query}`)).toEqual({ status: 400, code: 'search-parameter-not-indexed' })
    }
    expect(await problem('/Schedule?_has:Slot:schedule:note=x')).toMatchObject({
      code: 'search-parameter-not-indexed',
    })
    expect(await problem('/Slot?note=x', { prefer: 'handling=lenient' })).toMatchObject({
      code: 'search-parameter-not-indexed',
    })
    const { json } = await fhir.call('GET', '/Slot?note=x', undefined, { 'accept-language': 'fr' })
    expect(json.issue[0]).toMatchObject({
      expression: ['note'],
      details: { text: expect.stringContaining('$reindex') },
    })
    // Of a type without resources nothing has to be done.
    expect(await ids('/Account?note=x')).toEqual([])
    const { text } = await fhir.call('GET', '/metadata')
    expect(text.split('"note"')).toHaveLength(2)
  })

  test('that is a draft or retired changes nothing, and one that goes is gone', async () => {
    const level = definition('level', {
      base: ['Endpoint'],
      expression: `Endpoint.extension('${EXT}/level').value`,
    })
    const unknown = { status: 400, code: 'search-parameter' }
    expect((await put({ ...level, status: 'draft' })).status).toBe(201)
    expect(await problem('/Endpoint?level=1')).toEqual(unknown)
    await put(level)
    expect(await ids('/Endpoint?level=1')).toEqual([])
    await put({ ...level, status: 'retired' })
    expect(await problem('/Endpoint?level=1')).toEqual(unknown)
    await put(level)
    expect(await ids('/Endpoint?level=1')).toEqual([])
    await fhir.call('DELETE', '/SearchParameter/level')
    expect(await problem('/Endpoint?level=1')).toEqual(unknown)
  })

  test('may be described anew without being indexed anew, but not say something else', async () => {
    const grade = definition('grade', { base: ['Flag'], expression: `Flag.extension('${EXT}/grade').value` })
    await put(grade)
    const flag = { status: 'active', code: { text: 'x' }, subject: { display: 'x' } }
    await put(extended('Flag', 'f', 'grade', coding('a'), flag))
    await put({ ...grade, description: 'Another text' })
    expect(await ids('/Flag?grade=a')).toEqual(['f'])
    await put({ ...grade, expression: `Flag.extension('${EXT}/other').value` })
    expect(await problem('/Flag?grade=a')).toMatchObject({ code: 'search-parameter-not-indexed' })
  })

  test.each([
    [422, 'search-definition-code-taken', { code: 'family' }],
    [422, 'search-definition-expression', { expression: 'Practitioner..name' }],
    [422, 'search-definition-nowhere', { expression: 'Practitioner.nmae' }],
    [422, 'search-definition-type-special', { type: 'special' }],
    [422, 'search-definition-function', { expression: "Practitioner.name.family.where(matches('(a+)+$'))" }],
    [422, undefined, { base: ['Nothing'] }],
  ])('that can’t work is %i %s', async (status, code, more) => {
    const answer = await put(definition('wrong', more))
    expect(answer.status).toBe(status)
    if (code !== undefined) expect(answer.json.issue[0].details.coding[0].code).toBe(code)
    expect((await fhir.call('GET', '/SearchParameter/wrong')).status).toBe(404)
  })
})
