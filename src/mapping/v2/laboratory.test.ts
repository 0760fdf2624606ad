/** Orders and results of laboratories and imaging (HL7 v2.8 chapters 4 and 7), beside ORU^R01 and ORM^O01. */
import { describe, expect, test } from 'vitest'
import type { MappedResource } from './index.ts'
import { ofType, only } from './testing/compiled.ts'
import { sent } from './testing/sound.ts'

const PID = 'PID|1||IPP1001^^^CLINIQUE&1.2.250.1.99.2&ISO^PI||DURAND^ÉLODIE||19840314|F'
const PV1 = `PV1|1|O|CONS^^^CLI${'|'.repeat(16)}VIS77^^^CLINIQUE&1.2.250.1.99.2&ISO^VN`
const ORC = 'ORC|NW|CMD1^DPI|LAB1^LABO|||||||||10001234567^MARTIN^PAUL'
const OBR = 'OBR|1|CMD1^DPI|LAB1^LABO|NFS^Numération^L|||20260310074500||||||||||||||||||F'
const SPM = 'SPM|1|TUBE1&DPI^LABO77&LABO||BLD^Sang^HL70487|||||||||||||20260310074500'
const OBX = 'OBX|1|NM|718-7^Hémoglobine^LN||13.1|g/dL|||||F'

const referenceTo = ({ type, id }: MappedResource) => ({ reference: `${type}/${id}` })

test('OMG^O19: a request with its timing, reason, notes and specimen', () => {
  const all = sent(
    'OMG^O19^OMG_O19',
    PID,
    PV1,
    ORC,
    'TQ1|1||||||20260311080000||S',
    OBR,
    'NTE|1||Bras gauche',
    'DG1|1||R50.9^Fièvre^CIM10',
    'OBX|1|ST|JEUNE^À jeun^L||oui||||||F',
    SPM,
  )
  expect(only(all, 'ServiceRequest').resource).toMatchObject({
    status: 'active',
    priority: 'stat',
    code: { coding: [{ code: 'NFS' }] },
    note: [{ text: 'Bras gauche' }],
    occurrenceTiming: { repeat: { boundsPeriod: { start: '2026-03-11T08:00:00+01:00' } } },
    reasonReference: [referenceTo(only(all, 'Condition'))],
    specimen: [referenceTo(only(all, 'Specimen'))],
    supportingInfo: [referenceTo(only(all, 'Observation'))],
  })
})

test('OMI^O23: the numbers that the images will carry', () => {
  const all = sent(
    'OMI^O23^OMI_O23',
    PID,
    PV1,
    ORC,
    'TQ1|1||||||20260311080000||R',
    'OBR|1|CMD1^DPI|LAB1^LABO|TDM^Scanner thoracique^L',
    'IPC|ACC77^RIS|PROC5^RIS|1.2.250.1.99.7.1|STEP1^RIS|CT^Scanner^DCM|THX^Thorax^L|SCAN1||AE1',
  )
  const { resource } = only(all, 'ServiceRequest')
  expect(resource).toMatchObject({
    orderDetail: [{ coding: [{ code: 'CT' }] }, { coding: [{ code: 'THX' }] }],
  })
  expect(resource['identifier']).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        value: 'ACC77',
        type: { coding: [{ code: 'ACSN', system: 'http://terminology.hl7.org/CodeSystem/v2-0203' }] },
      }),
      { system: 'urn:dicom:uid', value: 'urn:oid:1.2.250.1.99.7.1' },
      expect.objectContaining({ value: 'PROC5' }),
      expect.objectContaining({ value: 'STEP1' }),
    ]),
  )
})

test.each([
  ['OML^O33', [SPM, 'SAC|||BOX1^LABO', ORC, OBR, 'ORC|NW|CMD2^DPI', 'OBR|2|CMD2^DPI||IONO^Ionogramme^L']],
  ['OML^O35', [SPM, 'SAC|||BOX1^LABO', ORC, OBR, 'ORC|NW|CMD2^DPI', 'OBR|2|CMD2^DPI||IONO^Ionogramme^L']],
])('%s: the orders of a specimen', (type, segments) => {
  const all = sent(type, PID, ...segments)
  const specimen = only(all, 'Specimen')
  const orders = ofType(all, 'ServiceRequest')
  expect(orders.map(({ resource }) => resource['specimen'])).toEqual([
    [referenceTo(specimen)],
    [referenceTo(specimen)],
  ])
  expect(specimen.resource['container']).toMatchObject([{ identifier: [{ value: 'BOX1' }] }])
})

