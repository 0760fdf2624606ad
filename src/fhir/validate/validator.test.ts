import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../kernel/json.ts'
import { loadDefinitions, makeValidator } from '../index.ts'
import { sampleResource } from '../testing/sample-resource.ts'

const definitions = loadDefinitions()
const { validate } = makeValidator(definitions)

/** Issues as `type expression`. */
function problems(resource: JsonObject): string[] {
  return validate(resource, String(resource['resourceType'])).map(
    ({ type, expression }) => `${type} ${expression!.join()}`,
  )
}

const observation = (more: JsonObject = {}): JsonObject => ({
  resourceType: 'Observation',
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '718-7' }] },
  ...more,
})
const patient = (more: JsonObject): JsonObject => ({ resourceType: 'Patient', ...more })

describe('a valid resource has no issues', () => {
  test.each<[string, JsonObject]>([
    ['the least there can be', patient({ id: 'p1' })],
    ['a choice of one type', observation({ valueQuantity: { value: 1.5, unit: 'g/dL' } })],
    ['a primitive that has only an extension', patient({ _birthDate: unknownValue() })],
    [
      'a required primitive that has only an extension',
      { resourceType: 'Observation', _status: unknownValue(), code: { text: 'x' } },
    ],
    [
      'null where an item has only an extension',
      patient({ name: [{ given: ['Ana', null], _given: [null, unknownValue()] }] }),
    ],
    [
      'a contained resource that is referred to',
      observation({ contained: [{ resourceType: 'Patient', id: 'c' }], subject: { reference: '#c' } }),
    ],
    [
      'a period of one day whose end has a time',
      patient({ name: [{ family: 'A', period: { start: '2024-01-01', end: '2024-01-01T08:00:00Z' } }] }),
    ],
    [
      'a narrative with formatting',
      patient({
        text: {
          status: 'generated',
          div: '<div xmlns="http://www.w3.org/1999/xhtml"><p class="a">x<br/><a href="http://example.org">y</a></p></div>',
        },
      }),
    ],
    [
      'a conditional reference',
      observation({ subject: { reference: 'Patient?identifier=http://example.org|1' } }),
    ],
    [
      'a reference to another server',
      observation({ subject: { reference: 'https://example.org/fhir/Patient/1/_history/2' } }),
    ],
  ])('%s', (_what, resource) => expect(problems(resource)).toEqual([]))
})

function unknownValue(): JsonObject {
  return {
    extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }],
  }
}

