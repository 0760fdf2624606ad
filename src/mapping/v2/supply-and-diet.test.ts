/** Orders of meals and of supplies (HL7 v2.8 §4.7 to §4.12), laboratory orders by shipment (§4.4.14). */
import { describe, expect, test } from 'vitest'
import type { MappedResource } from './index.ts'
import { ofType, only } from './testing/compiled.ts'
import { sent } from './testing/sound.ts'

const PID = 'PID|1||IPP1001^^^CLINIQUE&1.2.250.1.99.2&ISO^PI||DURAND^ÉLODIE||19840314|F'
const PV1 = `PV1|1|I|CHIR^204^1^CLI${'|'.repeat(16)}VIS77^^^CLINIQUE&1.2.250.1.99.2&ISO^VN`
const ORC = (control: string, number: string, status = '') =>
  `ORC|${control}|${number}^DPI|||${status}||||20260310101000|||10001234567^MARTIN^PAUL`
const referenceTo = ({ type, id }: MappedResource) => ({ reference: `${type}/${id}` })

describe('OMD^O03, what a patient is to eat', () => {
  const all = sent(
    'OMD^O03^OMD_O03',
    PID,
    PV1,
    'AL1|1|FA|LAIT^Lait^L',
    ORC('NW', 'R1'),
    'TQ1|1||BID||||20260310|20260320',
    'ODS|D|MIDI^Déjeuner^L|SEL^Sans sel^L~MIX^Mixé^L|Tiède',
    'ODS|S||HP^Hyperprotéiné^L|Entre les repas',
    'ODS|P||VEG^Végétarien^L',
    'NTE|1||Mange seule',
    ORC('NW', 'P1'),
    'ODT|LATE^Plateau tardif^HL70160|SOIR^Dîner^L|Après 20 heures',
  )
  const [diet, tray] = ofType(all, 'NutritionOrder')

  test('diet, supplement and preference are what they are in R4', () => {
    expect(diet!.resource).toMatchObject({
      status: 'active',
      intent: 'order',
      dateTime: '2026-03-10T10:10:00+01:00',
      identifier: [{ value: 'R1' }],
      patient: referenceTo(only(all, 'Patient')),
      encounter: referenceTo(only(all, 'Encounter')),
      orderer: referenceTo(only(all, 'PractitionerRole')),
      oralDiet: {
        type: [{ coding: [{ code: 'SEL' }] }, { coding: [{ code: 'MIX' }] }],
        instruction: 'Tiède',
      },
      supplement: [{ type: { coding: [{ code: 'HP' }] }, instruction: 'Entre les repas' }],
      foodPreferenceModifier: [{ coding: [{ code: 'VEG' }] }],
      note: [{ text: 'Mange seule' }],
    })
    const schedule = (diet!.resource['oralDiet'] as { schedule: object[] }).schedule
    expect(schedule).toEqual([
      expect.objectContaining({ repeat: expect.objectContaining({ frequency: 2 }) }),
      { code: { coding: [expect.objectContaining({ code: 'MIDI' })] } },
    ])
  })

  test('a tray is an order of its own', () => {
    expect(tray!.resource).toMatchObject({
      identifier: [{ value: 'P1' }],
      oralDiet: { instruction: 'Après 20 heures', schedule: [{ code: { coding: [{ code: 'SOIR' }] } }] },
      note: [{ text: 'Plateau tardif' }],
    })
  })
})