describe('OUL', () => {
  const SAC = 'SAC||ACC5^LABO|BOX1^LABO||||||TUBE^Tube sec^L||||||||||||10|7||mL'
  const RES = [OBR, 'ORC|RE|CMD1^DPI|LAB1^LABO', 'NTE|1||Contrôlé', OBX, 'NTE|1||Technique automatisée']
  test.each([
    ['OUL^R22^OUL_R22', [SPM, SAC, ...RES]],
    ['OUL^R23^OUL_R23', [SPM, SAC, ...RES]],
    [
      'OUL^R24^OUL_R24',
      [OBR, 'ORC|RE|CMD1^DPI|LAB1^LABO', 'NTE|1||Contrôlé', SPM, SAC, OBX, 'NTE|1||Technique automatisée'],
    ],
  ])('%s: report, order, result and specimen hang together', (type, segments) => {
    const all = sent(type, PID, PV1, ...segments)
    const [specimen, order, result] = ['Specimen', 'ServiceRequest', 'Observation'].map((each) =>
      only(all, each),
    )
    expect(only(all, 'DiagnosticReport').resource).toMatchObject({
      status: 'final',
      specimen: [referenceTo(specimen!)],
      basedOn: [referenceTo(order!)],
      result: [referenceTo(result!)],
      encounter: referenceTo(only(all, 'Encounter')),
    })
    expect(result!.resource).toMatchObject({
      specimen: referenceTo(specimen!),
      basedOn: [referenceTo(order!)],
      note: [{ text: 'Technique automatisée' }],
    })
    expect(order!.resource).toMatchObject({ note: [{ text: 'Contrôlé' }] })
    expect(specimen!.resource).toMatchObject({
      accessionIdentifier: { value: 'ACC5' },
      container: [
        {
          identifier: [{ value: 'BOX1' }],
          capacity: { value: 10, code: 'mL' },
          specimenQuantity: { value: 7 },
        },
      ],
    })
  })

  test('R22: an observation of the specimen is no result', () => {
    const all = sent('OUL^R22', PID, SPM, 'OBX|1|ST|HEMOL^Hémolyse^L||non||||||F', ...RES)
    const [ofSpecimen] = ofType(all, 'Observation')
    expect(ofSpecimen!.resource).toMatchObject({ focus: [referenceTo(only(all, 'Specimen'))] })
    expect(only(all, 'DiagnosticReport').resource['result']).toHaveLength(1)
  })

  test('R21: a container in place of a specimen', () => {
    const all = sent('OUL^R21', PID, 'SAC||ACC5^LABO|BOX1^LABO', RES[1]!, RES[0]!, OBX)
    expect(only(all, 'DiagnosticReport').resource['specimen']).toEqual([referenceTo(only(all, 'Specimen'))])
  })
})

test.each(['ORU^R30^ORU_R30', 'ORU^R31', 'ORU^R32', 'ORU^R40', 'ORU'])('%s is read as ORU^R01', (type) => {
  const all = sent(type, PID, PV1, ORC.replace('|NW|', '|RE|'), OBR, OBX)
  expect(only(all, 'DiagnosticReport').resource['result']).toEqual([referenceTo(only(all, 'Observation'))])
})

test('the specimen of one order is not that of the next', () => {
  const all = sent(
    'ORU^R01^ORU_R01',
    PID,
    OBR,
    OBX,
    SPM,
    'OBR|2|CMD2^DPI|LAB2^LABO|URI^ECBU^L|||||||||||URI',
    'OBX|1|ST|G^Germe^L||E. coli||||||F',
  )
  const specimens = ofType(all, 'Specimen')
  expect(ofType(all, 'Observation').map(({ resource }) => resource['specimen'])).toEqual(
    specimens.map(referenceTo),
  )
  expect(specimens).toHaveLength(2)
})

