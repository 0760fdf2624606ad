/** The preset france on messages of IHE PAM France (ITI TF-4 chapter 4) and of laboratories; all people are invented. */
import { describe, expect, test } from 'vitest'

import { identifiersOf } from '../known.ts'
import { mapMessage, mergeMapped, type Mapped, type MappedResource, type MappingContext } from './index.ts'
import { CONTEXT, dangling, message, ofType, only, presetProgram, problems } from './testing/compiled.ts'

const program = await presetProgram('france')
const CORE = 'https://hl7.fr/ig/fhir/core'
const HOSPITAL = 'CHP&1.2.250.1.99.7&ISO'
const INS = '284067500112233^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.8&ISO^INS'

/** A segment from its fields by number. */
function segment(name: string, fields: Readonly<Record<number, string>>): string {
  const last = Math.max(...Object.keys(fields).map(Number))
  return [name, ...Array.from({ length: last }, (_, at) => fields[at + 1] ?? '')].join('|')
}

interface Said {
  readonly event?: string
  readonly version?: string
  readonly pid?: Readonly<Record<number, string>>
  readonly pv1?: Readonly<Record<number, string>>
  /** Behind PID. */
  readonly people?: readonly string[]
  readonly more?: readonly string[]
}

const PID = {
  3: `IPP7001^^^${HOSPITAL}^PI~${INS}`,
  5: 'LEFÈVRE^CAMILLE^CAMILLE ROSE ANNE^^^^L~MARCHAND^CAMILLE^^^MME^^D',
  7: '19840612',
  8: 'F',
  11: '7 RUE DES OLIVIERS^BÂT. C^AIX-EN-PROVENCE^^13100^FRA^H^^13001~^^NICE^^06000^FRA^BDL^^06088',
  13: '^PRN^PH^^^^^^^^^0442000001',
  18: `NDA5501^^^${HOSPITAL}^AN`,
  26: 'FRA',
  32: 'VALI',
}
const PV1 = {
  2: 'I',
  3: 'UH31^204^2',
  7: '20003345781^ROUX^HÉLÈNE^^^DR^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^L^^^RPPS',
  19: `VN88001^^^${HOSPITAL}^VN`,
  44: '20260310080000',
}

function adt({ event = 'A01', version = '2.11', pid = {}, pv1 = {}, people = [], more = [] }: Said = {}) {
  return message(
    `MSH|^~\\&|GAM|CHP|PASSERELLE|CHP|20260310081500||ADT^${event}^ADT_A01|FR-${event}|P|2.5^FRA^${version}|||||FRA|8859/15`,
    'EVN||20260310081500||||20260310080000',
    segment('PID', { ...PID, ...pid }),
    ...people,
    segment('PV1', { ...PV1, ...pv1 }),
    ...more,
  )
}

function zbe(fields: Readonly<Record<number, string>> = {}): string {
  return segment('ZBE', {
    1: 'MVT1^CHP^1.2.250.1.99.7^ISO',
    2: '20260310080000',
    4: 'INSERT',
    5: 'N',
    7: `CARDIOLOGIE^^^^^${HOSPITAL}^UF^^^4220`,
    8: `SOINS DE CARDIOLOGIE^^^^^${HOSPITAL}^UF^^^4221`,
    9: 'HMS^Changement conjoint des trois responsabilités',
    ...fields,
  })
}

const map = (from: ReturnType<typeof message>, context: Partial<MappingContext> = {}): Mapped =>
  mapMessage(program, from, { ...CONTEXT, namespaces: {}, ...context })

const movementOf = (mapped: Mapped): MappedResource =>
  ofType(mapped, 'Encounter').find(({ resource }) => resource['partOf'] !== undefined)!
const visitOf = (mapped: Mapped): MappedResource =>
  ofType(mapped, 'Encounter').find(({ resource }) => resource['partOf'] === undefined)!
const organization = (mapped: Mapped, value: string): MappedResource =>
  ofType(mapped, 'Organization').find(({ resource }) =>
    JSON.stringify(resource['identifier']).includes(value),
  )!

