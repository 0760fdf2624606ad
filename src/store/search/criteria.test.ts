/** What the criteria of R4 mean, on resources made up for it: each query, and the ids that it has to find. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { testDatabase } from '../../../test/support/database.ts'
import { matchesRequest } from '../../fhir/index.ts'
import { parseExactObject } from '../../kernel/json.ts'
import { searchFor, testContext, testExtractor, testStore } from '../testing.ts'

const LOINC = 'http://loinc.org'
const UCUM = 'http://unitsofmeasure.org'
const coding = (code: string, display?: string, system = LOINC) => ({
  system,
  code,
  ...(display && { display }),
})
const quantity = (value: string, code: string, more = '') =>
  `{"value":${value},"system":"${UCUM}","code":"${code}","unit":"${code}"${more}}`
const component = (code: string, value: string, unit: string) =>
  `{"code":{"coding":[{"system":"${LOINC}","code":"${code}"}]},"valueQuantity":${quantity(value, unit)}}`
const percent = (value: number) => ({ value, system: UCUM, code: '%' })
const json = (value: unknown) => JSON.stringify(value)

/** JSON texts, so that decimals are as written. */
const RESOURCES: readonly string[] = [
  json({
    resourceType: 'Patient',
    id: 'ada',
    active: true,
    name: [{ family: 'Lefèvre', given: ['Ada'] }],
    birthDate: '1980-05-17',
    gender: 'female',
    managingOrganization: { reference: 'Organization/north', display: 'Clinique du Nord' },
    identifier: [
      {
        type: { coding: [coding('MR', 'Medical record', 'http://hl7.org/v2/0203')] },
        system: 'urn:a',
        value: '12',
      },
      { type: { coding: [coding('SS', undefined, 'http://hl7.org/v2/0203')] }, system: 'urn:b', value: '34' },
    ],
    text: {
      status: 'generated',
      div: '<div xmlns="http://www.w3.org/1999/xhtml">Grande cardiologue réputée</div>',
    },
  }),
  json({
    resourceType: 'Patient',
    id: 'bob',
    name: [{ family: 'Martin', given: ['Bob'] }],
    generalPractitioner: [{ reference: 'Practitioner/doc' }],
    identifier: [{ type: { coding: [coding('MR', undefined, 'http://hl7.org/v2/0203')] }, value: '34' }],
  }),
  json({ resourceType: 'Patient', id: 'cleo', gender: 'male', birthDate: '1980', link: [] }).replace(
    ',"link":[]',
    '',
  ),
  json({
    resourceType: 'Organization',
    id: 'north',
    name: 'North Clinic',
    partOf: { reference: 'Organization/group' },
  }),
  json({ resourceType: 'Organization', id: 'group', name: 'Great Group' }),
  json({ resourceType: 'Practitioner', id: 'doc', name: [{ family: 'House' }] }),
  `{"resourceType":"Observation","id":"bp","status":"final","code":{"coding":[{"system":"${LOINC}","code":"85354-9","display":"Blood pressure panel"}],"text":"Tension artérielle"},
    "subject":{"reference":"Patient/ada"},"effectiveDateTime":"2024-03-10T08:00:00+01:00","performer":[{"reference":"Practitioner/doc"}],
    "component":[${component('8480-6', '120', 'mm[Hg]')},${component('8462-4', '80', 'mm[Hg]')}]}`,
  `{"resourceType":"Observation","id":"weight","status":"preliminary","code":{"coding":[{"system":"${LOINC}","code":"29463-7","display":"Body weight"}]},
    "subject":{"reference":"Patient/bob"},"effectivePeriod":{"start":"2024-01-01","end":"2024-12-31"},"valueQuantity":${quantity('5.40', 'kg')}}`,
  `{"resourceType":"Observation","id":"grams","status":"final","code":{"coding":[{"system":"${LOINC}","code":"29463-7"}]},
    "subject":{"reference":"Patient/ada"},"effectiveDateTime":"2024-03","valueQuantity":${quantity('5400', 'g')}}`,
  `{"resourceType":"Observation","id":"below","status":"final","code":{"text":"Ferritin"},
    "valueQuantity":${quantity('5', 'ug/L', ',"comparator":"<"')}}`,
  `{"resourceType":"Observation","id":"local","status":"final","code":{"text":"Points"},
    "valueQuantity":{"value":7,"unit":"points"}}`,
  `{"resourceType":"Observation","id":"word","status":"amended","code":{"coding":[{"system":"${LOINC}","code":"1-1"}]},
    "valueCodeableConcept":{"coding":[{"system":"${LOINC}","code":"LA-1"}],"text":"Positif"},"derivedFrom":[{"reference":"Observation/bp"}]}`,
  json({
    resourceType: 'RiskAssessment',
    id: 'low',
    status: 'final',
    subject: { reference: 'Patient/ada' },
    prediction: [{ probabilityDecimal: 0.02 }],
  }),
  json({
    resourceType: 'RiskAssessment',
    id: 'high',
    status: 'final',
    subject: { reference: 'Patient/bob' },
    prediction: [{ probabilityDecimal: 0.85 }],
  }),
  json({
    resourceType: 'RiskAssessment',
    id: 'span',
    status: 'final',
    subject: { reference: 'Patient/bob' },
    prediction: [{ probabilityRange: { low: percent(10), high: percent(30) } }],
  }),
  json({ resourceType: 'ValueSet', id: 'vs1', status: 'active', url: 'http://acme.org/fhir/ValueSet/123' }),
  json({
    resourceType: 'ValueSet',
    id: 'vs2',
    status: 'active',
    url: 'http://acme.org/fhir/ValueSet/123/history',
  }),
  json({ resourceType: 'ValueSet', id: 'vs3', status: 'active', url: 'http://acme.org/fhirs' }),
  json({ resourceType: 'Location', id: 'paris', position: { latitude: 48.8566, longitude: 2.3522 } }),
  json({ resourceType: 'Location', id: 'versailles', position: { latitude: 48.8049, longitude: 2.1204 } }),
  json({ resourceType: 'Location', id: 'lyon', position: { latitude: 45.764, longitude: 4.8357 } }),
  json({
    resourceType: 'List',
    id: 'team',
    status: 'current',
    mode: 'changes',
    entry: [{ item: { reference: 'Patient/ada' } }, { item: { reference: 'Patient/cleo' }, deleted: true }],
  }),
]

