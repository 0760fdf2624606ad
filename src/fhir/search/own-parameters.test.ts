import { describe, expect, test } from 'vitest'

import { thrownBy } from '../../../test/support/thrown.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { makeTimeZone } from '../../kernel/time-zone.ts'
import {
  checkOwnParameters,
  type IndexEntries,
  loadDefinitions,
  makeExtractor,
  makeSearchParameters,
  makeWiderExtractor,
  ownDefinition,
  ownParameter,
  ownTypesOf,
  withOwnParameters,
} from '../index.ts'

const definitions = loadDefinitions()
const standard = makeSearchParameters(definitions)
const deps = { definitions, standard }
const URL = 'http://example.org/sp'

function definition(more: JsonObject): JsonObject {
  return {
    resourceType: 'SearchParameter',
    status: 'active',
    url: `${URL}/own`,
    code: 'own',
    base: ['Patient'],
    type: 'string',
    expression: 'Patient.name.family',
    ...more,
  }
}

function check(resource: JsonObject, others: readonly JsonObject[] = []): void {
  const inForce = new Map(others.map((other, i) => [`other${i}`, ownDefinition(other)]))
  checkOwnParameters(deps, inForce, [{ id: 'own', resource }])
}

/** The entries that come from the definitions alone. */
function extract(resource: JsonObject, ...resources: readonly JsonObject[]): IndexEntries {
  resources.forEach((one, i) => check(one, resources.slice(0, i)))
  const all = resources
    .map(ownDefinition)
    .flatMap((each) =>
      ownTypesOf(definitions, standard, each).map((type) => ownParameter(each, type, each.url)),
    )
  const own = Map.groupBy(all, ({ base }) => base)
  const parameters = withOwnParameters(definitions, standard, own)
  const none = makeExtractor(definitions, { ...standard, of: () => new Map() })
  return makeWiderExtractor(definitions, none, parameters, own).extract(
    resource,
    String(resource['resourceType']),
    { zone: makeTimeZone('UTC'), toLocal: () => undefined, bases: () => [] },
  )
}

const patient: JsonObject = {
  resourceType: 'Patient',
  id: 'p',
  active: true,
  birthDate: '1980-05-17',
  _birthDate: { extension: [{ url: 'http://example.org/hour', valueTime: '10:00:00' }] },
  name: [
    { use: 'official', family: 'Moreau', given: ['Ana', 'Lou'] },
    { use: 'nickname', given: ['Nana'] },
  ],
  extension: [
    { url: 'http://example.org/team', valueCoding: { system: 's', code: 'blue' } },
    { url: 'http://example.org/weight', valueQuantity: { value: 70.5, unit: 'kg' } },
    { url: 'http://example.org/since', valueDate: '2020-01' },
    { url: 'http://example.org/nurse', valueReference: { reference: 'Practitioner/n' } },
    { url: 'http://example.org/nurse', valueReference: { reference: 'RelatedPerson/r' } },
    {
      url: 'http://example.org/visit',
      extension: [
        { url: 'kind', valueCode: 'home' },
        { url: 'minutes', valueInteger: 30 },
      ],
    },
    {
      url: 'http://example.org/visit',
      extension: [
        { url: 'kind', valueCode: 'ward' },
        { url: 'minutes', valueInteger: 5 },
      ],
    },
  ],
}

