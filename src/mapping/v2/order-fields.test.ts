/** Fields of orders, results and specimens (HL7 v2.8 §4.5, §7.4, §13.4) that the official tables leave to whoever maps. */
import { describe, expect, test } from 'vitest'
import type { MappedResource } from './index.ts'
import { ofType, only } from './testing/compiled.ts'
import { sent } from './testing/sound.ts'

const PID = 'PID|1||IPP1001^^^CLINIQUE&1.2.250.1.99.2&ISO^PI||DURAND^ÉLODIE||19840314|F'
const OBX = 'OBX|1|NM|718-7^Hémoglobine^LN||13.1|g/dL|||||F'

/** A segment with values at the numbers of its fields. */
function segment(name: string, fields: Readonly<Record<number, string>>): string {
  const last = Math.max(...Object.keys(fields).map(Number))
  return [name, ...Array.from({ length: last }, (_, at) => fields[at + 1] ?? '')].join('|')
}
const OBR = (fields: Readonly<Record<number, string>> = {}) =>
  segment('OBR', { 1: '1', 2: 'CMD1^DPI', 3: 'LAB1^LABO', 4: 'NFS^Numération^L', ...fields })
const ORC = (fields: Readonly<Record<number, string>> = {}) =>
  segment('ORC', { 1: 'NW', 2: 'CMD1^DPI', 3: 'LAB1^LABO', ...fields })
const referenceTo = ({ type, id }: MappedResource) => ({ reference: `${type}/${id}` })
const identifiers = ({ resource }: MappedResource) => resource['identifier'] as Record<string, unknown>[]

describe('the free fields of placer and filler', () => {
  const all = sent(
    'ORU^R01',
    PID,
    OBR({ 18: 'P-1', 19: 'P-2', 20: 'F-1', 21: 'F-2', 24: 'HM', 25: 'F' }),
    OBX,
  )

  test.each(['ServiceRequest', 'DiagnosticReport'])('are secondary identifiers of the %s', (type) => {
    const secondary = identifiers(only(all, type)).filter(({ use }) => use === 'secondary')
    expect(secondary).toEqual([
      { use: 'secondary', type: { text: 'Placer field 1' }, value: 'P-1' },
      { use: 'secondary', type: { text: 'Placer field 2' }, value: 'P-2' },
      { use: 'secondary', type: { text: 'Filler field 1' }, value: 'F-1' },
      { use: 'secondary', type: { text: 'Filler field 2' }, value: 'F-2' },
    ])
  })

  test('tell no two orders from each other', () => {
    const [first, second] = ['A', 'B'].map((field) => {
      const order = sent('ORM^O01', PID, 'ORC|NW', OBR({ 2: '', 3: '', 18: field }))
      return only(order, 'ServiceRequest').id
    })
    expect(first).toBe(second)
  })

  test('OBR-18 of an image is its accession number (IHE RAD-4)', () => {
    const order = sent('ORM^O01', PID, ORC(), OBR({ 18: 'ACC7', 24: 'CT' }))
    expect(identifiers(only(order, 'ServiceRequest'))).toContainEqual(
      expect.objectContaining({
        value: 'ACC7',
        type: {
          coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'ACSN' }],
          text: 'Placer field 1',
        },
      }),
    )
  })
})