/** Type?query → ids. Those with `*` are judged by fhir/search/matches.ts too, which knows nothing of other resources. */
const CASES: readonly (readonly [string, string])[] = [
  // number: https://hl7.org/fhir/R4/search.html#number
  ['*RiskAssessment?probability=0.85', 'high'],
  ['*RiskAssessment?probability=0.8', ''],
  ['*RiskAssessment?probability=0.9', 'high'],
  ['*RiskAssessment?probability=gt0.2', 'high span'],
  ['*RiskAssessment?probability=lt0.2', 'low span'],
  ['*RiskAssessment?probability=ge0.85', 'high'],
  ['*RiskAssessment?probability=le0.02', 'low'],
  ['*RiskAssessment?probability=sa0.05', 'high span'],
  ['*RiskAssessment?probability=eb0.1', 'low'],
  ['*RiskAssessment?probability=ne0.85', 'low span'],
  ['*RiskAssessment?probability=ap0.8', 'high'],
  ['*RiskAssessment?probability:missing=true', ''],
  // quantity: https://hl7.org/fhir/R4/search.html#quantity
  ['*Observation?value-quantity=5.4|http://unitsofmeasure.org|kg', 'grams weight'],
  ['*Observation?value-quantity=5400|http://unitsofmeasure.org|g', 'grams weight'],
  ['*Observation?value-quantity=5.4', 'weight'],
  ['*Observation?value-quantity=5.40||kg', 'weight'],
  ['*Observation?value-quantity=gt5||g', 'grams'],
  ['*Observation?value-quantity=gt5000|http://unitsofmeasure.org|mg', 'grams weight'],
  ['*Observation?value-quantity=lt5.4|http://unitsofmeasure.org|kg', ''],
  ['*Observation?value-quantity=lt5|http://unitsofmeasure.org|ug/L', 'below'],
  ['*Observation?value-quantity=5|http://unitsofmeasure.org|ug/L', ''],
  ['*Observation?value-quantity=7||points', 'local'],
  ['*Observation?value-quantity=7|http://unitsofmeasure.org|points', ''],
  ['*Observation?value-quantity=ap5.5|http://unitsofmeasure.org|kg', 'grams weight'],
  ['*Observation?component-value-quantity=gt100|http://unitsofmeasure.org|mm[Hg]', 'bp'],
  // composite: https://hl7.org/fhir/R4/search.html#combining
  ['*Observation?component-code-value-quantity=http://loinc.org|8480-6$gt100', 'bp'],
  ['*Observation?component-code-value-quantity=8480-6$80', ''],
  ['*Observation?component-code-value-quantity=8462-4$80||mm[Hg]', 'bp'],
  ['*Observation?component-code-value-quantity=8462-4$lt100|http://unitsofmeasure.org|mm[Hg]', 'bp'],
  ['*Observation?combo-code-value-quantity=29463-7$5.4|http://unitsofmeasure.org|kg', 'grams weight'],
  ['*Observation?combo-code-value-quantity=8480-6$120,29463-7$5400', 'bp grams'],
  ['*Observation?code-value-quantity=29463-7$gt6', 'grams'],
  ['*Observation?code-value-concept=1-1$LA-1', 'word'],
  ['*Observation?code-value-concept=http://loinc.org|$http://loinc.org|', 'word'],
  ['*Observation?combo-code-value-concept=1-1$LA-2', ''],
  // missing, not, of-type, text: https://hl7.org/fhir/R4/search.html#modifiers
  ['*Patient?gender:missing=true', 'bob'],
  ['*Patient?gender:missing=false', 'ada cleo'],
  ['*Patient?birthdate:missing=true', 'bob'],
  ['*Patient?general-practitioner:missing=false', 'bob'],
  ['*Patient?_id:missing=true', ''],
  ['*Patient?gender:not=female', 'bob cleo'],
  ['*Patient?gender:not=female,male', 'bob'],
  ['*Patient?gender:not=female&birthdate=1980', 'cleo'],
  ['*Patient?_id:not=ada', 'bob cleo'],
  ['*Patient?identifier:of-type=http://hl7.org/v2/0203|MR|34', 'bob'],
  ['*Patient?identifier:of-type=http://hl7.org/v2/0203|SS|34', 'ada'],
  ['Patient?organization:text=clinique', 'ada'],
  ['Patient?identifier:text=medical', 'ada'],
  ['Observation?code:text=tension', 'bp'],
  ['Observation?code:text=body', 'weight'],
  ['Observation?code:text=TENSION arter', 'bp'],
  ['Observation?code:text=weight', ''],
  ['Observation?value-concept:text=positif', 'word'],
  // uri: https://hl7.org/fhir/R4/search.html#uri
  ['*ValueSet?url=http://acme.org/fhir/ValueSet/123', 'vs1'],
  ['*ValueSet?url:below=http://acme.org/fhir', 'vs1 vs2 vs3'],
  ['*ValueSet?url:below=http://acme.org/fhir/', 'vs1 vs2'],
  ['*ValueSet?url:below=http://acme.org/fhir/ValueSet/123', 'vs1 vs2'],
  ['*ValueSet?url:above=http://acme.org/fhir/ValueSet/123/history/9', 'vs1 vs2'],
  // value sets and hierarchies: https://hl7.org/fhir/R4/search.html#token
  [
    'Observation?status:in=http://hl7.org/fhir/ValueSet/observation-status',
    'below bp grams local weight word',
  ],
  ['Observation?status:not-in=http://hl7.org/fhir/ValueSet/observation-status', ''],
  ['Patient?gender:below=http://hl7.org/fhir/administrative-gender|female', 'ada'],
  ['Patient?gender:above=http://hl7.org/fhir/administrative-gender|female', 'ada'],
  // chains: https://hl7.org/fhir/R4/search.html#chaining
  ['Observation?subject:Patient.name=lef', 'bp grams'],
  ['Observation?patient.family:exact=Martin', 'weight'],
  ['Observation?patient.organization.name=north', 'bp grams'],
  ['Observation?patient.organization.partof.name=great', 'bp grams'],
  ['Observation?subject.general-practitioner:Practitioner.family=house', 'weight'],
  ['Observation?patient.identifier=urn:a|12&status=final', 'bp grams'],
  ['Observation?patient.gender:missing=true', 'weight'],
  ['Observation?performer.name=house', 'bp'],
  ['Observation?patient._id=ada', 'bp grams'],
  ['Observation?patient.birthdate=lt1981', 'bp grams'],
  ['Observation?derived-from:Observation.patient.name=ada', 'word'],
  ['Patient?organization.partof.name=nobody', ''],
  // _has: https://hl7.org/fhir/R4/search.html#has
  ['Patient?_has:Observation:patient:code=85354-9', 'ada'],
  ['Patient?_has:Observation:patient:status=preliminary,amended', 'bob'],
  ['Patient?_has:Observation:patient:performer.name=house', 'ada'],
  ['Organization?_has:Patient:organization:_has:Observation:patient:code=85354-9', 'north'],
  ['Organization?_has:Patient:organization:gender=male', ''],
  ['Practitioner?_has:Patient:general-practitioner:name=bob&family=h', 'doc'],
  ['Observation?patient._has:RiskAssessment:patient:probability=gt0.5', 'weight'],
  ['Patient?_has:RiskAssessment:patient:probability=gt0.5&_has:Observation:patient:code=29463-7', 'bob'],
  // _filter: https://hl7.org/fhir/R4/search_filter.html
  ['*Patient?_filter=family eq "lefevre"', 'ada'],
  ['*Patient?_filter=family eq "lefev"', ''],
  ['*Patient?_filter=family co "art" or given sw "ad"', 'ada bob'],
  ['*Patient?_filter=family ew "tin"', 'bob'],
  ['*Patient?_filter=not (gender eq female) and birthdate pr true', 'cleo'],
  ['*Patient?_filter=birthdate ge 1980-01-01 and (gender eq male or gender eq female)', 'ada cleo'],
  ['*Patient?_filter=gender ne female', 'cleo'],
  ['Observation?_filter=code eq http://loinc.org|29463-7 and patient.family eq martin', 'weight'],
  ['Observation?_filter=patient[gender eq female].birthdate lt 1990', 'bp grams'],
  ['*Observation?_filter=date po 2024-06', 'weight'],
  ['*Observation?_filter=value-quantity gt 5000', 'grams'],
  ['Patient?_filter=identifier eq urn:a|12 or general-practitioner re Practitioner/doc', 'ada bob'],
  // lists, text, places
  ['Patient?_list=team', 'ada'],
  ['Patient?_list=team&gender=male', ''],
  ['Patient?_text=cardiologues', 'ada'],
  ['Patient?_text=martin', ''],
  ['Patient?_content=martin', 'bob'],
  ['Patient?_content=martin or ada', 'ada bob'],
  ['Location?near=48.85|2.35|5|km', 'paris'],
  ['Location?near=48.85|2.35|30|km', 'paris versailles'],
  ['Location?near=48.85|2.35|30000|m', 'paris versailles'],
  ['Location?near=48.85|2.35', 'paris'],
  // dates: https://hl7.org/fhir/R4/search.html#date
  ['*Observation?date=2024-03', 'bp grams'],
  ['*Observation?date=2024', 'bp grams weight'],
  ['*Observation?date=2024-03-10', 'bp'],
  ['*Observation?date=ge2024-06', 'weight'],
  ['*Observation?date=gt2024-03-10', 'grams weight'],
  ['*Observation?date=lt2024-03-10', 'grams weight'],
  ['*Observation?date=ap2024-03-10', 'bp grams weight'],
  ['*Observation?date=sa2024-02', 'bp grams'],
  ['*Observation?date=eb2024-04', 'bp grams'],
]

