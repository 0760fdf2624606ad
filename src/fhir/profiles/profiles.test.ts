import { describe, expect, test } from 'vitest'

import type { JsonObject } from '../../kernel/json.ts'
import { findings, ownFindings } from './testing/check.ts'
import {
  birthPlace,
  bloodPressure,
  by,
  frenchPatient,
  identifierOf,
  LOINC,
  OWN,
  result,
  rule,
  structure,
} from './testing/structures.ts'

const patient = (more: JsonObject = {}): JsonObject => ({
  resourceType: 'Patient',
  identifier: [identifierOf('PI', '42')],
  name: [{ family: 'Moreau' }],
  birthDate: '1980-02-03',
  ...more,
})
const observation = (more: JsonObject = {}): JsonObject => ({
  resourceType: 'Observation',
  status: 'final',
  code: { coding: [{ system: LOINC, code: '85354-9' }] },
  ...more,
})

describe('a patient with a national identifier', () => {
  const check = (more: JsonObject) => findings([frenchPatient, birthPlace], patient(more))

  test('conforms', () => {
    expect(check({})).toEqual([])
    const ins = identifierOf('INS-NIR', '180027505612345', 'urn:oid:1.2.250.1.213.1.4.8')
    expect(check({ identifier: [ins, identifierOf('PI', '42'), { value: 'other' }] })).toEqual([])
  })

  test.each<[string, JsonObject, string[]]>([
    ['no name', { name: undefined as never }, ['profile-min Patient.name']],
    ['a photo', { photo: [{ title: 'x' }] }, ['profile-max Patient.photo']],
    ['born too early', { birthDate: '1899-12-31' }, ['profile-min-value Patient.birthDate']],
    [
      'a national number in the wrong system',
      { identifier: [identifierOf('INS-NIR', '1', 'urn:oid:1.2.3'), identifierOf('PI', '42')] },
      ['profile-fixed Patient.identifier[0].system'],
    ],
    [
      'a national number that is too long',
      {
        identifier: [
          identifierOf('PI', '42'),
          identifierOf('INS-NIR', '1234567890123456', 'urn:oid:1.2.250.1.213.1.4.8'),
        ],
      },
      ['profile-length Patient.identifier[1].value'],
    ],
    [
      'two national numbers, and none of the practice',
      {
        identifier: [1, 2].map((n) => identifierOf('INS-NIR', `${n}`, 'urn:oid:1.2.250.1.213.1.4.8')),
      },
      ['profile-slice-max Patient.identifier', 'profile-slice-min Patient.identifier'],
    ],
    [
      'a practitioner that is an organization',
      { generalPractitioner: [{ reference: 'Practitioner/1' }, { reference: 'Organization/1' }] },
      ['profile-target Patient.generalPractitioner[1].reference'],
    ],
    [
      'a birth place without a city',
      { extension: [{ url: `${OWN}birth-place`, valueAddress: { country: 'FR' } }] },
      ['profile-min Patient.extension[0].value.ofType(Address).city'],
    ],
    [
      'a birth place that is no address',
      { extension: [{ url: `${OWN}birth-place`, valueString: 'Lyon' }] },
      ['profile-type Patient.extension[0].value.ofType(string)'],
    ],
    [
      'two birth places',
      { extension: [1, 2].map(() => ({ url: `${OWN}birth-place`, valueAddress: { city: 'Lyon' } })) },
      ['profile-slice-max Patient.extension'],
    ],
  ])('%s', (_what, more, expected) => expect(check(more)).toEqual(expected))

  test('with extensions that the profile does not name conforms', () => {
    expect(check({ extension: [{ url: 'https://other.example/x', valueString: 'y' }] })).toEqual([])
  })

  test('an invariant of the profile is told by its key', () => {
    const bare = { resourceType: 'Patient', birthDate: '1980-01-01' }
    expect(findings([frenchPatient, birthPlace], bare)).toContain('profile-constraint Patient')
  })
})