describe('ORU^R01, field by field', () => {
  const RE = ORC.replace('|NW|', '|RE|')
  const oru = (...segments: string[]) => sent('ORU^R01^ORU_R01', PID, ...segments)
  const result = (obx: string) => only(oru(OBR, obx), 'Observation').resource

  test.each([
    ['12.0-16.0', { low: { value: 12, unit: 'g/dL', code: 'g/dL' }, high: { value: 16 }, text: '12.0-16.0' }],
    ['< 5', { high: { value: 5 }, text: '< 5' }],
    ['>=60', { low: { value: 60 }, text: '>=60' }],
    ['-2 - 2', { low: { value: -2 }, high: { value: 2 } }],
  ])('the reference range %s has its limits', (range, expected) => {
    expect(result(`OBX|1|NM|X^X^L||13|g/dL|${range}||||F`)['referenceRange']).toMatchObject([expected])
  })

  test.each(['négatif', '16-12', '1-2-3', '12 à jeun'])('the reference range %s is a text', (range) => {
    expect(result(`OBX|1|NM|X^X^L||13|g/dL|${range}||||F`)['referenceRange']).toEqual([{ text: range }])
  })

  test.each([
    ['DT', '20240230', { valueString: '20240230' }],
    ['TS', '01/02/2025', { valueString: '01/02/2025' }],
    ['TM', '2561', { valueString: '2561' }],
    ['TM', '1430', { valueTime: '14:30:00' }],
    ['IS', 'POS^Positif^L', { valueCodeableConcept: { coding: [{ code: 'POS', display: 'Positif' }] } }],
  ])('OBX-2 %s with %s is not lost', (type, sentValue, expected) => {
    expect(result(`OBX|1|${type}|X^X^L||${sentValue}||||||F`)).toMatchObject(expected)
  })

  test('notes stay with what they speak of, with their kind', () => {
    const all = oru(
      'NTE|1||Patiente allophone',
      RE,
      OBR,
      'NTE|1||Prélèvement difficile',
      OBX,
      'NTE|1|L|Contrôlé|RE^Remarque^HL70364',
    )
    expect(JSON.stringify(only(all, 'Patient').resource['extension'])).toContain('Patiente allophone')
    expect(only(all, 'ServiceRequest').resource['note']).toEqual([{ text: 'Prélèvement difficile' }])
    expect(only(all, 'Observation').resource['note']).toMatchObject([
      {
        text: 'Contrôlé',
        extension: [{ valueCodeableConcept: { coding: [{ code: 'RE', display: 'Remarque' }] } }],
      },
    ])
  })

  test('a note of a result without an order stays with the report', () => {
    const all = oru('OBR|1||LAB1^LABO|NFS^NFS^L', 'NTE|1||Hémolyse', OBX)
    expect(ofType(all, 'ServiceRequest')).toEqual([])
    expect(JSON.stringify(only(all, 'DiagnosticReport').resource['extension'])).toContain('Hémolyse')
  })

  test('OBR says of a specimen what SPM does not', () => {
    const all = oru(
      'OBR|1|CMD1^DPI|LAB1^LABO|NFS^NFS^L|||20260310074500|||N1^PETIT^NORA||||20260310080000',
      OBX,
      'SPM|1|TUBE1&DPI||BLD^Sang^HL70487',
    )
    const collector = ofType(all, 'Practitioner').find(({ resource }) =>
      JSON.stringify(resource).includes('PETIT'),
    )
    expect(only(all, 'Specimen').resource).toMatchObject({
      receivedTime: '2026-03-10T08:00:00+01:00',
      collection: { collectedDateTime: '2026-03-10T07:45:00+01:00', collector: referenceTo(collector!) },
    })
  })

  test('the times of an order, its parent, who read the results', () => {
    const all = oru(
      'ORC|RE|CMD1^DPI|LAB1^LABO|||||CMD0&DPI^LAB0&LABO',
      `${OBR}${'|'.repeat(8)}8&DUPONT&ALICE`,
      'TQ1|1||||||20260311080000||S',
      OBX,
    )
    expect(only(all, 'ServiceRequest').resource).toMatchObject({
      priority: 'stat',
      occurrenceTiming: { repeat: { boundsPeriod: { start: '2026-03-11T08:00:00+01:00' } } },
      basedOn: [{ identifier: { value: 'CMD0' } }, { identifier: { value: 'LAB0' } }],
    })
    expect(only(all, 'DiagnosticReport').resource['resultsInterpreter']).toHaveLength(1)
  })

  test('who sent it to whom, with what', () => {
    const all = oru('SFT|Éditeur Nord|8.4|LIMS Nord|B8', OBR, OBX)
    expect(only(all, 'MessageHeader').resource).toMatchObject({
      source: { name: 'DPI', software: 'LIMS Nord', version: '8.4' },
      destination: [{ name: 'PUI' }],
      eventCoding: { code: 'R01', display: 'ORU^R01^ORU_R01' },
    })
    expect(ofType(all, 'Organization').map(({ resource }) => resource['name'])).toEqual(
      expect.arrayContaining(['CLINIQUE', 'PHARMACIE']),
    )
    expect(ofType(all, 'Device').map(({ resource }) => resource)).toContainEqual(
      expect.objectContaining({ manufacturer: 'Éditeur Nord' }),
    )
  })
})

