import { describe, expect, test } from 'vitest'
import { parseExactObject, type JsonObject } from '../../kernel/json.ts'
import { makeTimeZone } from '../../kernel/time-zone.ts'
import { loadDefinitions, makeExtractor, makeSearchParameters, type IndexEntries } from '../index.ts'
import { makeGeneralEvaluator } from '../testing/general-evaluator.ts'
import { sampleResource } from '../testing/sample-resource.ts'
import type { SearchParameterType } from '../definitions/index.ts'
import type { SearchParameter } from './parameters.ts'
import { compileRoutes, type Route } from './routes.ts'

const definitions = loadDefinitions()
const parameters = makeSearchParameters(definitions)
const extractor = makeExtractor(definitions, parameters)
const BASE = 'https://gw.example.org/t/demo/fhir/'

function extract(resource: JsonObject): IndexEntries {
  return extractor.extract(resource, String(resource['resourceType']), {
    zone: makeTimeZone('Europe/Paris'),
    toLocal: (url) => (url.startsWith(BASE) ? url.slice(BASE.length) : undefined),
    bases: () => [BASE],
  })
}

/** `param system|code`, `param target`, … of one kind. */
function tokens(resource: JsonObject, param: string): string[] {
  return extract(resource)
    .tokens.filter((token) => token.param === param)
    .map(({ system, code }) => (system === undefined ? code : `${system}|${code}`))
}

function references(resource: JsonObject, param: string): string[] {
  return extract(resource)
    .references.filter((reference) => reference.param === param)
    .map(({ target }) => target)
}

const observation = (more: JsonObject): JsonObject => ({ resourceType: 'Observation', id: 'o1', ...more })

function deceased(more: JsonObject): (string | undefined)[] {
  return tokens({ resourceType: 'Patient', ...more }, 'deceased').map((each) => each.split('|')[1])
}

function patients(resource: JsonObject): readonly string[] {
  return extract(resource).compartments.patients
}

function dates(more: JsonObject): number[][] {
  return extract(observation(more)).dates.map(({ from, to }) => [from, to])
}

const at = (text: string): number => Date.parse(text)

describe('tokens', () => {
  test('of a concept are its codings, each under every parameter that looks there', () => {
    const code = { coding: [{ system: 'http://loinc.org', code: '718-7' }, { code: 'HB' }], text: 'Hb' }
    expect(tokens(observation({ code }), 'code')).toEqual(['http://loinc.org|718-7', 'HB'])
    expect(tokens(observation({ code }), 'combo-code')).toEqual(['http://loinc.org|718-7', 'HB'])
  })

  test('of a code have the system of the required value set', () => {
    expect(tokens({ resourceType: 'Patient', gender: 'female' }, 'gender')).toEqual([
      'http://hl7.org/fhir/administrative-gender|female',
    ])
  })

  test('of identifiers, contact points, booleans and strings', () => {
    const patient: JsonObject = {
      resourceType: 'Patient',
      active: true,
      identifier: [{ system: 'urn:oid:1.2', value: '7' }, { value: '8' }, { system: 'urn:oid:1.2' }],
      telecom: [
        { system: 'phone', value: '+33 1' },
        { system: 'email', value: 'a@example.org' },
      ],
    }
    expect(tokens(patient, 'identifier')).toEqual(['urn:oid:1.2|7', '8', 'urn:oid:1.2|'])
    expect(tokens(patient, 'active')).toEqual(['http://hl7.org/fhir/special-values|true'])
    expect(tokens(patient, 'phone')).toEqual(['+33 1'])
    expect(tokens(patient, 'email')).toEqual(['a@example.org'])
    expect(tokens(patient, 'telecom')).toEqual(['+33 1', 'a@example.org'])
  })

  test('deceased says whether, for every way to say it', () => {
    expect([
      deceased({}),
      deceased({ deceasedBoolean: false }),
      deceased({ deceasedBoolean: true }),
      deceased({ deceasedDateTime: '2024' }),
    ]).toEqual([['false'], ['false'], ['true'], ['true']])
  })
})