describe('a blood pressure', () => {
  const component = (code: string, value: JsonObject = { value: 120, code: 'mm[Hg]' }): JsonObject => ({
    code: { coding: [{ system: LOINC, code }] },
    valueQuantity: value,
  })
  const check = (...components: JsonObject[]) =>
    findings([bloodPressure], observation({ component: components }))

  test('has both components in millimetres of mercury, and may have more', () => {
    expect(check(component('8480-6'), component('8462-4'))).toEqual([])
    expect(check(component('8462-4'), component('8480-6'), component('8478-0', { value: 1 }))).toEqual([])
  })

  test('one missing, one twice, another unit, another type', () => {
    expect(check(component('8480-6'), component('8480-6'))).toEqual([
      'profile-slice-max Observation.component',
      'profile-slice-min Observation.component',
    ])
    expect(check(component('8480-6', { value: 16, code: 'kPa' }), component('8462-4'))).toEqual([
      'profile-fixed Observation.component[0].value.ofType(Quantity).code',
    ])
    const text = { code: { coding: [{ system: LOINC, code: '8480-6' }] }, valueString: 'high' }
    expect(check(text, component('8462-4'))).toEqual([
      'profile-type Observation.component[0].value.ofType(string)',
    ])
  })

  test('has no value of its own', () => {
    const resource = observation({
      valueString: 'x',
      component: [component('8480-6'), component('8462-4')],
    })
    expect(findings([bloodPressure], resource)).toEqual(['profile-max Observation.value'])
  })
})

describe('a choice in slices by type', () => {
  test.each<[string, JsonObject, string[]]>([
    ['a quantity with its code', { valueQuantity: { value: 1, code: 'g' } }, []],
    ['a short text', { valueString: 'negative' }, []],
    [
      'a quantity without one',
      { valueQuantity: { value: 1 } },
      ['profile-min Observation.value.ofType(Quantity).code'],
    ],
    [
      'a text that is too long',
      { valueString: 'x'.repeat(21) },
      ['profile-length Observation.value.ofType(string)'],
    ],
    ['what no slice is for', { valueInteger: 1 }, ['profile-slice-closed Observation.value.ofType(integer)']],
  ])('%s', (_what, more, expected) => expect(findings([result], observation(more))).toEqual(expected))
})

describe('a choice that is named with its type', () => {
  const named = (...differential: JsonObject[]) => structure('named', 'Observation', differential)
  const check = (profile: JsonObject, more: JsonObject) => findings([profile], observation(more))

  test('has no other, by path alone and by ids', () => {
    for (const id of ['Observation.value[x]:valueQuantity', 'Observation.valueQuantity', 'e1']) {
      const profile = named(
        { id, path: 'Observation.valueQuantity' },
        { path: 'Observation.valueQuantity.code', min: 1 },
      )
      expect(check(profile, { valueQuantity: { value: 1, code: 'g' } })).toEqual([])
      expect(check(profile, { valueQuantity: { value: 1 } })).toEqual([
        'profile-min Observation.value.ofType(Quantity).code',
      ])
      expect(check(profile, { valueString: 'x' })).toContain('profile-type Observation.value.ofType(string)')
    }
  })

  test('has those that are named, where there are several', () => {
    const profile = named(
      { path: 'Observation.valueQuantity' },
      { path: 'Observation.valueString', maxLength: 3 },
    )
    expect(check(profile, { valueQuantity: { value: 1 } })).toEqual([])
    expect(check(profile, { valueString: 'long' })).toEqual([
      'profile-length Observation.value.ofType(string)',
    ])
    expect(check(profile, { valueInteger: 1 })).toContain('profile-type Observation.value.ofType(integer)')
  })
})