const ADMISSION = adt({
  more: [
    'PV2|||||||||20260314',
    zbe(),
    segment('ZFA', { 1: 'ACTIF', 2: '20260301', 4: 'Y', 6: 'N', 7: 'Y' }),
    'ZFP|4|37',
    segment('ZFV', {
      1: '130780521^20260301',
      6: '12 BD DE LA SANTÉ^^TOULON^^83000^FRA^ORI',
      7: `NDA77^^^${HOSPITAL}^AN`,
    }),
    'ZFM|7||1||5',
    'ZFD|||Y|N|CV|20260309|CN',
    segment('ZFS', {
      1: '1',
      2: 'ZFS1^CHP^1.2.250.1.99.7^ISO',
      3: '20260310',
      5: 'INSERT',
      6: 'SL^Soins libres',
      7: '1',
    }),
    'OBX|1|NM|8302-2^Taille^LN||1,65|m|||||F',
    'DG1|1||I10^Hypertension essentielle^CIM10||20260310|W',
  ],
})

describe('an admission (ADT^A01)', () => {
  const mapped = map(ADMISSION)
  const visit = visitOf(mapped).resource

  test('is valid R4 as a whole, and no reference leads nowhere', () => {
    expect(problems(mapped)).toEqual([])
    expect(dangling(mapped)).toEqual([])
    expect(mapped.warnings.filter(({ code }) => code.startsWith('segment'))).toEqual([])
  })

  test('makes the visit with its place since the movement, its unit and its account', () => {
    expect(visit).toMatchObject({
      status: 'in-progress',
      class: { code: 'IMP' },
      serviceProvider: { reference: `Organization/${organization(mapped, '4220').id}` },
      location: [{ status: 'active', period: { start: '2026-03-10T08:00:00+01:00' } }],
      account: [{ reference: `Account/${only(mapped, 'Account').id}` }],
      extension: expect.arrayContaining([
        { url: `${CORE}/StructureDefinition/fr-core-estimated-discharge-date`, valueDate: '2026-03-14' },
      ]),
    })
    const role = only(mapped, 'PractitionerRole')
    expect(role.resource['organization']).toEqual({
      reference: `Organization/${organization(mapped, '4221').id}`,
    })
    expect(visit['participant']).toContainEqual({
      individual: { reference: `PractitionerRole/${role.id}` },
      type: [{ text: 'unité responsable des soins' }],
    })
  })

  test('makes the movement an encounter inside the visit, as FR Core has it', () => {
    expect(movementOf(mapped).resource).toMatchObject({
      identifier: [{ system: 'urn:oid:1.2.250.1.99.7', value: 'MVT1', type: { coding: [{ code: 'MN' }] } }],
      partOf: { reference: `Encounter/${visitOf(mapped).id}` },
      status: 'in-progress',
      period: { start: '2026-03-10T08:00:00+01:00' },
      type: [{ coding: [{ code: 'A01' }, { code: 'HMS' }] }],
      serviceProvider: { reference: `Organization/${organization(mapped, '4220').id}` },
      location: visit['location'] === undefined ? [] : [{ period: { start: '2026-03-10T08:00:00+01:00' } }],
    })
    expect(only(mapped, 'Provenance').resource['activity']).toMatchObject({
      coding: [{ code: 'CREATE' }, { code: 'A01' }],
    })
  })

  test('keeps how the patient came, in the codes of the PMSI, and from where', () => {
    const { admitSource, origin, preAdmissionIdentifier } = visit['hospitalization'] as Record<string, object>
    const codes = (admitSource as { coding: { code: string; system: string }[] }).coding
    expect(codes.map(({ code, system }) => `${system.split(':').at(-1)} ${code}`)).toEqual([
      'ZFM-1 7',
      'ZFM-3 1',
      'ZFM-5 5',
    ])
    expect(origin).toEqual({ reference: `Organization/${organization(mapped, '130780521').id}` })
    expect(organization(mapped, '130780521').resource).toMatchObject({
      identifier: [{ system: 'https://finess.esante.gouv.fr', type: { coding: [{ code: 'FINEG' }] } }],
      address: [{ city: 'TOULON' }],
    })
    expect(preAdmissionIdentifier).toMatchObject({ value: 'NDA77' })
  })

  test('names the general practitioner (ROL, ODRP)', () => {
    const doctor = '10001234567^ROUX^HÉLÈNE^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^D^^^RPPS'
    const role = `ROL||UC|ODRP|${doctor}`
    for (const told of [map(adt({ people: [role] })), map(adt({ more: [role, zbe()] }))]) {
      expect(only(told, 'Patient').resource['generalPractitioner']).toHaveLength(1)
      expect(problems(told)).toEqual([])
      expect(dangling(told)).toEqual([])
    }
  })

  test('keeps what the patient said to: DMP and SMS', () => {
    const said = ofType(mapped, 'Consent').map(({ resource }) => {
      const { category, provision, patient } = resource as unknown as {
        category: [{ coding: [{ code: string }] }]
        provision: { type: string }
        patient: { reference: string }
      }
      expect(patient.reference).toBe(`Patient/${only(mapped, 'Patient').id}`)
      return `${category[0].coding[0].code} ${provision.type}`
    })
    expect(said.toSorted()).toEqual([
      'dmp-access permit',
      'dmp-emergency permit',
      'dmp-regulation deny',
      'sms permit',
    ])
  })

  test('makes observations of what has no other home: DMP status, occupation, legal mode of care', () => {
    const byCode = new Map(
      ofType(mapped, 'Observation').map(({ resource }) => {
        const { coding } = resource['code'] as { coding: [{ code: string }] }
        return [coding[0].code, resource]
      }),
    )
    expect([...byCode.keys()].toSorted()).toEqual(['11341-5', '8302-2', 'dmp-status', 'legal-care-mode'])
    expect(byCode.get('dmp-status')).toMatchObject({
      valueCodeableConcept: { coding: [{ code: 'ACTIF' }] },
      effectiveDateTime: '2026-03-01',
    })
    expect(byCode.get('11341-5')).toMatchObject({
      valueCodeableConcept: { coding: [{ code: '37' }] },
      component: [{ valueCodeableConcept: { coding: [{ code: '4' }] } }],
    })
    expect(byCode.get('legal-care-mode')).toMatchObject({
      identifier: [{ value: 'ZFS1' }],
      effectivePeriod: { start: '2026-03-10' },
      valueCodeableConcept: { coding: [{ code: 'SL' }] },
    })
  })

  test('reads a decimal comma when the switch of the preset says so, and CIM-10 as ICD-10', () => {
    const height = ofType(map(ADMISSION, { switches: { 'decimal-comma': 'number' } }), 'Observation')
    expect(JSON.stringify(height.map(({ exact }) => exact))).toContain('"value":1.65')
    expect(only(mapped, 'Condition').resource['code']).toMatchObject({
      coding: [{ system: 'http://hl7.org/fhir/sid/icd-10', code: 'I10' }],
    })
  })

  test('that comes again changes nothing', () => {
    expect(map(ADMISSION)).toEqual(mapped)
    for (const resource of mapped.resources) {
      const first = mergeMapped(undefined, resource)
      expect(mergeMapped(first.exact, resource)).toEqual(first)
    }
  })
})

