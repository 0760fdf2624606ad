/** Master files: MFN for staff, places and tests, and the bed status of ADT A20. */
import { expect, test } from 'vitest'
import { mergeMapped } from './merge.ts'
import { faults, map, message, ofType, only } from './testing/compiled.ts'

const header = (type: string) => `MSH|^~\\&|RH|CLINIQUE|||20260309101500||${type}|M1|P|2.5`
const staff = (event: string, flag = 'A') =>
  message(
    header('MFN^M02^MFN_M02'),
    'MFI|PRA^^HL70175||UPD|||AL',
    `MFE|${event}|||STF7^^99RH|CE`,
    `STF|STF7^^99RH|10001234567^^^RPPS&1.2.250.1.71.4.2.1&ISO|MARTIN^PAUL^^^DR|MED|M|19700203|${flag}|CARD^Cardiologie^L|CAR|0299000003^WPN^PH|1 RUE^^RENNES^^35000|20100901|||paul.martin@exemple.test|||Praticien hospitalier`,
    'PRA|STF7^^99RH||MD||Cardiologie^CNOM^C^20050101|D123^SL^^20301231||20050101',
    'AFF|1|Société de cardiologie^^S1|5 RUE^^PARIS^^75001|20080101|Membre',
    'LAN|1|fr^français^ISO639|2',
    'EDU|1|MD|19900901^19981001|||Université de Rennes^L|||Médecine',
  )
const place = (event: string, location = 'CHIR^204^1^CLI') =>
  message(
    header('MFN^M05^MFN_M05'),
    'MFI|LOC^^HL70175||UPD|||AL',
    `MFE|${event}|||${location}|PL`,
    `LOC|${location}|Lit fenêtre|B|CLINIQUE DU PORT^^77|1 QUAI^^NANTES^^44000|0240000000`,
    `LCH|${location}|||IMP^Accessible^HL70324|Y`,
    `LDP|${location}|CHIR|SUR`,
  )
const assay = message(
  header('MFN^M08^MFN_M08'),
  'MFI|OMA^^HL70175||UPD|||AL',
  'MFE|MAD|||GLU^Glucose^L|CE',
  'OM1|1|GLU^Glycémie^L|NM|Y|LAB||2345-7^Glucose^LN||Glycémie à jeun|||Y||HEX^Hexokinase^L||||A',
  'OM2|1|mmol/L^^UCUM|2|||3.9&6.1^F^18&99~4.1&6.3^M|2.5&25',
  'OM4|1|P|Tube gris|4|mL|BLD^Sang^HL70487||||2^mL|1^mL',
)

test('every resource of a master file is valid and every reference leads somewhere', () => {
  for (const sent of [staff('MAD'), place('MAD'), assay]) expect(faults(sent)).toEqual([])
})

test('a member of staff is a Practitioner with a role, numbers, qualifications and languages', () => {
  const mapped = map(staff('MAD'))
  const { id, resource } = only(mapped, 'Practitioner')
  expect(resource).toMatchObject({
    identifier: [
      { system: 'urn:oid:1.2.250.1.71.4.2.1', value: '10001234567' },
      { value: 'STF7' },
      { value: 'D123', period: { end: '2030-12-31' } },
    ],
    name: [{ family: 'MARTIN', given: ['PAUL'], prefix: ['DR'] }],
    active: true,
    gender: 'male',
    birthDate: '1970-02-03',
    telecom: [{ value: '0299000003' }, { system: 'email', value: 'paul.martin@exemple.test' }],
    qualification: [
      { code: { text: 'Cardiologie' } },
      { code: { coding: [{ code: 'MD' }], text: 'Médecine' } },
    ],
    communication: [{ coding: [{ code: 'fr' }] }],
  })
  expect(ofType(mapped, 'PractitionerRole').map((role) => role.resource)).toMatchObject([
    {
      practitioner: { reference: `Practitioner/${id}` },
      specialty: [{}, { text: 'Cardiologie' }],
      active: true,
    },
    {
      practitioner: { reference: `Practitioner/${id}` },
      code: [{ text: 'Membre' }],
      period: { start: '2008-01-01' },
    },
  ])
})