test('a canonical is no uri, though R4 derives it from one', () => {
  const guided = structure('guided', 'GuidanceResponse', [
    { path: 'GuidanceResponse.module[x]', type: [{ code: 'uri' }] },
  ])
  const response = { resourceType: 'GuidanceResponse', status: 'success' }
  expect(findings([guided], { ...response, moduleUri: 'urn:x' })).toEqual([])
  expect(findings([guided], { ...response, moduleCanonical: 'urn:x' })).toEqual([
    'profile-type GuidanceResponse.module.ofType(canonical)',
  ])
})

describe('slices', () => {
  const telecom = (...systems: string[]) =>
    patient({ telecom: systems.map((system) => ({ system, value: '1' })) })
  const slices = (slicing: JsonObject) =>
    structure('contact-points', 'Patient', [
      { path: 'Patient.telecom', slicing: { discriminator: [by('value', 'system')], ...slicing } },
      { path: 'Patient.telecom', sliceName: 'phone' },
      { path: 'Patient.telecom.system', fixedCode: 'phone' },
      { path: 'Patient.telecom', sliceName: 'email' },
      { path: 'Patient.telecom.system', fixedCode: 'email' },
    ])

  test('closed: nothing else', () => {
    const closed = slices({ rules: 'closed' })
    expect(findings([closed], telecom('email', 'phone', 'phone'))).toEqual([])
    expect(findings([closed], telecom('phone', 'fax'))).toEqual(['profile-slice-closed Patient.telecom[1]'])
  })

  test('open at the end: what else there is comes last', () => {
    const atEnd = slices({ rules: 'openAtEnd' })
    expect(findings([atEnd], telecom('phone', 'email', 'fax'))).toEqual([])
    expect(findings([atEnd], telecom('phone', 'fax', 'email'))).toEqual([
      'profile-slice-end Patient.telecom[2]',
    ])
  })

  test('ordered: as in the profile', () => {
    const ordered = slices({ rules: 'open', ordered: true })
    expect(findings([ordered], telecom('phone', 'fax', 'email'))).toEqual([])
    expect(findings([ordered], telecom('email', 'phone'))).toEqual(['profile-slice-order Patient.telecom[1]'])
  })

  test('a default slice takes the rest', () => {
    const withDefault = structure('default', 'Patient', [
      { path: 'Patient.telecom', slicing: { discriminator: [by('value', 'system')], rules: 'closed' } },
      { path: 'Patient.telecom', sliceName: 'phone' },
      { path: 'Patient.telecom.system', fixedCode: 'phone' },
      { path: 'Patient.telecom', sliceName: '@default', max: '1' },
      { path: 'Patient.telecom.value', maxLength: 0 },
    ])
    expect(findings([withDefault], telecom('phone'))).toEqual([])
    expect(findings([withDefault], telecom('phone', 'fax'))).toEqual([
      'profile-length Patient.telecom[1].value',
    ])
  })

  test('by whether an element is there', () => {
    const byExistence = structure('by-existence', 'Patient', [
      { path: 'Patient.name', slicing: { discriminator: [by('exists', 'period')], rules: 'open' } },
      { path: 'Patient.name', sliceName: 'former' },
      { path: 'Patient.name.period', min: 1 },
      { path: 'Patient.name.use', min: 1 },
      { path: 'Patient.name', sliceName: 'current', max: '1' },
      { path: 'Patient.name.period', max: '0' },
    ])
    const named = (...name: JsonObject[]) => findings([byExistence], patient({ name }))
    expect(named({ family: 'A' }, { family: 'B', use: 'maiden', period: { end: '2010' } })).toEqual([])
    expect(named({ family: 'A' }, { family: 'B' })).toEqual(['profile-slice-max Patient.name'])
    expect(named({ family: 'B', period: { end: '2010' } })).toEqual(['profile-min Patient.name[0].use'])
  })

  test('by two discriminators at once, one through an extension', () => {
    const byExtension = structure('by-extension', 'Patient', [
      {
        path: 'Patient.telecom',
        slicing: {
          discriminator: [by('value', 'system'), by('value', "extension('https://x.example/kind').value")],
          rules: 'open',
        },
      },
      { path: 'Patient.telecom', sliceName: 'secure' },
      { path: 'Patient.telecom.system', fixedCode: 'email' },
      { path: 'Patient.telecom.extension', sliceName: 'kind' },
      { path: 'Patient.telecom.extension.url', fixedUri: 'https://x.example/kind' },
      { path: 'Patient.telecom.extension.value[x]', fixedCode: 'mss' },
      { path: 'Patient.telecom.rank', min: 1 },
    ])
    const point = (system: string, kind: string) => ({
      system,
      value: 'x',
      extension: [{ url: 'https://x.example/kind', valueCode: kind }],
    })
    const check = (each: JsonObject) => findings([byExtension], patient({ telecom: [each] }))
    expect(check(point('email', 'other'))).toEqual([])
    expect(check(point('phone', 'mss'))).toEqual([])
    expect(check(point('email', 'mss'))).toEqual(['profile-min Patient.telecom[0].rank'])
  })

  test('by the profile of the value', () => {
    const official = structure('official-identifier', 'Identifier', [
      { path: 'Identifier.use', min: 1, fixedCode: 'official' },
    ])
    const byProfile = structure('by-profile', 'Patient', [
      { path: 'Patient.identifier', slicing: { discriminator: [by('profile', '$this')], rules: 'open' } },
      {
        path: 'Patient.identifier',
        sliceName: 'official',
        min: 1,
        type: [{ code: 'Identifier', profile: [`${OWN}official-identifier`] }],
      },
    ])
    const check = (use: string) =>
      findings([byProfile, official], patient({ identifier: [{ use, value: '1' }] }))
    expect(check('official')).toEqual([])
    expect(check('usual')).toEqual(['profile-slice-min Patient.identifier'])
  })

  test('by the type and the profile of what a reference points to', () => {
    const byTarget = structure('by-target', 'Observation', [
      {
        path: 'Observation.performer',
        slicing: { discriminator: [by('type', 'resolve()')], rules: 'closed' },
      },
      {
        path: 'Observation.performer',
        sliceName: 'lab',
        min: 1,
        type: [
          { code: 'Reference', targetProfile: ['http://hl7.org/fhir/StructureDefinition/Organization'] },
        ],
      },
    ])
    const check = (...performer: JsonObject[]) =>
      findings([byTarget], observation({ performer, contained: [{ resourceType: 'Organization', id: 'o' }] }))
    expect(check({ reference: 'Organization/1' }, { reference: '#o' })).toEqual([])
    expect(check({ reference: 'Practitioner/1' })).toEqual([
      'profile-slice-closed Observation.performer[0]',
      'profile-slice-min Observation.performer',
    ])
  })

  test('of slices', () => {
    const resliced = structure('resliced', 'Patient', [
      { path: 'Patient.telecom', slicing: { discriminator: [by('value', 'system')], rules: 'open' } },
      {
        path: 'Patient.telecom',
        sliceName: 'phone',
        slicing: { discriminator: [by('value', 'use')], rules: 'closed' },
      },
      { path: 'Patient.telecom.system', fixedCode: 'phone' },
      { path: 'Patient.telecom', sliceName: 'phone/home', max: '1' },
      { path: 'Patient.telecom.use', fixedCode: 'home' },
    ])
    const check = (...uses: string[]) =>
      findings([resliced], patient({ telecom: uses.map((use) => ({ system: 'phone', value: '1', use })) }))
    expect(check('home')).toEqual([])
    expect(check('home', 'home')).toEqual(['profile-slice-max Patient.telecom'])
    expect(check('work')).toEqual(['profile-slice-closed Patient.telecom[0]'])
  })

  test('that nothing tells apart are not held against anybody, and a review says so', () => {
    const vague = structure('vague', 'Patient', [
      { path: 'Patient.telecom', slicing: { discriminator: [by('value', 'system')], rules: 'closed' } },
      { path: 'Patient.telecom', sliceName: 'any', min: 1 },
    ])
    expect(findings([vague], telecom('fax'))).toEqual([])
    expect(findings([vague], telecom('fax'), { depth: 'review' })).toEqual([
      'profile-slice-unchecked Patient.telecom',
    ])
  })
})