describe('when an order was made', () => {
  test.each([
    ['NW', { 9: '20260309' }, '2026-03-09'],
    ['RE', { 9: '20260309' }, '2026-03-09'],
    ['RE', { 9: '20260309', 37: '20260308' }, '2026-03-08'],
    ['CA', { 9: '20260309' }, undefined],
  ])('ORC-1 %s with %j: %s', (control, fields, expected) => {
    const order = only(sent('ORU^R01', PID, ORC({ 1: control, ...fields }), OBR(), OBX), 'ServiceRequest')
    expect(order.resource['authoredOn']).toBe(expected)
  })

  test('with a result that time is a fallback: what the order itself said stays', () => {
    const [result, order] = ['RE', 'NW'].map((control) =>
      only(sent('ORM^O01', PID, ORC({ 1: control, 9: '20260309' }), OBR()), 'ServiceRequest'),
    )
    expect(result!.fallbacks).toContain('authoredOn')
    expect(order!.fallbacks).not.toContain('authoredOn')
  })

  test('the message’s Provenance says when it happened and where it was entered', () => {
    const all = sent('OML^O21', PID, ORC({ 1: 'CA', 9: '20260309', 13: 'SECR^12' }), OBR())
    const { resource } = only(all, 'Provenance')
    expect(resource['occurredDateTime']).toBe('2026-03-09')
    expect(ofType(all, 'Location').map(referenceTo)).toContainEqual(resource['location'])
  })

  test.each(['OUL^R21', 'OUL^R22', 'OUL^R23', 'OUL^R24'])('%s: who entered it', (type) => {
    const [specimen, container] = ['SPM|1|T1&DPI||BLD', 'SAC|||T1^DPI']
    const order = [OBR({ 25: 'F' }), ORC({ 1: 'RE', 10: 'S1^PETIT^NORA' })]
    const messages: Record<string, string[]> = {
      'OUL^R21': [order[1]!, order[0]!],
      'OUL^R22': [specimen, ...order],
      'OUL^R23': [specimen, container, ...order],
      'OUL^R24': order,
    }
    const all = sent(`${type}^${type.replace('^', '_')}`, PID, ...messages[type]!, OBX)
    expect(JSON.stringify(only(all, 'Provenance').resource['agent'])).toContain('enterer')
  })
})

test('a parent is known by its number and by what was asked for', () => {
  const all = sent('OML^O21', PID, ORC(), OBR({ 29: 'CMD0&DPI^LAB0&LABO', 50: 'HEMO^Hémoculture^L' }))
  expect(only(all, 'ServiceRequest').resource['basedOn']).toMatchObject([
    { identifier: { value: 'CMD0' }, type: 'ServiceRequest', display: 'Hémoculture' },
    { identifier: { value: 'LAB0' }, type: 'ServiceRequest' },
  ])
})

test('an order says why it was changed, what is dangerous, how it is to be done and when', () => {
  const all = sent(
    'OML^O21',
    PID,
    ORC({ 1: 'CA', 5: 'CA', 16: 'DUP^Doublon^L' }),
    OBR({ 7: '20260311', 12: 'BIO^Patient contagieux^L', 45: 'LT^Côté gauche^L' }),
  )
  expect(only(all, 'ServiceRequest').resource).toMatchObject({
    extension: [{ valueCodeableConcept: { coding: [{ code: 'DUP' }] } }],
    note: [{ text: 'Patient contagieux' }],
    orderDetail: [{ coding: [{ code: 'LT' }] }],
    occurrenceDateTime: '2026-03-11',
  })
})

test('ORM^O01: the specimen that OBR tells of', () => {
  const all = sent('ORM^O01', PID, ORC(), OBR({ 7: '20260310', 9: '5^mL', 14: '20260310', 15: 'BLD&Sang' }))
  const specimen = only(all, 'Specimen')
  expect(specimen.resource).toMatchObject({
    receivedTime: '2026-03-10',
    collection: { quantity: { value: 5, unit: 'mL' }, collectedDateTime: '2026-03-10' },
  })
  expect(only(all, 'ServiceRequest').resource['specimen']).toEqual([referenceTo(specimen)])
})