describe('a parameter finds', () => {
  test.each<[string, string, Partial<Record<keyof IndexEntries, unknown>>]>([
    [
      'token',
      "Patient.extension('http://example.org/team').value.ofType(Coding)",
      { tokens: [{ system: 's', code: 'blue' }] },
    ],
    [
      'token',
      "Patient.extension.where(url='http://example.org/team').value",
      { tokens: [{ system: 's', code: 'blue' }] },
    ],
    [
      'quantity',
      "(Patient.extension('http://example.org/weight').value as Quantity)",
      { quantities: [{ low: '70.5', unit: 'kg' }] },
    ],
    ['date', "extension('http://example.org/since').value", { dates: [{ from: Date.UTC(2020, 0) }] }],
    [
      'reference',
      "Patient.extension('http://example.org/nurse').value.where(resolve() is Practitioner)",
      { references: [{ target: 'Practitioner/n' }] },
    ],
    [
      'number',
      "Patient.extension('http://example.org/visit').extension('minutes').value.ofType(integer)",
      { numbers: [{ low: '30' }, { low: '5' }] },
    ],
    [
      'string',
      "Patient.birthDate.extension('http://example.org/hour').value.ofType(time).toString()",
      { strings: [{ value: '10:00:00' }] },
    ],
    // More than paths: one of all, computed, true or false.
    ['string', 'Patient.name.given.first()', { strings: [{ value: 'Ana' }] }],
    ['string', "Patient.name.where(use = 'nickname').given.upper()", { strings: [{ value: 'NANA' }] }],
    ['number', 'Patient.name.given.count()', { numbers: [{ low: '3' }] }],
    ['token', 'Patient.name.exists() and Patient.active', { tokens: [{ code: 'true' }] }],
    ['string', "iif(active, name.where(use='official').family)", { strings: [{ value: 'Moreau' }] }],
    // What fails on this resource says nothing.
    ['string', 'Patient.name.given.single()', { strings: [] }],
  ])('%s %s', (type, expression, expected) => {
    const found = extract(patient, definition({ type, expression }))
    expect(found).toMatchObject(expected)
  })

  test('what stands together, by a composite whose components nothing else finds', () => {
    const kind = definition({
      url: `${URL}/kind`,
      code: 'kind',
      type: 'token',
      expression: "Patient.extension('http://example.org/visit').extension('kind').value",
    })
    const composite = definition({
      type: 'composite',
      expression: "Patient.extension('http://example.org/visit')",
      component: [
        { definition: `${URL}/kind|1`, expression: "extension('kind').value" },
        {
          definition: 'http://hl7.org/fhir/SearchParameter/RiskAssessment-probability',
          expression: "extension('minutes').value.ofType(integer)",
        },
      ],
    })
    const found = extract(patient, kind, composite)
    expect(found.composites).toHaveLength(2)
    expect(found.composites).toMatchObject([
      { param: 'own', bases: 2, parts: [{ tokens: [{ code: 'home' }] }, { numbers: [{ low: '30' }] }] },
      { param: 'own', bases: 2, parts: [{ tokens: [{ code: 'ward' }] }, { numbers: [{ low: '5' }] }] },
    ])
    expect(found.tokens.filter(({ param }) => param === 'own$0').map(({ code }) => code)).toEqual([
      'home',
      'ward',
    ])
    expect(found.numbers.map(({ param, low }) => [param, low])).toEqual([
      ['own$1', '30'],
      ['own$1', '5'],
    ])
  })
})

describe('a parameter is', () => {
  test('of all types but AuditEvent when its base is Resource, and of those that lack the code', () => {
    const wide = ownDefinition(definition({ base: ['Resource'], code: 'gender', expression: 'Resource.id' }))
    const types = ownTypesOf(definitions, standard, wide)
    expect(types).toContain('Observation')
    expect(types).not.toContain('AuditEvent')
    expect(types).not.toContain('Patient')
  })

  test('R4’s where it restates one of R4’s', () => {
    const name = { code: 'name', base: ['Patient'], type: 'string', expression: 'Patient.name' }
    const same = definition({ ...name, url: 'http://hl7.org/fhir/SearchParameter/Patient-name' })
    const derived = definition({
      ...name,
      derivedFrom: 'http://hl7.org/fhir/SearchParameter/Patient-name|4.0.1',
    })
    for (const restated of [same, derived]) {
      check(restated)
      expect(ownTypesOf(definitions, standard, ownDefinition(restated))).toEqual([])
    }
  })
})