test.each([
  ['MAD', 'A', true],
  ['MUP', 'I', false],
  ['MDC', 'A', false],
  ['MDL', 'A', false],
  ['MAC', 'I', true],
])(
  'record event %s of staff with the flag %s: active is %s, and nobody is removed',
  (event, flag, active) => {
    expect(only(map(staff(event, flag)), 'Practitioner').resource['active']).toBe(active)
  },
)

test('a master file changes a stored practitioner, a message in passing does not', () => {
  const mapped = only(map(staff('MDC')), 'Practitioner')
  const stored = { resourceType: 'Practitioner', id: mapped.id, active: true, name: [{ family: 'MARTEN' }] }
  expect(mergeMapped(stored, mapped).value).toMatchObject({ active: false, name: [{ family: 'MARTIN' }] })
})

test('a place is described with what it is part of, who runs it and what it is for', () => {
  const mapped = map(place('MAD'))
  const bed = ofType(mapped, 'Location').find(
    ({ resource: { description } }) => description === 'Lit fenêtre',
  )!
  expect(bed.resource).toMatchObject({
    status: 'active',
    name: '1',
    partOf: { reference: expect.stringMatching(/^Location\//) },
    type: [{ coding: [{ code: 'B' }] }, { coding: [{ code: 'SUR' }] }],
    address: { city: 'NANTES' },
    telecom: [{ value: '0240000000' }],
    managingOrganization: { reference: expect.stringMatching(/^Organization\//) },
  })
  expect(ofType(mapped, 'Location')).toHaveLength(4)
})

test('a place that is deleted or deactivated is inactive and keeps its id', () => {
  const bed = (event: string) =>
    ofType(map(place(event)), 'Location').find(({ resource: { description } }) => description !== undefined)!
  expect(bed('MDL').resource['status']).toBe('inactive')
  expect(bed('MDC').resource['status']).toBe('inactive')
  expect(bed('MDL').id).toBe(bed('MAD').id)
})

test('A20 says whether a bed is free, of the same bed', () => {
  const mapped = map(message(header('ADT^A20'), 'EVN|A20|20260309101500', 'NPU|CHIR^204^1^CLI|U'))
  const bed = ofType(mapped, 'Location').find(
    ({ resource: { operationalStatus } }) => operationalStatus !== undefined,
  )!
  expect(bed.resource['operationalStatus']).toMatchObject({ code: 'U', display: 'Unoccupied' })
  expect(bed.fallbacks).not.toContain('operationalStatus')
  const described = ofType(map(place('MAD')), 'Location').map(({ id }) => id)
  expect(described).toContain(bed.id)
})

test('a test is an ObservationDefinition with units and ranges, and its specimen a SpecimenDefinition', () => {
  const mapped = map(assay)
  expect(only(mapped, 'ObservationDefinition').resource).toMatchObject({
    code: { coding: [{ code: 'GLU' }, { code: '2345-7', system: 'http://loinc.org' }] },
    permittedDataType: ['Quantity'],
    preferredReportName: 'Glycémie à jeun',
    method: { coding: [{ code: 'HEX' }] },
    quantitativeDetails: { customaryUnit: { coding: [{ code: 'mmol/L' }] }, decimalPrecision: 2 },
    qualifiedInterval: [
      { category: 'reference', gender: 'female', range: { low: { value: 3.9 }, high: { value: 6.1 } } },
      { category: 'reference', gender: 'male', range: { low: { value: 4.1 }, high: { value: 6.3 } } },
      { category: 'critical', range: { low: { value: 2.5 }, high: { value: 25 } } },
    ],
  })
  expect(only(mapped, 'SpecimenDefinition').resource).toMatchObject({
    typeCollected: { coding: [{ code: 'BLD' }] },
    typeTested: [
      { preference: 'preferred', container: { description: 'Tube gris', capacity: { value: 4 } } },
    ],
  })
})

test.each([
  ['MAD', 'active'],
  ['MDC', 'retired'],
])('a charge (M04) is a ChargeItemDefinition with its price; after %s it is %s', (event, status) => {
  const sent = message(
    header('MFN^M04^MFN_M04'),
    'MFI|CDM^^HL70175||UPD|||AL',
    `MFE|${event}|||ECG01^^L|CE`,
    'CDM|ECG01^^L||ECG|Électrocardiogramme de repos|||DEQP003^ECG^CCAM|A',
    'PRC|ECG01^^L||||14.26&EUR||||||20260101|20261231',
  )
  expect(faults(sent)).toEqual([])
  expect(only(map(sent), 'ChargeItemDefinition').resource).toMatchObject({
    url: 'urn:passerelle:charge:ECG01',
    identifier: [{ value: 'ECG01' }],
    status,
    title: 'ECG',
    code: { coding: [{ code: 'DEQP003' }] },
    effectivePeriod: { start: '2026-01-01', end: '2026-12-31' },
    propertyGroup: [{ priceComponent: [{ type: 'base', amount: { value: 14.26, currency: 'EUR' } }] }],
  })
})

test('what a test may answer, what it is made of, how it is worked out and where it is listed', () => {
  const sent = message(
    header('MFN^M08^MFN_M08'),
    'MFI|OMB^^HL70175||UPD|||AL',
    'MFE|MAD|||ABO^Groupe^L|CE',
    `OM1|1|ABO^Groupe^L||Y||Groupe sanguin ABO${'|'.repeat(31)}À jeun`,
    'OM3|1||A^Groupe A^L~B^Groupe B^L|N1^Normal^L|||CE',
    'OM4|1|P|Tube|4|mL|BLD^Sang^HL70487',
    'OM5|1|RH^Rhésus^L~PHE^Phénotype^L',
    'OM6|1|A et B',
    'OM7|1|ABO^Groupe^L|IMM^Immunologie^L|||20260101|20261231',
  )
  expect(faults(sent)).toEqual([])
  const mapped = map(sent)
  const { resource } = only(mapped, 'ObservationDefinition')
  expect(resource).toMatchObject({
    category: [{ coding: [{ code: 'IMM' }] }],
    permittedDataType: ['CodeableConcept'],
    method: { text: 'A et B' },
    validCodedValueSet: { reference: '#valueset-1' },
    normalCodedValueSet: { reference: '#valueset-2' },
    contained: [
      {
        status: 'active',
        compose: {
          include: [
            {
              system: 'urn:passerelle:cs:CLINIQUE:L',
              concept: [
                { code: 'A', display: 'Groupe A' },
                { code: 'B', display: 'Groupe B' },
              ],
            },
          ],
        },
      },
      {},
    ],
  })
  const said = JSON.stringify(resource)
  for (const text of ['Groupe sanguin ABO', 'Rhésus', 'Phénotype', '2026-12-31']) expect(said).toContain(text)
  expect(only(mapped, 'SpecimenDefinition').resource['patientPreparation']).toEqual([{ text: 'À jeun' }])
})

test('a master file of no kind (M01) may hold staff, places, tests and charges', () => {
  const sent = message(
    header('MFN^M01'),
    'MFI|XX|||UPD',
    'MFE|MAD|||STF7',
    'STF|STF7|10001^^^RPPS|MARTIN^PAUL',
    'MFE|MAD|||CHIR^204',
    'LOC|CHIR^204|Chambre double',
    'MFE|MAD|||GLU',
    'OM1|1|GLU^Glycémie^L|NM|Y',
    'MFE|MAD|||ECG01',
    'CDM|ECG01^ECG^L|||Électrocardiogramme',
    'PRC|ECG01||||28.50&EUR',
  )
  expect(faults(sent)).toEqual([])
  const mapped = map(sent)
  expect(only(mapped, 'Practitioner').resource['name']).toMatchObject([{ family: 'MARTIN' }])
  expect(ofType(mapped, 'Location').map(({ resource }) => resource['description'])).toContain(
    'Chambre double',
  )
  expect(only(mapped, 'ObservationDefinition').resource['code']).toMatchObject({ coding: [{ code: 'GLU' }] })
  expect(only(mapped, 'ChargeItemDefinition').resource).toMatchObject({
    propertyGroup: [{ priceComponent: [{ amount: { value: 28.5 } }] }],
  })
})