async function setUp() {
  const database = await testDatabase()
  const store = testStore(database.db)
  const resources = RESOURCES.map((text) => parseExactObject(text))
  await store.repository.commit(
    database.tenant,
    resources.map((resource) => ({
      type: String(resource.value['resourceType']),
      id: String(resource.value['id']),
      make: () => resource,
    })),
  )
  return { database, search: store.search, resources }
}

let made: Awaited<ReturnType<typeof setUp>>
beforeAll(async () => {
  made = await setUp()
})
afterAll(() => made.database[Symbol.asyncDispose]())

describe('each criterion finds what the specification says', () => {
  test.each(CASES)('%s', async (url, expected) => {
    const alone = url.startsWith('*')
    const [type = '', ...query] = url.replace('*', '').split('?')
    const request = searchFor(type, query.join('?').replaceAll(' ', '+'))
    const { entries, total } = await made.search.search(made.database.tenant, {
      ...request,
      total: 'accurate',
    })
    expect(
      entries
        .map(({ id }) => id)
        .toSorted()
        .join(' '),
    ).toBe(expected)
    expect(total).toBe(entries.length)
    if (!alone) return
    const judged = made.resources
      .filter(({ value }) => value['resourceType'] === type)
      .filter(({ exact }) => {
        const found = testExtractor.extract(exact, type, testContext)
        const id = { param: '_id', system: undefined, code: String(exact['id']) }
        return matchesRequest({ ...found, tokens: [...found.tokens, id] }, request)
      })
    expect(
      judged
        .map(({ value }) => String(value['id']))
        .toSorted()
        .join(' '),
      'by the oracle',
    ).toBe(expected)
  })

  test.each([
    ['RiskAssessment?_sort=probability', 'low span high'],
    ['RiskAssessment?_sort=-probability', 'high span low'],
    ['Patient?_content=martin or bob or ada&_sort=_score', 'bob ada'],
    ['Observation?value-quantity:missing=false&_sort=-value-quantity', 'grams local weight below'],
  ])('%s in order', async (url, expected) => {
    const [type = '', query = ''] = url.split('?')
    const { entries } = await made.search.search(made.database.tenant, searchFor(type, query))
    expect(entries.map(({ id }) => id).join(' ')).toBe(expected)
  })

  test.each(['_sort=-value-quantity', '_sort=date', 'status:not=registered', '_sort=-value-quantity,code'])(
    'pages of any size hold the same: %s',
    async (query) => {
      const found: string[] = []
      let cursor = ''
      do {
        const page = await made.search.search(
          made.database.tenant,
          searchFor('Observation', `${query}&_count=1${cursor}`),
        )
        found.push(...page.entries.map(({ id }) => id))
        cursor = page.next === undefined ? '' : `&_cursor=${page.next}`
      } while (cursor !== '')
      const whole = await made.search.search(made.database.tenant, searchFor('Observation', query))
      expect(found).toEqual(whole.entries.map(({ id }) => id))
      expect(found).toHaveLength(6)
    },
  )
})