describe('references', () => {
  test.each([
    ['Patient/1', ['Patient/1']],
    ['Patient/1/_history/3', ['Patient/1']],
    [`${BASE}Patient/1`, ['Patient/1']],
    ['https://other.example.org/fhir/Patient/1/_history/2', ['https://other.example.org/fhir/Patient/1']],
    ['urn:uuid:00000000-0000-4000-8000-000000000000', ['urn:uuid:00000000-0000-4000-8000-000000000000']],
    ['#p', []],
    ['Patient?identifier=1', []],
  ])('%s', (reference, expected) =>
    expect(references(observation({ subject: { reference } }), 'subject')).toEqual(expected),
  )

  test('patient takes only subjects that are Patients', () => {
    expect(references(observation({ subject: { reference: 'Patient/1' } }), 'patient')).toEqual(['Patient/1'])
    expect(references(observation({ subject: { reference: 'Group/1' } }), 'patient')).toEqual([])
    expect(
      references(observation({ subject: { reference: 'https://x.org/fhir/Patient/1' } }), 'patient'),
    ).toHaveLength(1)
  })

  test('a logical reference is a token of parameter:identifier', () => {
    const subject = { identifier: { system: 'urn:oid:1.2', value: '7' } }
    expect(tokens(observation({ subject }), 'subject:identifier')).toEqual(['urn:oid:1.2|7'])
  })

  test('a canonical is found with and without its version', () => {
    const resource = { resourceType: 'MeasureReport', measure: 'http://example.org/m|1.0' }
    expect(references(resource, 'measure')).toEqual(['http://example.org/m|1.0', 'http://example.org/m'])
  })

  test('the first resource of a document Bundle', () => {
    const bundle: JsonObject = {
      resourceType: 'Bundle',
      entry: [
        { resource: { resourceType: 'Composition', id: 'c' } },
        { resource: { resourceType: 'Patient', id: 'p' } },
      ],
    }
    expect(references(bundle, 'composition')).toEqual(['Composition/c'])
  })
})

describe('the Patient compartment', () => {
  test('has what refers to the patient by a parameter of its definition, and the patient', () => {
    expect(patients({ resourceType: 'Patient', id: 'p1' })).toEqual(['p1'])
    expect(
      patients(
        observation({ subject: { reference: 'Patient/p1' }, performer: [{ reference: 'Patient/p2' }] }),
      ),
    ).toEqual(['p1', 'p2'])
    expect(
      patients(observation({ subject: { reference: 'Group/g' }, focus: [{ reference: 'Patient/p3' }] })),
    ).toEqual([])
    expect(patients({ resourceType: 'Organization', id: 'o' })).toEqual([])
  })
})

describe('strings, uris, dates, numbers and quantities', () => {
  test('names and addresses by their parts', () => {
    const patient: JsonObject = {
      resourceType: 'Patient',
      name: [{ family: 'Moreau', given: ['Ana', 'Lou'], prefix: ['Dr'], text: 'Dr Ana Moreau' }],
      address: [{ line: ['1 rue X'], city: 'Lyon', postalCode: '69001' }],
    }
    const strings = (param: string) =>
      extract(patient)
        .strings.filter((each) => each.param === param)
        .map(({ value }) => value)
    expect(strings('name')).toEqual(['Dr Ana Moreau', 'Moreau', 'Ana', 'Lou', 'Dr'])
    expect(strings('given')).toEqual(['Ana', 'Lou'])
    expect(strings('address-city')).toEqual(['Lyon'])
    expect(strings('address')).toEqual(['1 rue X', 'Lyon', '69001'])
  })

  test('a day is local, an instant absolute, an open period has open ends, a timing its outer limits', () => {
    expect(dates({ effectiveDateTime: '2024-07-14' })).toEqual([
      [at('2024-07-13T22:00:00Z'), at('2024-07-14T22:00:00Z')],
    ])
    expect(dates({ effectiveInstant: '2024-07-14T00:00:00Z' })).toEqual([
      [at('2024-07-14T00:00:00Z'), at('2024-07-14T00:00:01Z')],
    ])
    expect(dates({ effectivePeriod: { start: '2024-01-01T00:00:00Z' } })).toEqual([
      [at('2024-01-01T00:00:00Z'), Infinity],
    ])
    const effectiveTiming = {
      event: ['2024-03-01T00:00:00Z', '2024-01-01T00:00:00Z'],
      repeat: { boundsPeriod: { end: '2024-02-01T00:00:00Z' } },
    }
    expect(dates({ effectiveTiming })).toEqual([[-Infinity, at('2024-03-01T00:00:01Z')]])
  })

  test('decimals keep the precision that was written', () => {
    const { exact } = parseExactObject(
      '{"resourceType":"Observation","valueQuantity":{"value":1.10,"unit":"g","system":"http://unitsofmeasure.org","code":"g"}}',
    )
    const [quantity] = extract(exact).quantities.filter(({ param }) => param === 'value-quantity')
    expect(quantity).toMatchObject({ low: '1.10', high: '1.10', code: 'g' })
  })

  test('a comparator opens one side', () => {
    const [quantity] = extract(observation({ valueQuantity: { value: 5, comparator: '<' } })).quantities
    expect(quantity).toMatchObject({ low: undefined, high: '5' })
  })

  test('samples have the range from the least to the greatest', () => {
    const valueSampledData = {
      origin: { value: 10, unit: 'mV' },
      period: 1,
      factor: 0.5,
      dimensions: 1,
      data: '2 -4 E 6',
    }
    expect(extract(observation({ valueSampledData })).quantities[0]).toMatchObject({
      low: '8',
      high: '13',
      unit: 'mV',
    })
  })

  test('a profile is found with and without its version', () => {
    const meta = { profile: ['http://example.org/p|2'] }
    expect(extract(observation({ meta })).uris.map(({ value }) => value)).toEqual([
      'http://example.org/p|2',
      'http://example.org/p',
    ])
  })
})