describe('a profile of a profile', () => {
  const child = structure(
    'child',
    'Patient',
    [
      { id: 'Patient.identifier:ins', path: 'Patient.identifier', sliceName: 'ins', min: 1 },
      { id: 'Patient.identifier:ins.value', path: 'Patient.identifier.value', maxLength: 13 },
      { id: 'Patient.telecom', path: 'Patient.telecom', min: 1 },
    ],
    { baseDefinition: frenchPatient['url']! },
  )

  test('has the rules of both, also within the same slice', () => {
    const all = [child, frenchPatient, birthPlace]
    expect(findings(all, patient())).toEqual([
      'profile-slice-min Patient.identifier',
      'profile-min Patient.telecom',
    ])
    const ins = identifierOf('INS-NIR', '18002750561234', 'urn:oid:9')
    expect(
      findings(all, patient({ identifier: [ins, identifierOf('PI', '1')], telecom: [{ value: '1' }] })),
    ).toEqual(['profile-fixed Patient.identifier[0].system', 'profile-length Patient.identifier[0].value'])
  })

  test('whose base is not here is checked by what it says itself', () => {
    expect(findings([child], patient())).toEqual(['profile-min Patient.telecom'])
    expect(findings([child], patient(), { depth: 'review' })).toContain('profile-base-unknown Patient')
  })

  test('that is its own base ends', () => {
    const circle = structure('circle', 'Patient', [{ path: 'Patient.telecom', min: 1 }], {
      baseDefinition: `${OWN}circle`,
    })
    expect(findings([circle], patient())).toEqual(['profile-min Patient.telecom'])
  })
})