test('a patient with thousands of results is read newest first, page by page, from the order of the dates', async () => {
  await using database = await testDatabase()
  const { repository, search } = testStore(database.db)
  const total = 2300
  const resources = Array.from({ length: total }, (_, i) => ({
    resourceType: 'Observation',
    id: `o${i}`,
    status: i % 3 === 0 ? 'final' : 'amended',
    code: { coding: [{ system: LOINC, code: i % 2 === 0 ? 'even' : 'odd' }] },
    subject: { reference: i % 10 === 0 ? 'Patient/rare' : 'Patient/often' },
    ...(i % 17 !== 0 && {
      effectiveDateTime: new Date(Date.UTC(2020, 0, 1 + ((i * 7) % 900))).toISOString(),
    }),
  }))
  await repository.commit(
    database.tenant,
    resources.map((resource) => ({
      type: 'Observation',
      id: resource.id,
      make: () => parseExactObject(JSON.stringify(resource)),
    })),
  )
  const paged = async (query: string) => {
    const found: string[] = []
    let cursor = ''
    do {
      const page = await search.search(
        database.tenant,
        searchFor('Observation', `${query}&_count=400${cursor}`),
      )
      found.push(...page.entries.map(({ id }) => id))
      cursor = page.next === undefined ? '' : `&_cursor=${page.next}`
    } while (cursor !== '')
    return found
  }
  for (const [query, belongs] of [
    ['patient=often', (one) => one.subject.reference === 'Patient/often'],
    ['patient=often,rare', () => true],
    ['code=even', (one) => one.code.coding[0]!.code === 'even'],
    [
      'patient=often&code=odd',
      (one) => one.subject.reference === 'Patient/often' && Number(one.id.slice(1)) % 2 === 1,
    ],
    [
      'patient=rare&status=final&date=ge2021',
      (one) =>
        one.subject.reference === 'Patient/rare' &&
        one.status === 'final' &&
        (one.effectiveDateTime ?? '') >= '2020-12-31T23',
    ],
  ] as [string, (one: (typeof resources)[number]) => boolean][]) {
    for (const sort of ['-date', 'date']) {
      const dateOf = new Map(resources.map((one) => [one.id, one.effectiveDateTime]))
      const found = await paged(`${query}&_sort=${sort}`)
      expect(found.toSorted(), `${query} ${sort}`).toEqual(
        resources
          .filter(belongs)
          .map(({ id }) => id)
          .toSorted(),
      )
      const dates = found.map((id) => dateOf.get(id)).filter((date) => date !== undefined)
      const sorted = dates.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
      expect(dates, `${query} ${sort}`).toEqual(sort === 'date' ? sorted : sorted.toReversed())
      expect(found.slice(0, dates.length).every((id) => dateOf.get(id) !== undefined)).toBe(true)
    }
  }
}, 60_000)