describe('a movement', () => {
  const admitted = map(ADMISSION)

  test('that is updated (ADT^Z99) is the same movement', () => {
    const updated = map(
      adt({
        event: 'Z99',
        pv1: { 3: 'UH31^207^1' },
        more: [zbe({ 4: 'UPDATE', 6: 'A01', 9: 'L^Changement de lit' })],
      }),
    )
    expect(problems(updated)).toEqual([])
    expect(movementOf(updated).id).toBe(movementOf(admitted).id)
    expect(visitOf(updated).id).toBe(visitOf(admitted).id)
    expect(movementOf(updated).resource['type']).toMatchObject([{ coding: [{ code: 'A01' }, { code: 'L' }] }])
    expect(only(updated, 'Provenance').resource['activity']).toMatchObject({
      coding: [{ code: 'UPDATE' }, {}],
    })
  })

  test('that is cancelled stays, cancelled', () => {
    const cancelled = map(adt({ event: 'A12', more: [zbe({ 4: 'CANCEL', 6: 'A02' })] }))
    expect(movementOf(cancelled).id).toBe(movementOf(admitted).id)
    expect(movementOf(cancelled).resource['status']).toBe('cancelled')
    expect(visitOf(cancelled).resource['serviceProvider']).toBeUndefined()
  })

  test('of the past does not move the patient', () => {
    const historic = map(adt({ event: 'Z99', more: [zbe({ 4: 'UPDATE', 5: 'Y', 6: 'A02' })] }))
    expect(visitOf(historic).resource['location']).toBeUndefined()
    expect(visitOf(historic).resource['serviceProvider']).toBeUndefined()
    expect(movementOf(historic).resource).toMatchObject({ status: 'finished', location: [{}] })
  })

  test('with a number of the sender’s own belongs to its visit, and no visit is taken for it', () => {
    const inVisit = (visit: string) =>
      map(adt({ pv1: { 19: `${visit}^^^${HOSPITAL}^VN` }, more: [zbe({ 1: '1' })] }))
    expect(movementOf(inVisit('A')).id).not.toBe(movementOf(inVisit('B')).id)
    expect(movementOf(inVisit('A')).id).toBe(movementOf(inVisit('A')).id)
    const sought = identifiersOf(admitted.resources).filter(({ type }) => type === 'Encounter')
    expect(sought).toMatchObject([{ value: 'VN88001' }])
  })

  test('that goes out (ADT^A03) ends the visit with its circumstances', () => {
    const left = map(
      adt({
        event: 'A03',
        pv1: { 36: 'P', 45: '20260313100000' },
        more: [zbe({ 1: 'MVT9^CHP^1.2.250.1.99.7^ISO', 2: '20260313100000' }), 'ZFM||8||7'],
      }),
    )
    expect(problems(left)).toEqual([])
    expect(visitOf(left).resource).toMatchObject({
      status: 'finished',
      period: { end: '2026-03-13T10:00:00+01:00' },
      hospitalization: {
        dischargeDisposition: {
          coding: [
            { system: `${CORE}/CodeSystem/fr-core-cs-circonstances-sortie`, code: 'P' },
            { code: '8', display: 'Domicile' },
            { code: '7', display: 'Structure médico-sociale' },
          ],
        },
      },
    })
    expect(movementOf(left).resource['status']).toBe('finished')
  })

  test('makes no encounter when the switch says so', () => {
    const without = map(ADMISSION, { switches: { 'movement-encounters': 'off' } })
    expect(ofType(without, 'Encounter')).toHaveLength(1)
  })
})