function onset(onsetRange: JsonObject) {
  return extract({ resourceType: 'Condition', onsetRange }).quantities
}

function probability(prediction: JsonObject) {
  const { numbers } = extract({ resourceType: 'RiskAssessment', prediction: [prediction] })
  return numbers.map(({ low, high }) => [low, high])
}

describe('quantities and numbers of every kind', () => {
  test('money has its currency as code', () => {
    const invoice = { resourceType: 'Invoice', totalNet: { value: 12.5, currency: 'EUR' } }
    expect(extract(invoice).quantities).toEqual([
      {
        param: 'totalnet',
        low: '12.5',
        high: '12.5',
        system: 'urn:iso:std:iso:4217',
        code: 'EUR',
        unit: 'EUR',
      },
    ])
  })

  test('a range goes from its low to its high', () => {
    const age = { system: 'http://unitsofmeasure.org', code: 'a' }
    expect(onset({ low: { value: 40, ...age }, high: { value: 50, ...age } })[0]).toMatchObject({
      low: '40',
      high: '50',
      code: 'a',
    })
    expect(onset({ high: { value: 50, ...age } })[0]).toMatchObject({ low: undefined, high: '50' })
    expect(onset({})).toEqual([])
    expect(onset({ low: { unit: 'a' } })).toEqual([])
  })

  test('a comparator opens the other side', () => {
    const [quantity] = extract(observation({ valueQuantity: { value: 5, comparator: '>=' } })).quantities
    expect(quantity).toMatchObject({ low: '5', high: undefined })
    expect(extract(observation({ valueQuantity: { unit: 'g' } })).quantities).toEqual([])
  })

  test('numbers and their ranges', () => {
    expect(probability({ probabilityDecimal: 0.5 })).toEqual([['0.5', '0.5']])
    expect(probability({ probabilityRange: { low: { value: 1 }, high: { value: 2 } } })).toEqual([['1', '2']])
    expect(probability({ probabilityRange: { low: { value: 1 } } })).toEqual([['1', undefined]])
  })
})

/** With one parameter of our own. */
function extractBy(type: SearchParameterType, expression: string, resource: JsonObject): IndexEntries {
  const own: SearchParameter = {
    code: 'own',
    type,
    url: 'http://example.org/own',
    expression,
    targets: [],
    components: [],
    base: String(resource['resourceType']),
  }
  const all = {
    of: () => new Map([['own', own]]),
    components: () => [],
    sharing: () => new Map(),
    places: parameters.places,
  }
  return makeExtractor(definitions, all).extract(resource, String(resource['resourceType']), {
    zone: makeTimeZone('UTC'),
    toLocal: () => undefined,
    bases: () => [],
  })
}