describe('a snapshot', () => {
  test('is taken as it is: the differential and the base are not asked', () => {
    const whole = {
      ...structure('whole', 'Patient', [{ path: 'Patient.photo', min: 1 }], {
        baseDefinition: `${OWN}nowhere`,
      }),
      snapshot: {
        element: [
          { id: 'Patient', path: 'Patient', min: 0, max: '*' },
          {
            id: 'Patient.id',
            path: 'Patient.id',
            min: 0,
            max: '1',
            type: [{ code: 'http://hl7.org/fhirpath/System.String' }],
          },
          {
            id: 'Patient.contact',
            path: 'Patient.contact',
            min: 0,
            max: '*',
            type: [{ code: 'BackboneElement' }],
            constraint: [
              rule('pat-1', 'In R4 already', 'false'),
              rule('ele-1', 'In R4 already', 'false'),
              rule('own-1', 'A name', 'name.exists()'),
            ],
          },
          { id: 'Patient.telecom', path: 'Patient.telecom', min: 2, max: '*' },
        ],
      },
    }
    const resource = patient({ id: 'x', contact: [{ gender: 'female' }], telecom: [{ value: '1' }] })
    expect(findings([whole], resource)).toEqual([
      'profile-constraint Patient.contact[0]',
      'profile-min Patient.telecom',
    ])
  })
})