describe('an identity', () => {
  const identifierOf = (mapped: Mapped, value: string) =>
    (only(mapped, 'Patient').resource['identifier'] as { value: string }[]).find(
      (each) => each.value === value,
    )

  test('that is validated (PID-32 VALI) keeps its INS as such', () => {
    const mapped = map(adt())
    expect(identifierOf(mapped, '284067500112233')).toMatchObject({
      system: 'urn:oid:1.2.250.1.213.1.4.8',
      use: 'official',
      type: { coding: [{ system: `${CORE}/CodeSystem/fr-core-cs-v2-0203`, code: 'INS-NIR' }] },
    })
    expect(identifierOf(mapped, 'IPP7001')).toMatchObject({
      use: 'usual',
      type: { coding: [{ code: 'PI' }] },
    })
  })

  test('that is provisional has its INS flagged, and nobody is found by it', () => {
    const mapped = map(adt({ pid: { 32: 'PROV' } }))
    expect(identifierOf(mapped, '284067500112233')).toMatchObject({
      use: 'temp',
      type: { coding: [{ code: 'NI' }], text: 'INS non qualifiée' },
    })
    const sought = (of: Mapped) => identifiersOf(of.resources).map(({ value }) => value)
    expect(sought(mapped)).not.toContain('284067500112233')
    expect(sought(map(adt()))).toContain('284067500112233')
  })

  test.each([
    ['ASIP-SANTE-INS-NIA&1.2.250.1.213.1.4.9&ISO^INS', 'INS-NIA', 'temp', '9'],
    ['ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS', 'INS-NIR-TEST', 'official', '10'],
    ['ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.11&ISO^INS-NIR', 'INS-NIR-DEMO', 'official', '11'],
    ['ASIP-SANTE-INS-NIR^INS', 'INS-NIR', 'official', '8'],
    ['ASIP-SANTE-INS-C&1.2.250.1.213.1.4.2&ISO^INS', 'INS-C', 'secondary', '2'],
  ])('%s is %s', (authority, type, use, end) => {
    const mapped = map(adt({ pid: { 3: `IPP1^^^${HOSPITAL}^PI~255069900112244^^^${authority}` } }))
    expect(identifierOf(mapped, '255069900112244')).toMatchObject({
      system: `urn:oid:1.2.250.1.213.1.4.${end}`,
      use,
      type: { coding: [{ code: type }] },
    })
  })

  test('the number of the health insurance is none, though it has the same digits', () => {
    const nir = '284067500112233^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.8&ISO^NH'
    const mapped = map(adt({ pid: { 3: `IPP1^^^${HOSPITAL}^PI~${nir}` } }))
    expect(identifierOf(mapped, '284067500112233')).toMatchObject({ type: { coding: [{ code: 'NH' }] } })
  })

  test('says how sure it is, with the document that proves it', () => {
    const mapped = map(adt({ pid: { 32: 'VALI~HOMD' }, more: ['ZFD|29^2^1950||N|Y|INSI|20260309|PA'] }))
    const extensions = only(mapped, 'Patient').resource['extension'] as { url: string }[]
    const reliability = extensions.filter(({ url }) => url.endsWith('/fr-core-identity-reliability'))
    expect(reliability).toMatchObject([
      {
        extension: expect.arrayContaining([
          {
            url: 'identityStatus',
            valueCoding: {
              code: 'VALI',
              system: `${CORE}/CodeSystem/fr-core-cs-v2-0445`,
              display: 'Identité validée',
            },
          },
          { url: 'dateCollection', valueDate: '2026-03-09' },
          expect.objectContaining({ url: 'methodCollection' }),
          expect.objectContaining({ url: 'validationMode' }),
        ]),
      },
      { extension: [{ url: 'identityStatus', valueCoding: { code: 'HOMD' } }] },
    ])
    expect(extensions).toContainEqual({
      url: `${CORE}/StructureDefinition/fr-core-lunar-date`,
      valueString: '29/2/1950',
    })
    expect(extensions).toContainEqual({
      url: `${CORE}/StructureDefinition/fr-core-patient-birthdate-update-indicator`,
      valueBoolean: true,
    })
    expect(problems(mapped)).toEqual([])
  })

  test('has a birth name with all given names of the birth certificate, and a used name', () => {
    expect(only(map(adt()), 'Patient').resource['name']).toEqual([
      {
        family: 'LEFÈVRE',
        given: ['CAMILLE'],
        use: 'official',
        extension: [
          {
            url: `${CORE}/StructureDefinition/fr-core-patient-birth-list-given-name`,
            valueString: 'CAMILLE ROSE ANNE',
          },
        ],
      },
      { family: 'MARCHAND', given: ['CAMILLE'], prefix: ['MME'], use: 'usual' },
    ])
  })

  test('has further given names in PID-5.3 before version 2.10', () => {
    const old = adt({ version: '2.8', pid: { 5: 'LEFÈVRE^CAMILLE^ROSE^^^^L' } })
    expect(only(map(old), 'Patient').resource['name']).toEqual([
      { family: 'LEFÈVRE', given: ['CAMILLE', 'ROSE'], use: 'official' },
    ])
  })

  test('has a birth place with its INSEE code, a home with its own, and a nationality', () => {
    const insee = (code: string) => [
      {
        url: `${CORE}/StructureDefinition/fr-core-address-insee-code`,
        valueCoding: {
          system: 'https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM',
          code,
        },
      },
    ]
    const { address, extension } = only(map(adt()), 'Patient').resource as Record<string, object[]>
    expect(address).toMatchObject([{ city: 'AIX-EN-PROVENCE', extension: insee('13001') }])
    expect(extension).toContainEqual({
      url: 'http://hl7.org/fhir/StructureDefinition/patient-birthPlace',
      valueAddress: { city: 'NICE', postalCode: '06000', country: 'FRA', extension: insee('06088') },
    })
    expect(extension).toContainEqual(
      expect.objectContaining({ url: 'http://hl7.org/fhir/StructureDefinition/patient-nationality' }),
    )
  })

  describe('FR Core profiles', () => {
    const profile = (name: string) => `${CORE}/StructureDefinition/fr-core-${name}`
    const profilesOf = (said: Said, type = 'Patient', switches: Record<string, string> = {}) => {
      const mapped = map(adt(said), { switches })
      expect(problems(mapped)).toEqual([])
      return (ofType(mapped, type)[0]!.resource['meta'] as { profile?: string[] }).profile
    }

    test('are named where the message holds what they demand', () => {
      expect(profilesOf({})).toEqual([profile('patient'), profile('patient-ins')])
      expect(profilesOf({ pid: { 32: 'PROV' } })).toEqual([profile('patient')])
      expect(profilesOf({}, 'Encounter')).toEqual([profile('encounter')])
      expect(profilesOf({}, 'Practitioner')).toEqual([profile('practitioner')])
    })

    test.each<[string, Said, string, string[] | undefined]>([
      [
        'a birth place without its INSEE code',
        { pid: { 11: PID[11].replace('^^06088', '') } },
        'Patient',
        [profile('patient')],
      ],
      ['a day of birth that is not known', { pid: { 7: '1984' } }, 'Patient', [profile('patient')]],
      ['given names that are not told apart', { version: '2.9' }, 'Patient', [profile('patient')]],
      ['a family name alone', { pid: { 5: 'LEFÈVRE^^^^^^L' } }, 'Patient', undefined],
      ['two nationalities', { pid: { 26: 'FRA~ITA' } }, 'Patient', undefined],
      ['two states of the identity', { pid: { 32: 'VALI~DOUB' } }, 'Patient', undefined],
      ['a visit without a beginning', { pv1: { 44: '' } }, 'Encounter', undefined],
      ['a visit of two types', { pv1: { 4: 'C', 18: 'MCO' } }, 'Encounter', undefined],
      ['an account before the admission', { pv1: { 5: 'PRE1^^^CHP' } }, 'Encounter', undefined],
    ])('but not with %s', (_what, said, type, expected) => {
      expect(profilesOf(said, type)).toEqual(expected)
    })

    test('or nowhere, when the switch is off', () => {
      for (const type of ['Patient', 'Encounter', 'Practitioner'])
        expect(profilesOf({}, type, { 'fr-core-profiles': 'off' })).toBeUndefined()
    })

    test('a number without an authority is no usual identifier of FR Core', () => {
      const { identifier } = only(map(adt({ pid: { 3: 'IPP7001^^^^PI' } })), 'Patient').resource
      expect(identifier).toMatchObject([{ value: 'IPP7001' }])
      expect(JSON.stringify(identifier)).not.toContain('usual')
    })
  })
})

