import { afterAll, beforeAll, expect, test } from 'vitest'

import { startFhir, type TestFhir } from '../fixture.ts'

let fhir: TestFhir
let admin: Record<string, string>
beforeAll(async () => {
  fhir = await startFhir()
  admin = { authorization: `Bearer ${fhir.database.tenantKey}~cruds~~admin` }
  const entry = Array.from({ length: 30 }, (_, i) => [
    put({
      resourceType: 'Patient',
      id: `p${i}`,
      name: [{ family: `Roux${i}` }],
      gender: i % 2 ? 'male' : 'female',
    }),
    put({
      resourceType: 'Observation',
      id: `o${i}`,
      status: 'final',
      code: { coding: [{ system: 'http://loinc.org', code: i % 3 ? '718-7' : '2345-7' }] },
      subject: { reference: `Patient/p${i}` },
      effectiveDateTime: `2024-01-${String(i + 1).padStart(2, '0')}`,
    }),
  ]).flat()
  await fhir.call('POST', '/', { resourceType: 'Bundle', type: 'transaction', entry })
})
afterAll(() => fhir[Symbol.asyncDispose]())

function put(resource: Record<string, unknown> & { resourceType: string; id: string }) {
  return { resource, request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` } }
}

interface Part {
  readonly name: string
  readonly part?: readonly Part[]
  readonly valueString?: string
  readonly valueCode?: string
  readonly valueInteger?: number
}

async function explain(path: string) {
  const { status, json, text } = await fhir.call('GET', path, undefined, admin)
  expect(status, text).toBe(200)
  expect(fhir.validator.validate(json, 'Parameters')).toEqual([])
  const all = json.parameter as readonly Part[]
  return { all, of: (name: string) => all.filter((each) => each.name === name) }
}

const part = (of: Part | undefined, name: string) => of?.part?.find((each) => each.name === name)

test('tells what was understood, what was chosen and how PostgreSQL ran it', async () => {
  const { of } = await explain(
    '/Observation/$explain?code=718-7&date=ge2024-01-05&_sort=-date&_total=accurate',
  )
  const [code, date] = of('criterion')
  expect(code).toMatchObject({
    part: [
      { name: 'by', valueCode: 'parameter' },
      { name: 'parameter', valueString: 'code' },
      { name: 'kind', valueCode: 'token' },
      { name: 'values', valueInteger: 1 },
    ],
  })
  expect(part(date, 'kind')).toMatchObject({ valueCode: 'date' })
  expect(of('sort')).toMatchObject([{ valueString: '-date (date)' }])
  const choice = of('choice').at(0)
  expect(choice?.part?.filter(({ name }) => name === 'condition')).toHaveLength(2)
  const statements = of('statement')
  const shapes = statements.map((each) => part(each, 'shape')?.valueString)
  expect(shapes).toContain('bounded counts')
  expect(shapes).toContain('count')
  for (const statement of statements) {
    const plan = JSON.parse(part(statement, 'plan')!.valueString!)
    expect(plan).toMatchObject([
      { Plan: { 'Node Type': expect.any(String) }, 'Execution Time': expect.any(Number) },
    ])
    expect(part(statement, 'sql')!.valueString).toContain('select')
    expect(part(statement, 'milliseconds')).toBeDefined()
  }
  expect(of('found')).toMatchObject([{ valueInteger: 18 }])
  expect(of('matches')).toMatchObject([{ valueInteger: 18 }])
})

test('names the shape and what it begins with', async () => {
  const shapeOf = async (query: string) => {
    const { of } = await explain(`/Observation/$explain?${query}`)
    return of('statement').map((each) => [
      part(each, 'shape')?.valueString,
      part(each, 'driver')?.valueString,
    ])
  }
  expect(await shapeOf('subject=Patient/p1')).toContainEqual([
    'newest by token',
    '1 tokens (personal, by date)',
  ])
  // `patient` may be a group by its definition; what it shares with `subject` is of patients alone.
  expect(await shapeOf('patient=p1&code=718-7')).toEqual([
    ['newest by token', '1 tokens (personal, by date)'],
  ])
  expect(await shapeOf('')).toEqual([['order of the index', undefined]])
  expect(await shapeOf('subject=Patient/p1&_sort=-date')).toContainEqual([
    'dated by token',
    '1 tokens (personal, by date)',
  ])
  // Of what was asked by its date nothing is without one.
  expect(await shapeOf('patient=p1&date=ge2024-01-01&_sort=-date')).toEqual([
    ['dated by token', '1 tokens (personal, by date)'],
  ])
  expect(await shapeOf('status=final&_sort=code')).toContainEqual(['collect and sort', '1 tokens'])
})

test('follows chains, _has, _filter and includes', async () => {
  const chain = await explain(
    '/Observation/$explain?subject:Patient.family=roux1&_include=Observation:subject',
  )
  expect(chain.of('criterion')).toMatchObject([
    {
      part: [
        { valueCode: 'chain' },
        { valueString: 'subject' },
        {
          name: 'target',
          part: [{ valueCode: 'Patient' }, { valueCode: 'parameter' }, { valueString: 'family' }, {}, {}],
        },
      ],
    },
  ])
  expect(chain.of('include')).toMatchObject([{ valueString: '_include Observation:subject' }])
  expect(chain.of('included').length).toBe(1)
  const has = await explain(
    '/Patient/$explain?_has:Observation:subject:code=718-7&_filter=gender eq male or not (family sw x)',
  )
  expect(JSON.stringify(has.of('criterion'))).toContain('"valueCode":"has"')
  expect(JSON.stringify(has.of('criterion'))).toContain('"valueCode":"not"')
})

test('explains by POST as well, as a form too, and other pages', async () => {
  const path = '/Patient/$explain?gender=male'
  const query = await fhir.call('POST', path, undefined, admin)
  expect(query.status).toBe(200)
  const form = await fhir.call('POST', '/Patient/$explain', 'gender=male&_count=5', {
    ...admin,
    'content-type': 'application/x-www-form-urlencoded',
  })
  expect(form.json.parameter).toContainEqual({ name: 'found', valueInteger: 5 })
  const page = await fhir.call('GET', '/Patient?gender=male&_count=10', undefined, admin)
  const next = page.json.link.find(({ relation }: { relation: string }) => relation === 'next').url as string
  const second = await fhir.call('GET', next.replace('/Patient?', '/Patient/$explain?'), undefined, admin)
  expect(second.json.parameter).toContainEqual({ name: 'found', valueInteger: 5 })
})

test('shows no resource, and not to who is no administrator or may not search the type', async () => {
  const shown = await fhir.call('GET', '/Patient/$explain?gender=male', undefined, admin)
  expect(shown.text).not.toContain('Roux')
  expect((await fhir.call('GET', '/Patient/$explain?gender=male')).status).toBe(403)
  const { tenantKey } = fhir.database
  const as = (letters: string, types: string) => ({
    authorization: `Bearer ${tenantKey}~${letters}~${types}~admin`,
  })
  expect((await fhir.call('GET', '/Patient/$explain', undefined, as('r', ''))).status).toBe(403)
  expect((await fhir.call('GET', '/Patient/$explain', undefined, as('s', 'Observation'))).status).toBe(403)
  const chained = '/Observation/$explain?subject:Patient.family=x'
  expect((await fhir.call('GET', chained, undefined, as('s', 'Observation'))).status).toBe(403)
  expect((await fhir.call('GET', '/AuditEvent/$explain', undefined, admin)).status).toBe(405)
})

test('refuses what the search refuses, and leaves its audit row', async () => {
  expect((await fhir.call('GET', '/Patient/$explain?colour=red', undefined, admin)).status).toBe(400)
  expect((await fhir.call('GET', '/Patient/$explain?_cursor=forged', undefined, admin)).status).toBe(400)
  await fhir.call('GET', '/Patient/$explain?gender=female', undefined, admin)
  const rows = await fhir.audits()
  expect(rows.at(-1)).toMatchObject({
    interaction: 'operation',
    query: 'gender=female',
    detail: { operation: '$explain', status: 200 },
  })
})