test('OML^O21: container and specimen observations', () => {
  const all = sent(
    'OML^O21^OML_O21',
    PID,
    ORC,
    OBR,
    SPM,
    'OBX|1|ST|HEMOL^Hémolyse^L||non||||||F',
    'SAC|||BOX1^LABO',
    'OBX|1|NM|VOL^Volume^L||7|mL|||||F',
  )
  const specimen = only(all, 'Specimen')
  expect(specimen.resource['container']).toMatchObject([{ identifier: [{ value: 'BOX1' }] }])
  expect(ofType(all, 'Observation').map(({ resource }) => resource['focus'])).toEqual([
    [referenceTo(specimen)],
    [referenceTo(specimen)],
  ])
})

test('VXU^V04: whose word it is, and where', () => {
  const given = (notes: string) =>
    only(
      sent(
        'VXU^V04^VXU_V04',
        PID,
        'ORC|RE||IMM1^A||||||||IDE7^BERNARD^LUC',
        `RXA|0|1|20260309||GRIPPE^Grippe^L|0.5|mL^^UCUM||${notes}||^^^CABINET`,
      ),
      'Immunization',
    ).resource
  expect(given('00^Nouveau^NIP001')['primarySource']).toBe(true)
  expect(given('01^Historique^NIP001')).toMatchObject({
    primarySource: false,
    reportOrigin: { coding: [{ code: '01' }] },
    location: expect.anything(),
  })
  expect(given('^Bien toléré')['note']).toEqual([{ text: 'Bien toléré' }])
})

test.each([
  ['Q6H', { frequency: 1, period: 6, periodUnit: 'h' }],
  ['BID', { frequency: 2, period: 1, periodUnit: 'd' }],
  ['5ID', { frequency: 5, period: 1, periodUnit: 'd' }],
  ['QOD', { frequency: 1, period: 2, periodUnit: 'd' }],
])('the repeat pattern %s has its numbers', (code, expected) => {
  const all = sent('OML^O21', PID, ORC, `TQ1|1||${code}`, OBR)
  expect(only(all, 'ServiceRequest').resource['occurrenceTiming']).toMatchObject({ repeat: expected })
})

test('an order of images knows the study that they will be, a result its diagnosis', () => {
  const order = sent(
    'ORM^O01',
    PID,
    ORC,
    'OBR|1|CMD1^DPI||TDM^Scanner^L|STAT',
    'ZDS|1.2.250.1.99.7.2^RIS^Application^DICOM',
  )
  expect(only(order, 'ServiceRequest').resource).toMatchObject({
    priority: 'stat',
    identifier: expect.arrayContaining([{ system: 'urn:dicom:uid', value: 'urn:oid:1.2.250.1.99.7.2' }]),
  })
  const all = sent('ORU^R01', PID, 'IN1|1|PLAN|MUT|Mutuelle', ORC, OBR, 'DG1|1||R50.9^Fièvre^CIM10', OBX)
  expect(only(all, 'ServiceRequest').resource['reasonReference']).toEqual([
    referenceTo(only(all, 'Condition')),
  ])
  expect(ofType(all, 'Coverage')).toHaveLength(1)
})

test('each row of a numeric array is a line', () => {
  const all = sent('ORU^R01', PID, OBR, 'OBX|1|NA|ECG^Tracé^L||1^2^3~4^5^6||||||F')
  expect(only(all, 'Observation').resource['valueString']).toBe('1^2^3\n4^5^6')
})

test('where the one who read a result works', () => {
  const all = sent('ORU^R01', PID, `${OBR}${'|'.repeat(7)}7&DUPONT&ALICE^^^BIO^12^^CLI`, OBX)
  const names = ofType(all, 'Location').map(({ resource }) => resource['name'])
  expect(names).toEqual(['12', 'BIO', 'CLI'])
})