describe('OMS^O05 and OMN^O07, what is to be supplied', () => {
  const RQD = (to: string) => `RQD|1|GANT^Gants M^L|4006^Gants^GTIN||20|BTE^boîte^L|||${to}|20260312`

  test('from stock: how much of what, by when, to whom', () => {
    const all = sent('OMS^O05^OMS_O05', ORC('NW', 'S1'), 'TQ1|1||||||||S', RQD('BLOC^Bloc opératoire^L'))
    const ward = ofType(all, 'Organization').find(({ resource }) => resource['name'] === 'Bloc opératoire')
    expect(only(all, 'SupplyRequest').resource).toMatchObject({
      status: 'active',
      priority: 'stat',
      identifier: [{ value: 'S1' }],
      itemCodeableConcept: { coding: [{ code: 'GANT' }, { code: '4006' }] },
      quantity: { value: 20, unit: 'boîte' },
      occurrenceDateTime: '2026-03-12',
      authoredOn: '2026-03-10T10:10:00+01:00',
      requester: referenceTo(only(all, 'PractitionerRole')),
      deliverTo: referenceTo(ward!),
    })
  })

  test('from a vendor, for a patient', () => {
    const all = sent(
      'OMN^O07^OMN_O07',
      PID,
      ORC('NW', 'S2'),
      RQD(''),
      'RQ1||FAB^Fabricant^L|C-12|VEN^Vendeur^L|V-9||Y',
    )
    const request = only(all, 'SupplyRequest').resource
    expect(request['deliverTo']).toEqual(referenceTo(only(all, 'Patient')))
    expect(request['supplier']).toHaveLength(1)
    expect(request['parameter']).toMatchObject([
      { code: { text: 'Manufacturer' }, valueCodeableConcept: { coding: [{ code: 'FAB' }] } },
      { valueCodeableConcept: { text: 'C-12' } },
      { valueCodeableConcept: { text: 'V-9' } },
      { valueBoolean: true },
    ])
  })

  test.each([
    ['CA', '', 'cancelled'],
    ['SC', 'CM', 'completed'],
    ['SC', 'HD', 'suspended'],
    ['SC', 'ER', 'entered-in-error'],
  ])('ORC-1 %s with ORC-5 %s is %s', (control, status, expected) => {
    const all = sent('OMS^O05^OMS_O05', ORC(control, 'S1', status), RQD('BLOC^Bloc^L'))
    expect(only(all, 'SupplyRequest').resource['status']).toBe(expected)
  })

  test('what is not said of it is said to be unknown', () => {
    const { resource } = only(sent('OMS^O05^OMS_O05', ORC('NW', 'S1'), 'RQD|1'), 'SupplyRequest')
    expect(resource['itemCodeableConcept']).toMatchObject({ coding: [{ code: 'unknown' }] })
  })
})

test('OML^O39: the specimens of an order in their packages', () => {
  const all = sent(
    'OML^O39^OML_O39',
    PID,
    ORC('NW', 'CMD1'),
    'OBR|1|CMD1^DPI||NFS^NFS^L',
    'SHP|ENVOI1^DPI',
    'PAC|1|COLIS1^DPI',
    'SPM|1|T1&DPI||BLD^Sang^HL70487',
    'OBX|1|NM|TEMP^Température^L||4|Cel|||||F',
    'SAC|||C1^LABO',
    'SPM|2|T2&DPI||UR^Urine^HL70487',
  )
  const specimens = ofType(all, 'Specimen')
  expect(specimens).toHaveLength(2)
  expect(only(all, 'ServiceRequest').resource['specimen']).toEqual(specimens.map(referenceTo))
  expect(only(all, 'Observation').resource['specimen']).toEqual(referenceTo(specimens[0]!))
})

test('results under one OBX-21 stay several, each valid', () => {
  const obx = (number: number, code: string, type: string, value: string) =>
    `OBX|${number}|${type}|${code}^${code}^L||${value}||||||F||||||||||O77^LABO`
  const results = [
    obx(1, 'HB', 'NM', '13'),
    obx(2, 'HB', 'CWE', 'A^Un^L~B^Deux^L'),
    obx(3, 'GLU', 'NM', '5.4'),
  ]
  const all = sent('ORU^R01', PID, 'OBR|1||LAB1^LABO|NFS^NFS^L', ...results)
  expect(ofType(all, 'Observation')).toHaveLength(3)
})