describe('bindings', () => {
  const bound = (strength: string) =>
    structure('bound', 'Observation', [
      { path: 'Observation.category', binding: { strength, valueSet: 'https://x.example/ValueSet/c|1.0' } },
      {
        path: 'Observation.status',
        binding: { strength: 'required', valueSet: 'https://x.example/ValueSet/s' },
      },
    ])
  const contains = (valueSet: string, code: string) =>
    code === 'odd' ? 'unknown' : valueSet.includes('/c') === (code === 'good') ? 'yes' : 'no'
  const category = (...codes: string[]) =>
    observation({ category: [{ coding: codes.map((code) => ({ system: 'urn:x', code })) }] })

  test('required: one coding of the value set, whatever else there is', () => {
    const check = (resource: JsonObject) => findings([bound('required')], resource, { contains })
    expect(check(category('bad', 'good'))).toEqual([])
    expect(check(category('bad'))).toEqual(['profile-binding Observation.category[0]'])
    expect(check(observation({ category: [{ text: 'free' }] }))).toEqual([
      'profile-binding Observation.category[0]',
    ])
    expect(check(observation({ status: 'good' }))).toEqual(['profile-binding Observation.status'])
  })

  test('extensible: advice, and text alone is fine', () => {
    const options = { contains, depth: 'review' } as const
    expect(findings([bound('extensible')], category('bad'), { contains })).toEqual([])
    expect(findings([bound('extensible')], category('bad'), options)).toEqual([
      'profile-binding-extensible Observation.category[0]',
    ])
    expect(findings([bound('extensible')], observation({ category: [{ text: 'free' }] }), options)).toEqual(
      [],
    )
  })

  test('a value set that nobody knows refuses nothing, and a review says so', () => {
    expect(findings([bound('required')], category('odd'), { contains })).toEqual([])
    expect(findings([bound('required')], category('odd'), { contains, depth: 'review' })).toEqual([
      'profile-binding-unchecked Observation.category[0]',
    ])
  })
})

describe('invariants', () => {
  const withRule = (path: string, expression: string, severity = 'error') =>
    structure('ruled', 'Patient', [{ path, constraint: [rule('x-1', 'A rule', expression, severity)] }])

  test.each([
    ['compiled', 'Patient.name', 'family.exists()', 'family.empty()'],
    ['of the general engine', 'Patient.name', "family.upper() = 'MOREAU'", "family.upper() = 'X'"],
    ['of the root', 'Patient', 'birthDate <= today()', 'birthDate > today()'],
    ['of a primitive', 'Patient.birthDate', "$this.toString().startsWith('1980')", '$this > today()'],
    [
      'about the resource around it',
      'Patient.name',
      '%resource.birthDate.exists()',
      '%resource.photo.exists()',
    ],
  ])('%s', (_what, path, good, bad) => {
    expect(findings([withRule(path, good)], patient())).toEqual([])
    expect(findings([withRule(path, bad)], patient())).toHaveLength(1)
  })

  test('sees what is contained', () => {
    const employed = withRule(
      'Patient',
      "managingOrganization.resolve().all(conformsTo('http://hl7.org/fhir/StructureDefinition/Organization') and name = 'Lab')",
    )
    const at = (name: string) =>
      patient({
        contained: [{ resourceType: 'Organization', id: 'o', name }],
        managingOrganization: { reference: '#o' },
      })
    expect(findings([employed], at('Lab'))).toEqual([])
    expect(findings([employed], at('Pharmacy'))).toEqual(['profile-constraint Patient'])
  })

  test('a warning is told in a review only', () => {
    const advice = withRule('Patient', 'photo.exists()', 'warning')
    expect(findings([advice], patient())).toEqual([])
    expect(findings([advice], patient(), { depth: 'review' })).toEqual(['profile-constraint-advice Patient'])
  })

  test('what is no FHIRPath, or fails, refuses nothing, and a review says so', () => {
    for (const expression of ['((', 'name.nothing(', "memberOf('x')", '1 / name']) {
      const broken = withRule('Patient', expression)
      expect(findings([broken], patient())).toEqual([])
      expect(findings([broken], patient(), { depth: 'review' })).toEqual([
        'profile-constraint-unchecked Patient',
      ])
    }
  })
})

