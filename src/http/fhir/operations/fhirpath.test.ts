import { existsSync, readFileSync } from 'node:fs'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { startFhir, type TestFhir } from '../fixture.ts'

let fhir: TestFhir
beforeAll(async () => {
  fhir = await startFhir()
})
afterAll(() => fhir[Symbol.asyncDispose]())

const patient = {
  resourceType: 'Patient',
  id: 'p',
  name: [
    { family: 'Moreau', given: ['Ana', 'Eva'] },
    { use: 'maiden', family: 'Petit' },
  ],
  birthDate: '1980-02-03',
  contact: [{ name: { family: 'Roy' } }],
}

interface Part {
  readonly name: string
  readonly valueString?: string
  readonly part?: readonly Part[]
  readonly extension?: readonly { url: string; valueString: string }[]
  readonly [value: string]: unknown
}

function ask(expression: string, more: readonly object[] = [], resource: object | string = patient) {
  const body = JSON.stringify({
    resourceType: 'Parameters',
    parameter: [
      { name: 'expression', valueString: expression },
      { name: 'resource', resource: '%' },
      ...more,
    ],
  }).replace('"%"', typeof resource === 'string' ? resource : JSON.stringify(resource))
  return fhir.call('POST', '/$fhirpath', body)
}

const resultsOf = (json: { parameter: Part[] }) => json.parameter.filter(({ name }) => name === 'result')
const partsOf = (json: { parameter: Part[] }) => resultsOf(json).flatMap(({ part = [] }) => part)
const placeOf = ({ extension = [] }: Part) =>
  extension.find(({ url }) => url.endsWith('/resource-path'))?.valueString