describe('parameters of our own', () => {
  const patient: JsonObject = {
    resourceType: 'Patient',
    active: true,
    name: [{ use: 'official', family: 'Moreau', given: ['Ana', 'Lou'] }],
    extension: [
      { url: 'http://example.org/team', valueString: 'blue' },
      { url: 'http://example.org/other', valueString: 'red' },
    ],
  }

  test.each<[SearchParameterType, string, unknown]>([
    [
      'string',
      "Patient.extension('http://example.org/team').value.ofType(string)",
      { strings: [{ value: 'blue' }] },
    ],
    ['string', "Patient.name.where(use = 'official').given.first()", { strings: [{ value: 'Ana' }] }],
    ['string', 'Patient.name.given[1]', { strings: [{ value: 'Lou' }] }],
    ['token', 'Patient.active and Patient.name.exists()', { tokens: [{ code: 'true' }] }],
    // More than the compiler does: the general evaluator takes it.
    ['string', 'Patient.name.family.upper()', { strings: [{ value: 'MOREAU' }] }],
    ['number', 'Patient.name.given.count()', { numbers: [{ low: '2' }] }],
  ])('%s %s', (type, expression, expected) =>
    expect(extractBy(type, expression, patient)).toMatchObject(expected as object),
  )
})

test('values of a wrong type say nothing', () => {
  const odd = observation({
    code: 'x',
    subject: 'Patient/1',
    category: [null, 7, ['a']],
    identifier: [{ value: 3 }],
    effectiveDateTime: 'soon',
  })
  expect(extract(odd).tokens).toEqual([{ param: '_id', system: undefined, code: 'o1' }])
  expect(extract(odd).references).toEqual([])
  expect(extract(odd).dates).toEqual([])
})

test('every expression of R4 gives the values that the general evaluator gives', () => {
  const general = makeGeneralEvaluator()
  const differing = new Set<string>()
  let compared = 0
  for (const type of definitions.resourceTypes) {
    for (const { code, expression } of parameters.of(type).values()) {
      // The one that is more than paths has its own test above.
      if (expression === undefined || code === 'deceased') continue
      const routes = compileRoutes(definitions, expression, type)
      const rooted = expression.replaceAll('Resource.', `${type}.`)
      for (let seed = 0; seed < 6; seed++) {
        const resource = sampleResource(definitions, type, seed)
        const theirs = general.evaluate(rooted, resource, type, resource)!
        compared++
        if (texts(routeValues(routes, resource)) !== texts(theirs)) differing.add(`${type} ${code}`)
      }
    }
  }
  expect([...differing]).toEqual([])
  expect(compared).toBeGreaterThan(10_000)
})

function routeValues(routes: readonly Route[], resource: JsonObject): unknown[] {
  return routes.flatMap(({ steps, resolvesTo }) => {
    let values: unknown[] = [resource]
    for (const { name, index, filter } of steps) {
      values = values.flatMap((value) => (value as JsonObject)[name] ?? [])
      if (index !== undefined) values = values.slice(index, index + 1)
      if (filter) values = values.filter(filter.test)
    }
    if (resolvesTo === undefined) return values
    return values.filter((value) => String((value as JsonObject)['reference']).startsWith(`${resolvesTo}/`))
  })
}

/** Without quantities that have no value: the general evaluator doesn't see that they are quantities. */
function texts(values: readonly unknown[]): string {
  const all = values.filter((value) => !isBareQuantity(value)).map((value) => JSON.stringify(value))
  return [...new Set(all)].toSorted().join('\n')
}

function isBareQuantity(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    !('value' in value) &&
    ('comparator' in value || 'unit' in value)
  )
}

test('the components of every composite of R4 have parameters that find them', () => {
  const uncovered = definitions.resourceTypes.flatMap((type) =>
    [...parameters.of(type).values()]
      .filter((one) => one.type === 'composite')
      .filter((one) => parameters.components(one).some(({ cover }) => cover === undefined))
      .map(({ code }) => `${type}.${code}`),
  )
  expect(uncovered).toEqual([])
})