describe('refused is', () => {
  test.each<[string, JsonObject]>([
    ['type-special', { type: 'special' }],
    ['code', { code: '_own' }],
    ['code', { code: 'own.code' }],
    ['code', { code: 'own:x' }],
    ['base', { base: ['AuditEvent'], expression: 'AuditEvent.id' }],
    ['code-taken', { code: 'name' }],
    ['code-taken', { code: 'birthdate', base: ['Person', 'Basic'] }],
    ['redefines', { url: 'http://hl7.org/fhir/SearchParameter/Patient-active' }],
    [
      'redefines',
      {
        code: 'name',
        type: 'token',
        derivedFrom: 'http://hl7.org/fhir/SearchParameter/Patient-name',
      },
    ],
    ['expression-missing', { expression: null as never }],
    ['expression', { expression: 'Patient..name(' }],
    ['expression', { expression: 'Patient.name.given.toUpper(' }],
    ['expression', { expression: 'Patient.link.other.resolve().name' }],
    ['expression-long', { expression: `Patient.name.where(family = '${'a'.repeat(4000)}').family` }],
    ['function', { expression: "Patient.name.family.where(matches('(a+)+$'))" }],
    ['function', { expression: 'Patient.descendants()' }],
    ['function', { expression: 'Patient.name.select(given)' }],
    ['function', { expression: 'Patient.birthDate.where($this < today())' }],
    ['function', { expression: '%resource.name.family' }],
    ['nowhere', { expression: 'Patient.nmae' }],
    ['nowhere', { expression: 'Practitioner.name.family' }],
    ['nowhere', { base: ['Patient', 'Basic'] }],
    ['kind', { type: 'quantity' }],
    ['components', { type: 'composite', expression: 'Patient' }],
  ])('%s %j', (code, more) => {
    const resource = definition(more)
    if (more['expression'] === null) delete resource['expression']
    expect(thrownBy(() => check(resource))).toMatchObject({
      kind: 'invalid',
      code: `search-definition-${code}`,
    })
    // What isn't used yet or any more may be anything, but a draft is going to be used.
    expect(thrownBy(() => check({ ...resource, status: 'draft' }))).toMatchObject({ kind: 'invalid' })
    expect(thrownBy(() => check({ ...resource, status: 'retired' }))).toBeUndefined()
  })

  test.each<[string, JsonObject]>([
    [
      'code-taken',
      definition({ url: `${URL}/other`, base: ['DomainResource'], expression: 'DomainResource.id' }),
    ],
    ['url-taken', definition({ code: 'other' })],
  ])('%s by another of the tenant', (code, other) => {
    expect(thrownBy(() => check(definition({}), [other]))).toMatchObject({
      code: `search-definition-${code}`,
    })
  })

  test.each<[string, JsonObject]>([
    ['component-unknown', { definition: `${URL}/nowhere`, expression: 'use' }],
    ['component-unknown', { definition: `${URL}/own`, expression: 'use' }],
    [
      'component-unknown',
      { definition: 'http://hl7.org/fhir/SearchParameter/Observation-code-value-date', expression: 'use' },
    ],
    [
      'component',
      { definition: 'http://hl7.org/fhir/SearchParameter/Patient-language', expression: 'usage' },
    ],
    [
      'composite-path',
      {
        definition: 'http://hl7.org/fhir/SearchParameter/Patient-language',
        expression: 'given.first().upper()',
      },
    ],
  ])('a component: %s', (code, component) => {
    const resource = definition({ type: 'composite', expression: 'Patient.name', component: [component] })
    expect(thrownBy(() => check(resource))).toMatchObject({ code: `search-definition-${code}` })
  })

  test('what an active composite needs when it goes, or becomes another kind', () => {
    const part = definition({
      url: `${URL}/part`,
      code: 'part',
      type: 'token',
      expression: 'Patient.name.use',
    })
    const whole = definition({
      type: 'composite',
      expression: 'Patient.name',
      component: [
        { definition: `${URL}/part`, expression: 'use' },
        { definition: 'http://hl7.org/fhir/SearchParameter/individual-family', expression: 'family' },
      ],
    })
    const inForce = new Map([part, whole].map((one) => [String(one['code']), ownDefinition(one)]))
    const change = (resource: JsonObject | undefined) => () =>
      checkOwnParameters(deps, inForce, [{ id: 'part', resource }])
    expect(thrownBy(change(undefined))).toMatchObject({ kind: 'conflict', code: 'search-definition-in-use' })
    expect(thrownBy(change({ ...part, status: 'retired' }))).toMatchObject({ kind: 'conflict' })
    expect(thrownBy(change({ ...part, type: 'string' }))).toMatchObject({ kind: 'conflict' })
    expect(thrownBy(change({ ...part, expression: 'Patient.name.where(use.exists()).use' }))).toBeUndefined()
    const both = [
      { id: 'part', resource: undefined },
      { id: 'own', resource: undefined },
    ]
    expect(thrownBy(() => checkOwnParameters(deps, inForce, both))).toBeUndefined()
    // Together they may also come.
    const come = [whole, part].map((resource) => ({ id: String(resource['code']), resource }))
    expect(thrownBy(() => checkOwnParameters(deps, new Map(), come))).toBeUndefined()
  })
})