describe('an invalid resource is told where and why', () => {
  test.each<[string, JsonObject, string[]]>([
    ['another type', { resourceType: 'Patient' }, ['invariant Patient']],
    ['an unknown element', patient({ nickname: 'x' }), ['structure Patient']],
    [
      '__proto__ as an element',
      JSON.parse('{"resourceType":"Patient","__proto__":{"active":true}}') as JsonObject,
      ['structure Patient'],
    ],
    [
      'a missing required element',
      { resourceType: 'Observation', status: 'final' },
      ['required Observation.code'],
    ],
    ['one value where R4 has an array', patient({ name: { family: 'A' } }), ['structure Patient.name']],
    ['an array where R4 has one value', patient({ gender: ['male'] }), ['structure Patient.gender']],
    ['an empty array', patient({ name: [] }), ['structure Patient.name']],
    ['an empty object', patient({ name: [{}] }), ['invariant Patient.name[0]']],
    ['an empty string', patient({ name: [{ family: '' }] }), ['value Patient.name[0].family']],
    ['null', patient({ gender: null }), ['value Patient.gender']],
    [
      'null in an array without an extension',
      patient({ name: [{ given: ['Ana', null] }] }),
      ['value Patient.name[0].given[1]'],
    ],
    ['a control character', patient({ name: [{ family: 'A\u0007' }] }), ['value Patient.name[0].family']],
    [
      'a number as text',
      observation({ valueQuantity: { value: '1.5' } }),
      ['value Observation.value.ofType(Quantity).value'],
    ],
    ['a decimal as integer', observation({ valueInteger: 1.5 }), ['value Observation.value.ofType(integer)']],
    [
      'an integer of more than 32 bits',
      observation({ valueInteger: 2_147_483_648 }),
      ['value Observation.value.ofType(integer)'],
    ],
    [
      'two types of a choice',
      observation({ valueString: 'a', valueInteger: 1 }),
      ['structure Observation.value'],
    ],
    [
      'a type that the choice does not have',
      observation({ valueAddress: { city: 'Lyon' } }),
      ['structure Observation'],
    ],
    [
      'a code outside its required binding',
      { ...observation(), status: 'bogus' },
      ['code-invalid Observation.status'],
    ],
    [
      'a concept outside its required binding',
      {
        resourceType: 'Condition',
        subject: { reference: 'Patient/1' },
        clinicalStatus: { coding: [{ system: 'http://example.org', code: 'active' }] },
      },
      ['code-invalid Condition.clinicalStatus'],
    ],
    [
      'a reference to the wrong type',
      observation({ subject: { reference: 'Practitioner/1' } }),
      ['value Observation.subject.reference'],
    ],
    [
      'a reference to the wrong type on another server',
      observation({ subject: { reference: 'https://example.org/fhir/Practitioner/1' } }),
      ['value Observation.subject.reference'],
    ],
    [
      'a reference that names the wrong type',
      observation({ subject: { type: 'Practitioner', display: 'x' } }),
      ['value Observation.subject.type'],
    ],
    [
      'a reference to a contained resource of the wrong type',
      observation({ contained: [{ resourceType: 'Practitioner', id: 'c' }], subject: { reference: '#c' } }),
      ['value Observation.subject.reference'],
    ],
    [
      'a reference to a contained resource that is not there',
      observation({ subject: { reference: '#c' } }),
      ['invariant Observation.subject.reference'],
    ],
    [
      'a relative reference without a type',
      observation({ subject: { reference: '12345' } }),
      ['value Observation.subject.reference'],
    ],
    ['an id with an underscore', patient({ id: 'a_b' }), ['value Patient.id']],
    ['an id of 65 characters', patient({ id: 'a'.repeat(65) }), ['value Patient.id']],
    ['a day that does not exist', patient({ birthDate: '2023-02-29' }), ['value Patient.birthDate']],
    [
      'a dateTime without an offset',
      observation({ effectiveDateTime: '2024-01-01T10:00:00' }),
      ['value Observation.effective.ofType(dateTime)'],
    ],
    [
      'an instant without seconds',
      observation({ issued: '2024-01-01T10:00Z' }),
      ['value Observation.issued'],
    ],
    [
      'a URI with a space',
      patient({ identifier: [{ system: 'http://a b', value: '1' }] }),
      ['value Patient.identifier[0].system'],
    ],
    [
      'a urn:uuid that is none',
      patient({ identifier: [{ system: 'urn:uuid:1', value: '1' }] }),
      ['value Patient.identifier[0].system'],
    ],
    [
      'base64 that is none',
      { resourceType: 'Binary', contentType: 'text/plain', data: '####' },
      ['value Binary.data'],
    ],
    [
      'zero as a positive number',
      patient({ telecom: [{ system: 'phone', value: '1', rank: 0 }] }),
      ['value Patient.telecom[0].rank'],
    ],
    ['a sibling of what is no primitive', patient({ _name: [{ id: 'a' }] }), ['structure Patient']],
    [
      'an extension with a value and extensions',
      patient({
        extension: [{ url: 'http://a', valueString: 'x', extension: [{ url: 'b', valueString: 'y' }] }],
      }),
      ['invariant Patient.extension[0]'],
    ],
    [
      'a contained resource that nobody refers to',
      observation({ contained: [{ resourceType: 'Patient', id: 'c' }] }),
      ['invariant Observation'],
    ],
    [
      'a contained resource of no type',
      observation({ contained: [{ id: 'c' }] }),
      ['structure Observation.contained[0].resourceType', 'invariant Observation'],
    ],
    [
      'a period that ends before it begins',
      patient({ name: [{ family: 'A', period: { start: '2024-02', end: '2024-01' } }] }),
      ['invariant Patient.name[0].period'],
    ],
    [
      'a quantity with a code and no system',
      observation({ valueQuantity: { value: 1, code: 'g' } }),
      ['invariant Observation.value.ofType(Quantity)'],
    ],
    [
      'a value and the reason why there is none',
      observation({ valueInteger: 1, dataAbsentReason: { text: 'x' } }),
      ['invariant Observation'],
    ],
    [
      'a component that repeats the code',
      observation({ valueInteger: 1, component: [{ code: observation()['code']!, valueInteger: 2 }] }),
      ['invariant Observation'],
    ],
    [
      'a reference range that says nothing',
      observation({ referenceRange: [{ appliesTo: [{ text: 'x' }] }] }),
      ['invariant Observation.referenceRange[0]'],
    ],
    [
      'a range upside down',
      observation({ valueRange: { low: { value: 2 }, high: { value: 1 } } }),
      ['invariant Observation.value.ofType(Range)'],
    ],
  ])('%s', (_what, resource, expected) => expect(problems(resource)).toEqual(expected))

  test.each([
    '<div><script>alert(1)</script></div>',
    '<div onclick="x()">y</div>',
    '<div><a href="javascript:alert(1)">y</a></div>',
    '<div><a href=" JAVASCRIPT:alert(1)">y</a></div>',
    '<div><img src="data:text/html,x"/></div>',
    '<div><p>unclosed</div>',
    '<div>a</div><div>b</div>',
    '<p>not a div</p>',
    '<div><b>1 < 2</b></div>',
    'text',
    '<div>  </div>',
  ])('the narrative %j', (div) => {
    expect(problems(patient({ text: { status: 'generated', div } }))).toEqual(['invariant Patient.text.div'])
  })
})

test('the resource type that is asked for must be the one that is sent', () => {
  expect(validate({ resourceType: 'Patient', id: 'a' }, 'Observation')).toHaveLength(1)
})