describe('$fhirpath', () => {
  test('answers values with their types and places, and what was asked', async () => {
    const { status, json } = await ask('name.given | birthDate')
    expect(status).toBe(200)
    expect(fhir.validator.validate(json, 'Parameters')).toEqual([])
    expect(json.parameter[0]).toMatchObject({
      name: 'parameters',
      part: [
        { name: 'evaluator', valueString: expect.stringMatching(/^fhirpath\.js-5\.2\.0/) },
        { name: 'expression', valueString: 'name.given | birthDate' },
        { name: 'resource', resource: patient },
      ],
    })
    expect(partsOf(json)).toMatchObject([
      { name: 'string', valueString: 'Ana' },
      { name: 'string', valueString: 'Eva' },
      { name: 'date', valueDate: '1980-02-03' },
    ])
    expect(partsOf(json).map(placeOf)).toEqual([
      'Patient.name[0].given[0]',
      'Patient.name[0].given[1]',
      'Patient.birthDate',
    ])
  })

  test('answers complex types, resources, parts of resources and nothing', async () => {
    const [name] = partsOf((await ask('name[1]')).json)
    expect(name).toMatchObject({ name: 'HumanName', valueHumanName: { use: 'maiden', family: 'Petit' } })
    const [whole] = partsOf((await ask('$this')).json)
    expect(whole).toMatchObject({ name: 'Patient', resource: patient })
    const [contact] = partsOf((await ask('contact')).json)
    expect(contact!.name).toBe('Patient#contact')
    expect(placeOf(contact!)).toBe('Patient.contact[0]')
    const value = contact!.extension!.find(({ url }) => url.endsWith('/json-value'))!.valueString
    expect(JSON.parse(value)).toEqual(patient.contact[0])
    expect(resultsOf((await ask('photo')).json)).toEqual([{ name: 'result' }])
    expect(partsOf((await ask("''")).json)).toEqual([{ name: 'empty-string' }])
  })

  test.each([
    ['1 + 1', { name: 'integer', valueInteger: 2 }],
    ["'a' & 'b'", { name: 'string', valueString: 'ab' }],
    ['1 = 1', { name: 'boolean', valueBoolean: true }],
    ['@2024-02-29', { name: 'date', valueDate: '2024-02-29' }],
    ['@T08:30', { name: 'time', valueTime: '08:30' }],
    ['@2024-01-01T00:00:00Z + 1 hour', { name: 'dateTime', valueDateTime: '2024-01-01T01:00:00Z' }],
    [
      "2 'mg'",
      {
        name: 'Quantity',
        valueQuantity: { value: 2, unit: 'mg', system: 'http://unitsofmeasure.org', code: 'mg' },
      },
    ],
    ['3 days', { name: 'Quantity', valueQuantity: { value: 3, unit: 'days' } }],
    ['%sct', { name: 'string', valueString: 'http://snomed.info/sct' }],
    [
      '%`vs-administrative-gender`',
      { name: 'string', valueString: 'http://hl7.org/fhir/ValueSet/administrative-gender' },
    ],
  ])('%s', async (expression, part) => expect(partsOf((await ask(expression)).json)).toEqual([part]))

  test('keeps the digits of decimals, of the resource and of what is computed', async () => {
    const observation =
      '{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.10,"code":"g"}}'
    const { text } = await ask('value | value.value | value.value + 1.05 | 0.1 + 0.2', [], observation)
    expect(text.match(/"valueDecimal":[\d.]+|"valueQuantity":\{"value":[\d.]+/g)).toEqual([
      '"valueQuantity":{"value":1.10',
      '"valueQuantity":{"value":1.10',
      '"valueDecimal":1.10',
      '"valueDecimal":2.15',
      '"valueDecimal":0.3',
    ])
  })

  test('evaluates on each item of a context', async () => {
    const { json } = await ask('given.first() | %resource.id', [{ name: 'context', valueString: 'name' }])
    expect(resultsOf(json)).toMatchObject([
      { valueString: 'Patient.name[0]', part: [{ valueString: 'Ana' }, { valueString: 'p' }] },
      { valueString: 'Patient.name[1]', part: [{ valueString: 'p' }] },
    ])
  })

  test('knows the variables that are sent, with their types', async () => {
    const variables = {
      name: 'variables',
      part: [
        { name: 'limit', valueDate: '1990-01-01' },
        { name: 'dose', valueQuantity: { value: 2, code: 'g', system: 'http://unitsofmeasure.org' } },
        { name: 'other', resource: { resourceType: 'Patient', id: 'q' } },
      ],
    }
    const { json } = await ask("birthDate < %limit and %dose > 5 'mg' and %other.id = 'q'", [variables])
    expect(partsOf(json)).toEqual([{ name: 'boolean', valueBoolean: true }])
  })

  test('tells what trace() saw', async () => {
    const { json } = await ask("name.trace('names', family).given.first()")
    expect(partsOf(json)).toMatchObject([
      { name: 'string', valueString: 'Ana' },
      { name: 'trace', valueString: 'names', part: [{ valueString: 'Moreau' }, { valueString: 'Petit' }] },
    ])
  })

  test('takes a resource as JSON text, as the test page sends it', async () => {
    const { status, json } = await fhir.call('POST', '/$fhirpath', {
      resourceType: 'Parameters',
      parameter: [
        { name: 'expression', valueString: 'name.family' },
        {
          name: 'resource',
          extension: [
            {
              url: 'http://fhir.forms-lab.com/StructureDefinition/json-value',
              valueString: JSON.stringify(patient),
            },
          ],
        },
        { name: 'terminologyserver', valueString: 'https://tx.example/r4' },
      ],
    })
    expect(status).toBe(200)
    expect(partsOf(json)).toHaveLength(2)
  })

  test('resolves what is contained and what is in the same Bundle, with its type', async () => {
    const organization = { resourceType: 'Organization', id: 'o', name: 'Lab' }
    const report = {
      resourceType: 'DiagnosticReport',
      contained: [organization],
      performer: [{ reference: '#o' }],
      subject: { reference: 'Patient/p' },
      basedOn: [{ reference: 'https://elsewhere.example/ServiceRequest/1' }],
    }
    const inBundle = {
      resourceType: 'Bundle',
      entry: [{ resource: report }, { fullUrl: 'urn:uuid:1', resource: patient }],
    }
    const paths = ['performer', 'subject', 'basedOn'].map(
      (name) => `%resource.descendants().${name}.resolve()`,
    )
    const { json } = await ask(`(${paths.join(' | ')}).type().name`, [], inBundle)
    expect(partsOf(json).map(({ valueString }) => valueString)).toEqual(['Organization', 'Patient'])
    const contained = await ask('performer.resolve().ofType(Organization).name', [], report)
    expect(partsOf(contained.json)).toMatchObject([{ valueString: 'Lab' }])
  })

  test('takes and gives XML', async () => {
    const xml = { 'content-type': 'application/fhir+xml', accept: 'application/fhir+xml' }
    const body =
      '<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="expression"/><valueString value="id | name"/></parameter>' +
      '<parameter><name value="resource"/><resource><Patient><id value="p"/><name><family value="Roy"/></name></Patient></resource></parameter></Parameters>'
    const { status, text } = await fhir.call('POST', '/$fhirpath', body, xml)
    expect(status).toBe(200)
    expect(text).toContain('<valueHumanName><family value="Roy"/></valueHumanName>')
  })

  test('of a stored resource goes by GET', async () => {
    await fhir.call('PUT', '/Patient/stored', { ...patient, id: 'stored' })
    const path = '/Patient/stored/$fhirpath?expression=name.family'
    const { status, json } = await fhir.call('GET', path)
    expect(status).toBe(200)
    expect(partsOf(json)).toMatchObject([{ valueString: 'Moreau' }, { valueString: 'Petit' }])
    const authorization = `Bearer ${fhir.database.tenantKey}~s`
    expect((await fhir.call('GET', path, undefined, { authorization })).status).toBe(403)
    expect((await fhir.call('GET', '/Patient/nobody/$fhirpath?expression=id')).status).toBe(404)
    const [row] = (await fhir.audits()).slice(-3)
    expect(row).toMatchObject({ detail: { operation: '$fhirpath' }, entities: 'Patient/stored/_history/1' })
  })

  test.each([
    ['name.(', 400, 'fhirpath-syntax'],
    ['name.nothing()', 400, 'fhirpath-function'],
    ['%nobody', 400, 'fhirpath-variable'],
    ["'secret' + 1", 422, 'fhirpath-evaluation'],
    ['name.family + 1', 422, 'fhirpath-evaluation'],
    ["'http://example.org'.memberOf('x')", 422, 'fhirpath-evaluation'],
    ["conformsTo('https://nowhere.example/p')", 422, 'fhirpath-evaluation'],
    [`1${' '.repeat(10_000)}`, 400, 'fhirpath-too-long'],
  ])('%.30s is refused without the data', async (expression, expected, code) => {
    const { status, json, text } = await ask(expression)
    expect({ status, code: json.issue[0].details.coding[0].code }).toEqual({ status: expected, code })
    expect(text).not.toMatch(/Moreau|secret/)
  })

  test('a path that nests too deep for the engine is refused', { timeout: 20_000 }, async () => {
    const { status, json } = await ask('('.repeat(9000))
    expect(status).toBe(422)
    // A slow machine takes longer to come so deep than an expression may.
    expect(json.issue[0].details.coding[0].code).toMatch(/^fhirpath-(?:evaluation|too-costly)$/)
  })

  test('ends what would never end, or fill the memory, and goes on', { timeout: 30_000 }, async () => {
    const endless = `'${'a'.repeat(40)}!'.matches('^(a+)+$')`
    const huge = `(1).repeat($this | ($this * 2) | ($this * 3)).count()`
    const [time, memory, sound] = await Promise.all([ask(endless), ask(huge), ask('1 + 1')])
    for (const { status, json } of [time, memory])
      expect({ status, code: json.issue[0].code }).toEqual({ status: 422, code: 'too-costly' })
    expect(partsOf(sound.json)).toEqual([{ name: 'integer', valueInteger: 2 }])
  })
})

const SUITE = new URL('../../../../../shared/fhir-samples/fhirpath/', import.meta.url)
const hasSuite = existsSync(SUITE)

interface Case {
  readonly name: string
  readonly input: string | null
  readonly expression: string
  readonly predicate?: string
  readonly invalid?: string
  readonly output: readonly { readonly type: string | null; readonly value: string }[]
}

/** As the suite writes values, apart from the `@` of dates; decimals by their digits. */
function valueText(part: Part): string {
  if (part.name === 'empty-string') return ''
  const [name, value] = Object.entries(part).find(([key]) => key.startsWith('value')) ?? ['', '']
  if (name !== 'valueQuantity') return String(value)
  const { value: number, code, unit } = value as { value: string; code?: string; unit?: string }
  return `${number} ${code === undefined ? unit : `'${code}'`}`
}

/** dateTimes as FHIRPath compares them: by the moment. */
function isSame(found: string, expected: string): boolean {
  const isMoment = /T.*(?:Z|[+-]\d\d:\d\d)$/.test(expected)
  return found === expected || (isMoment && Date.parse(found) === Date.parse(expected))
}

function isAsExpected({ output, predicate, invalid }: Case, status: number, text: string): boolean {
  if (invalid !== undefined) return status === 400 || status === 422
  if (status !== 200) return false
  const digits = (_key: string, value: unknown, { source }: { source?: string }) =>
    typeof value === 'number' ? source : value
  const json = JSON.parse(text, digits as Parameters<typeof JSON.parse>[1]) as { parameter: Part[] }
  const parts = partsOf(json).filter(({ name }) => name !== 'trace')
  if (predicate === 'true') return String(parts.length > 0) === output[0]!.value
  return (
    parts.length === output.length &&
    output.every(({ type, value }, i) => {
      const name = parts[i]!.name.replace('empty-string', 'string')
      return (type === null || type === name) && isSame(valueText(parts[i]!), value.replace(/^@T?/, ''))
    })
  )
}

test.skipIf(!hasSuite)(
  'the FHIRPath suite of HL7 (skipped where ../shared is not beside the checkout)',
  { timeout: 120_000 },
  async () => {
    const { cases } = JSON.parse(readFileSync(new URL('cases.json', SUITE), 'utf8')) as { cases: Case[] }
    const failed: string[] = []
    for (const each of cases) {
      const resource =
        each.input === null
          ? undefined
          : readFileSync(new URL(`input-json/${each.input}.json`, SUITE), 'utf8')
      const { status, text } = await (resource === undefined
        ? fhir.call('POST', '/$fhirpath', {
            resourceType: 'Parameters',
            parameter: [{ name: 'expression', valueString: each.expression }],
          })
        : ask(each.expression, [], resource))
      if (!isAsExpected(each, status, text)) failed.push(`${each.name} ${status}`)
    }
    const share = 1 - failed.length / cases.length
    console.log(
      `FHIRPath suite: ${cases.length - failed.length} of ${cases.length}, ${(share * 100).toFixed(1)} %`,
    )
    expect(share, failed.join('\n')).toBeGreaterThanOrEqual(0.93)
  },
)