describe('the profiles that a resource names', () => {
  const named = (...profile: string[]) => ({ meta: { profile } })

  test('are those that it is checked with, by version where it names one', () => {
    const one = { ...structure('v', 'Patient', [{ path: 'Patient.telecom', min: 1 }]), version: '9.0' }
    const two = { ...structure('v', 'Patient', [{ path: 'Patient.photo', min: 1 }]), version: '10.0' }
    expect(ownFindings([one, two], patient())).toEqual([])
    expect(ownFindings([one, two], patient(named(`${OWN}v`)))).toEqual(['profile-min Patient.photo'])
    expect(ownFindings([one, two], patient(named(`${OWN}v|9.0`)))).toEqual(['profile-min Patient.telecom'])
    expect(ownFindings([one, two], patient(named(`${OWN}v|8.0`)), { depth: 'review' })).toEqual([
      'profile-unknown Patient.meta.profile[0]',
    ])
  })

  test('must be for its type; those of R4 itself are', () => {
    const r4 = 'http://hl7.org/fhir/StructureDefinition/'
    expect(ownFindings([], patient(named(`${r4}Patient`, `${r4}DomainResource`)))).toEqual([])
    expect(ownFindings([], patient(named(`${r4}Group`)))).toEqual([
      'profile-other-type Patient.meta.profile[0]',
    ])
    expect(ownFindings([bloodPressure], patient(named(`${OWN}blood-pressure`)))).toEqual([
      'profile-other-type Patient.meta.profile[0]',
    ])
  })

  test('that are not here refuse nothing, and a review says so without repeating what is no URL', () => {
    const resource = patient(named('https://nowhere.example/p', 'née Moreau'))
    expect(ownFindings([], resource)).toEqual([])
    expect(ownFindings([], resource, { depth: 'review' })).toEqual([
      'profile-unknown Patient.meta.profile[0]',
      'profile-unknown Patient.meta.profile[1]',
    ])
  })

  test('count for contained resources and entries of a Bundle too', () => {
    const inner = { resourceType: 'Observation', id: 'o', ...named(`${OWN}blood-pressure`), valueString: 'x' }
    const expected = ['value', 'component']
    expect(ownFindings([bloodPressure], patient({ contained: [inner] }))).toHaveLength(4)
    const bundle = { resourceType: 'Bundle', type: 'collection', entry: [{ resource: inner }] }
    const found = ownFindings([bloodPressure], bundle).join('\n')
    for (const element of expected) expect(found).toContain(`Bundle.entry[0].resource.${element}`)
  })
})

test('a reference into the same Bundle is checked by the profile of its target', () => {
  const report = structure('report', 'DiagnosticReport', [
    {
      path: 'DiagnosticReport.result',
      type: [{ code: 'Reference', targetProfile: [`${OWN}blood-pressure`] }],
    },
  ])
  const bundle = (value: JsonObject, reference: string) => ({
    resourceType: 'Bundle',
    type: 'document',
    entry: [
      {
        fullUrl: 'https://x.example/DiagnosticReport/1',
        resource: {
          resourceType: 'DiagnosticReport',
          meta: { profile: [`${OWN}report`] },
          result: [{ reference }],
        },
      },
      { fullUrl: 'urn:uuid:1', resource: { resourceType: 'Observation', id: 'o', ...value } },
    ],
  })
  for (const reference of ['urn:uuid:1', 'Observation/o']) {
    expect(ownFindings([report, bloodPressure], bundle({ valueString: 'x' }, reference))).toEqual([
      'profile-target Bundle.entry[0].resource.result[0].reference',
    ])
  }
  expect(ownFindings([report, bloodPressure], bundle({}, 'Observation/elsewhere'))).toEqual([])
})