test('ZFU tells the units of a stay where no movement does', () => {
  const unit = (name: string, code: string) => `${name}^^^^^${HOSPITAL}^UF^^^${code}`
  const zfu = [
    'ZFU',
    unit('SOINS', '4221'),
    '20260310080000',
    unit('LITS', '4222'),
    '20260310090000',
    unit('CARDIO', '4220'),
  ].join('|')
  const visit = (said: Said) => {
    const mapped = map(adt(said))
    expect([problems(mapped), dangling(mapped)]).toEqual([[], []])
    const encounter = ofType(mapped, 'Encounter')[0]!.resource
    const names = (type: string) => ofType(mapped, type).map(({ resource }) => resource['name'])
    return { encounter, organizations: names('Organization'), places: names('Location') }
  }
  const placed = visit({ more: [zfu] })
  expect(placed.encounter['participant']).toMatchObject([
    {},
    { type: [{ text: 'unité responsable des soins' }], period: { start: '2026-03-10T08:00:00+01:00' } },
    { type: [{ text: "unité d'hébergement" }], period: { start: '2026-03-10T09:00:00+01:00' } },
  ])
  expect(placed.encounter['serviceProvider']).toBeDefined()
  expect(placed.organizations).toEqual(expect.arrayContaining(['SOINS', 'LITS', 'CARDIO']))
  expect(visit({ pv1: { 3: '' }, more: [zfu] }).places).toContain('LITS')
  expect(visit({ more: [zbe(), zfu] }).organizations).not.toContain('SOINS')
})

test('professionals and establishments get the systems of FR Core', () => {
  const mapped = map(
    adt({ pv1: { 8: '441253000^PRÉVOST^PAUL^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^L^^^ADELI' } }),
  )
  const systems = ofType(mapped, 'Practitioner').map(({ resource }) => resource['identifier'])
  expect(systems).toMatchObject([
    [{ system: 'https://rpps.esante.gouv.fr', type: { coding: [{ code: 'RPPS' }] } }],
    [{ system: 'https://adeli.esante.gouv.fr', type: { coding: [{ code: 'ADELI' }] } }],
  ])
})