describe('a result', () => {
  const oru = (...segments: string[]) => sent('ORU^R01', PID, OBR({ 25: 'F' }), ...segments)

  test('without a value says why, and of which kind it is', () => {
    const all = oru(segment('OBX', { 1: '1', 3: 'HB', 11: 'F', 29: 'RSLT', 30: 'AOE', 32: 'NAV^Perdu^L' }))
    expect(only(all, 'Observation').resource).toMatchObject({
      dataAbsentReason: { coding: [{ code: 'NAV' }] },
      category: [{ coding: [{ code: 'RSLT' }] }, { coding: [{ code: 'AOE' }] }],
    })
  })

  test('of several specimens names the first, its report all of them', () => {
    const all = oru(
      segment('OBX', { 1: '1', 2: 'NM', 3: 'CLR', 5: '90', 11: 'F', 33: 'T1&DPI^X1&LABO~T2&DPI^X2&LABO' }),
      'SPM|1|T1&DPI^X1&LABO||BLD^Sang^HL70487',
      'SPM|2|T2&DPI^X2&LABO||UR^Urine^HL70487',
    )
    const specimens = ofType(all, 'Specimen')
    expect(specimens).toHaveLength(2)
    const { resource } = only(all, 'Observation')
    expect(resource['specimen']).toEqual(
      referenceTo(specimens.find((each) => JSON.stringify(each.resource).includes('"T1"'))!),
    )
    const report = only(all, 'DiagnosticReport').resource['specimen'] as object[]
    expect(new Set(report.map((each) => JSON.stringify(each)))).toEqual(
      new Set(specimens.map((each) => JSON.stringify(referenceTo(each)))),
    )
  })

  test('that is a document is also the report as it was issued, a picture is not', () => {
    const document = (type: string) => `OBX|1|ED|CR^Compte rendu^L||^${type}^Base64^SGFsbG8=||||||F`
    expect(only(oru(document('application^pdf')), 'DiagnosticReport').resource['presentedForm']).toEqual([
      { contentType: 'application/pdf', data: 'SGFsbG8=', title: 'Compte rendu' },
    ])
    expect(only(oru(document('IM^JPEG')), 'DiagnosticReport').resource).not.toHaveProperty('presentedForm')
  })

  test('that lies elsewhere is an address of the report', () => {
    const all = oru('OBX|1|RP|CR^Compte rendu^L||https://doc.example.test/7^^application^pdf||||||F')
    expect(only(all, 'DiagnosticReport').resource['presentedForm']).toMatchObject([
      { contentType: 'application/pdf', url: 'https://doc.example.test/7' },
    ])
  })

  test('a coded comment without a text is a note', () => {
    const all = oru(OBX, segment('NTE', { 1: '1', 9: 'HEM^Échantillon hémolysé^L' }))
    expect(only(all, 'Observation').resource['note']).toMatchObject([{ text: 'Échantillon hémolysé' }])
  })
})

test('a specimen: what is left of it, its dangers, its container and other numbers', () => {
  const all = sent(
    'OML^O21',
    PID,
    ORC(),
    OBR(),
    segment('SPM', { 1: '1', 2: 'T1&DPI', 4: 'BLD', 16: 'BIO^Infectieux^L', 25: '3^mL', 28: 'CRK^Fêlé^L' }),
    segment('SAC', { 1: 'EXT9^AUTRE', 2: 'ACC9^LABO', 3: 'C1^LABO', 5: 'C2^AUTOMATE', 43: 'FRZ^Congeler^L' }),
  )
  const { resource } = only(all, 'Specimen')
  expect(resource).toMatchObject({
    extension: [{ valueCodeableConcept: { coding: [{ code: 'FRZ' }] } }],
    accessionIdentifier: { value: 'ACC9' },
    note: [{ text: 'Infectieux' }],
  })
  expect(resource['identifier']).toContainEqual(
    expect.objectContaining({
      value: 'EXT9',
      use: 'secondary',
      type: { coding: [expect.objectContaining({ code: 'ACSN' })] },
    }),
  )
  expect(resource['container']).toMatchObject([
    {
      description: 'Fêlé',
      identifier: [{ value: 'C1' }, { value: 'C2' }],
      specimenQuantity: { value: 3, unit: 'mL' },
    },
  ])
})