test('resources in a Bundle are checked with their own type and their own contained resources', () => {
  const bundle: JsonObject = {
    resourceType: 'Bundle',
    type: 'collection',
    entry: [
      {
        resource: observation({
          contained: [{ resourceType: 'Patient', id: 'c' }],
          subject: { reference: '#c' },
        }),
      },
      { resource: { resourceType: 'Patient', gender: 'x' } },
      { resource: { resourceType: 'Car' } },
    ],
  }
  expect(problems(bundle)).toEqual([
    'code-invalid Bundle.entry[1].resource.gender',
    'structure Bundle.entry[2].resource.resourceType',
  ])
})

test('no text repeats what the resource says', () => {
  const secret = 'Dupont-Martin'
  const resource = patient({
    id: `${secret}_`,
    [secret]: 1,
    [`${secret} 2`]: 1,
    gender: secret,
    birthDate: secret,
    name: [{ family: [secret], period: { start: secret } }],
    generalPractitioner: [{ reference: secret }],
    text: { status: 'generated', div: secret },
  })
  const issues = validate(resource, 'Patient')
  expect(issues.length).toBeGreaterThan(6)
  expect(JSON.stringify(issues)).not.toContain(secret)
})

test('the issues of a resource full of errors stay few', () => {
  const names = Array.from({ length: 5000 }, () => ({ family: 1 }))
  expect(validate(patient({ name: names }), 'Patient')).toHaveLength(100)
})

test('narratives made to be slow are not', () => {
  for (const piece of ['<', '<b>', '<b ', ' a="b"', '"', '<a href ', '<!--']) {
    const div = `<div>${piece.repeat(100_000)}`
    expect(validate(patient({ text: { status: 'generated', div } }), 'Patient').length).toBeGreaterThan(0)
  }
})

test('large resources are checked in linear time', () => {
  const coding = Array.from({ length: 20_000 }, (_each, i) => ({ system: 'http://a', code: `c${i}` }))
  const component = Array.from({ length: 2000 }, () => ({
    code: { coding: [{ system: 'http://b', code: 'x' }] },
  }))
  const panel = {
    resourceType: 'Observation',
    status: 'final',
    code: { coding },
    valueInteger: 1,
    component,
  }
  expect(validate(panel, 'Observation')).toEqual([])
  const element = Array.from({ length: 20_000 }, (_each, i) => ({
    id: `A.b${i}`,
    path: i === 0 ? 'A' : `A.b${i}`,
    definition: 'x',
    min: 0,
    max: '1',
    base: { path: 'A', min: 0, max: '1' },
  }))
  const definition = {
    resourceType: 'StructureDefinition',
    url: 'http://example.org/A',
    name: 'A',
    status: 'draft',
    kind: 'logical',
    abstract: true,
    type: 'A',
    snapshot: { element },
  }
  expect(validate(definition, 'StructureDefinition')).toEqual([])
})

test('a code system with 50,000 concepts is checked in linear time', () => {
  const concept = Array.from({ length: 50_000 }, (_each, i) => ({ code: `c${i}` }))
  const resource = { resourceType: 'CodeSystem', status: 'active', content: 'complete', concept }
  expect(validate(resource, 'CodeSystem')).toEqual([])
})

test('a resource made from the definitions has no structural error, whatever its type', () => {
  fc.assert(
    fc.property(fc.constantFrom(...definitions.resourceTypes), fc.nat(), (type, seed) => {
      const issues = validate(sampleResource(definitions, type, seed), type)
      expect(issues.filter(({ type: kind }) => kind !== 'invariant')).toEqual([])
    }),
    { numRuns: 600 },
  )
})

test('no JSON makes the validator throw', () => {
  const types = [
    'Patient',
    'Observation',
    'Bundle',
    'Questionnaire',
    'StructureDefinition',
    'Appointment',
  ] as const
  fc.assert(
    fc.property(fc.constantFrom(...types), fc.nat(), fc.nat(), fc.jsonValue(), (type, seed, place, junk) => {
      const resource = sampleResource(definitions, type, seed)
      replaceSomewhere(resource, place, junk as never)
      expect(Array.isArray(validate(resource, type))).toBe(true)
    }),
    { numRuns: 1000 },
  )
})

/** Puts junk in place of the n-th member of the tree. */
function replaceSomewhere(tree: JsonObject, n: number, junk: never): void {
  const places: (() => void)[] = []
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    for (const key of Object.keys(node)) {
      if (key !== 'resourceType') places.push(() => void ((node as Record<string, unknown>)[key] = junk))
      visit((node as Record<string, unknown>)[key])
    }
  }
  visit(tree)
  places[n % places.length]!()
}

const synthea = new URL(
  '../../../../shared/fhir-samples/synthea/patients-100.bundles.ndjson.gz',
  import.meta.url,
)

test.skipIf(!existsSync(synthea))('24,378 resources of Synthea have no errors (needs ../shared)', () => {
  const lines = gunzipSync(readFileSync(synthea)).toString().trim().split('\n')
  const bundles = lines.map((line) => JSON.parse(line) as { entry: { resource: JsonObject }[] })
  const resources = bundles.flatMap(({ entry }) => entry.map(({ resource }) => resource))
  expect(resources).toHaveLength(24_378)
  expect(resources.flatMap(problems)).toEqual([])
})