describe('a document', () => {
  const composition = structure('letter', 'Composition', [
    {
      path: 'Composition.section',
      slicing: { discriminator: [by('pattern', 'code')], rules: 'open' },
      min: 1,
    },
    { path: 'Composition.section', sliceName: 'vitals', min: 1, max: '1' },
    {
      path: 'Composition.section.code',
      min: 1,
      patternCodeableConcept: { coding: [{ system: LOINC, code: '8716-3' }] },
    },
    {
      path: 'Composition.section.entry',
      slicing: { discriminator: [by('profile', 'resolve()')], rules: 'open' },
    },
    {
      path: 'Composition.section.entry',
      sliceName: 'pressure',
      min: 1,
      type: [{ code: 'Reference', targetProfile: [`${OWN}blood-pressure`] }],
    },
  ])
  const document = structure('document', 'Bundle', [
    { path: 'Bundle.entry', slicing: { discriminator: [by('type', 'resource')], rules: 'open' } },
    { path: 'Bundle.entry', sliceName: 'letter', min: 1, max: '1' },
    { path: 'Bundle.entry.resource', type: [{ code: 'Composition', profile: [`${OWN}letter`] }] },
    { path: 'Bundle.entry', sliceName: 'patient', min: 1 },
    { path: 'Bundle.entry.resource', type: [{ code: 'Patient', profile: [`${OWN}contained-lab`] }] },
  ])
  // Says of %resource and of what is contained: both are those of the entry, not of the Bundle.
  const containedLab = structure('contained-lab', 'Patient', [
    {
      path: 'Patient.name',
      constraint: [rule('c-1', 'Of the entry', "%resource.birthDate.exists() and %rootResource.id = 'p'")],
    },
    {
      path: 'Patient.managingOrganization',
      type: [{ code: 'Reference', targetProfile: [`${OWN}named-organization`] }],
    },
  ])
  const organization = structure('named-organization', 'Organization', [
    { path: 'Organization.name', min: 1 },
  ])
  const all = [document, composition, bloodPressure, containedLab, organization]

  const component = (code: string): JsonObject => ({
    code: { coding: [{ system: LOINC, code }] },
    valueQuantity: { value: 120, code: 'mm[Hg]' },
  })
  const pressure = observation({ id: 'o', component: [component('8480-6'), component('8462-4')] })
  const lab = (more: JsonObject): JsonObject => ({ resourceType: 'Organization', id: 'lab', ...more })
  const bundle = (entry: JsonObject, name: JsonObject, ...sections: JsonObject[]): JsonObject => ({
    resourceType: 'Bundle',
    type: 'document',
    entry: [
      { fullUrl: 'urn:uuid:c', resource: { resourceType: 'Composition', section: sections } },
      {
        fullUrl: 'https://x.example/Patient/p',
        resource: patient({ id: 'p', contained: [lab(name)], managingOrganization: { reference: '#lab' } }),
      },
      { fullUrl: 'urn:uuid:o', resource: entry },
    ],
  })
  const vitals = (reference: string): JsonObject => ({
    code: { coding: [{ system: LOINC, code: '8716-3' }] },
    entry: [{ reference }],
  })
  const check = (resource: JsonObject) => findings(all, resource)

  test('has its letter and its patient, each with what is asked of them', () => {
    expect(check(bundle(pressure, { name: 'Lab' }, vitals('urn:uuid:o')))).toEqual([])
  })

  test('is told where a section, an entry of it or a contained resource is not as it must be', () => {
    expect(check(bundle(pressure, { name: 'Lab' }))).toEqual([
      'profile-min Bundle.entry[0].resource.section',
      'profile-slice-min Bundle.entry[0].resource.section',
    ])
    const other = observation({ id: 'o' })
    expect(check(bundle(other, { name: 'Lab' }, vitals('urn:uuid:o')))).toEqual([
      'profile-slice-min Bundle.entry[0].resource.section[0].entry',
    ])
    expect(check(bundle(pressure, { alias: ['x'] }, vitals('urn:uuid:o')))).toEqual([
      'profile-target Bundle.entry[1].resource.managingOrganization.reference',
    ])
  })
})

test('contained resources that refer to each other end', () => {
  const person = structure('person', 'Patient', [
    {
      path: 'Patient.link.other',
      type: [{ code: 'Reference', targetProfile: [`${OWN}person`] }],
    },
  ])
  const link = (reference: string) => [{ type: 'seealso', other: { reference } }]
  const resource = patient({
    contained: [{ resourceType: 'Patient', id: 'a', link: link('#') }],
    link: link('#a'),
  })
  expect(findings([person], resource)).toEqual([])
})
