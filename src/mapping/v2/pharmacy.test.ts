/** Pharmacy messages (HL7 v2.8 chapter 4A): prescriptions, dispenses, administrations. */
import { describe, expect, test } from 'vitest'
import type { MappedResource } from './index.ts'
import { ofType, only } from './testing/compiled.ts'
import { sent } from './testing/sound.ts'

const PID = 'PID|1||IPP1001^^^CLINIQUE&1.2.250.1.99.2&ISO^PI||DURAND^ÉLODIE||19840314|F'
const PV1 = `PV1|1|I|CHIR^204^1^CLI${'|'.repeat(16)}VIS77^^^CLINIQUE&1.2.250.1.99.2&ISO^VN`
const DOCTOR = '10001234567^MARTIN^PAUL^^^DR^^^RPPS&1.2.250.1.71.4.2.1&ISO'
const ORC = `ORC|NW|RX700^DPI|PH900^PUI||IP||||20260310101000|IDE7^BERNARD^LUC||${DOCTOR}`
const DRUG = 'N02BE01^Paracétamol^ATC'
const MG = { unit: 'mg', system: 'http://unitsofmeasure.org', code: 'mg' }

const referenceTo = ({ type, id }: MappedResource) => ({ reference: `${type}/${id}` })

describe('RDE^O11, a prescription', () => {
  const RXE = [
    'RXE',
    '',
    DRUG,
    '500',
    '1000',
    'mg^^UCUM',
    'CPR^Comprimé^L',
    '^Avec un verre d’eau',
    '',
    'N',
    '20',
    'CPR^comprimé^L',
    '2',
    '',
    'PHA1^LEROY^ANNE',
    'ORD55',
    '',
    '',
    '',
    '3^g',
    '',
    '^Sous blister',
    '',
    '',
    '',
    '500',
    'mg^^UCUM',
    'DOUL^Douleur^L',
  ].join('|')
  const mapped = () =>
    sent(
      'RDE^O11^RDE_O11',
      PID,
      PV1,
      ORC,
      'TQ1|1|1^comprimé|BID^deux fois par jour^HL70335||||20260310080000|20260317200000|R',
      RXE,
      'RXR|PO^Voie orale^HL70162',
      'NTE|1||Surveiller la fonction hépatique.',
      'OBX|1|NM|29463-7^Poids^LN||62|kg|||||F',
    )

  test('who asks for what, for whom, why', () => {
    const all = mapped()
    const { resource } = only(all, 'MedicationRequest')
    expect(resource).toMatchObject({
      status: 'active',
      intent: 'order',
      identifier: [{ value: 'RX700' }, { value: 'PH900' }, { value: 'ORD55' }],
      authoredOn: '2026-03-10T10:10:00+01:00',
      priority: 'routine',
      reasonCode: [{ coding: [{ code: 'DOUL', display: 'Douleur' }] }],
      substitution: { allowedCodeableConcept: { coding: [{ code: 'N' }] } },
      subject: referenceTo(only(all, 'Patient')),
      encounter: referenceTo(only(all, 'Encounter')),
      medicationReference: referenceTo(only(all, 'Medication')),
      requester: referenceTo(only(all, 'PractitionerRole')),
      supportingInformation: [referenceTo(only(all, 'Observation'))],
      note: [{ text: 'Sous blister' }, { text: 'Surveiller la fonction hépatique.' }],
    })
  })

  test('dose, route and times of one step are one instruction', () => {
    const [instruction, ...others] = only(mapped(), 'MedicationRequest').resource['dosageInstruction'] as [
      object,
    ]
    expect(others).toEqual([])
    expect(instruction).toMatchObject({
      text: 'Avec un verre d’eau',
      timing: {
        code: { coding: [{ code: 'BID' }] },
        repeat: {
          boundsPeriod: { start: '2026-03-10T08:00:00+01:00', end: '2026-03-17T20:00:00+01:00' },
        },
      },
      route: { coding: [{ code: 'PO' }, { code: 'PO', display: 'Voie orale' }] },
      doseAndRate: [
        { doseQuantity: { value: 1, unit: 'comprimé' } },
        { doseRange: { low: { value: 500, ...MG }, high: { value: 1000, ...MG } } },
      ],
      maxDosePerPeriod: { numerator: { value: 3, code: 'g' }, denominator: { value: 1, code: 'd' } },
    })
  })

  test('what is to be dispensed', () => {
    expect(only(mapped(), 'MedicationRequest').resource['dispenseRequest']).toEqual({
      quantity: { value: 20, unit: 'comprimé' },
      numberOfRepeatsAllowed: 2,
    })
  })

  test('the drug with its form and strength', () => {
    expect(only(mapped(), 'Medication').resource).toMatchObject({
      code: { coding: [{ system: 'http://www.whocc.no/atc', code: 'N02BE01', display: 'Paracétamol' }] },
      form: { coding: [{ code: 'CPR', display: 'Comprimé' }] },
      ingredient: [{ strength: { numerator: { value: 500, ...MG }, denominator: { value: 1 } } }],
    })
  })

  test('two steps of a treatment are two instructions', () => {
    const all = sent(
      'RDE^O11^RDE_O11',
      PID,
      ORC,
      `RXE||${DRUG}|1||g`,
      'TQ1|1||QAM',
      'TQ1|2||QHS',
      'RXR|PO',
      'RXR|PR',
    )
    const steps = only(all, 'MedicationRequest').resource['dosageInstruction'] as {
      timing: { code: { coding: [{ code: string }] } }
      route: object
    }[]
    expect(steps).toHaveLength(2)
    expect(steps.map(({ timing, route }) => [timing.code.coding.at(-1)!.code, route !== undefined])).toEqual([
      ['QAM', true],
      ['QHS', true],
    ])
  })

  test.each([
    ['H8|1000|mL^^UCUM', { rateRatio: { numerator: { value: 1000 }, denominator: { value: 8, code: 'h' } } }],
    ['|125|mL/h', { rateQuantity: { value: 125, unit: 'mL/h', code: 'mL/h' } }],
    ['H1|125|mL/h', { rateQuantity: { value: 125, unit: 'mL/h' } }],
  ])('the rate %s', (rate, expected) => {
    const all = sent('RDE^O11^RDE_O11', PID, ORC, `RXE||${DRUG}|1||L${'|'.repeat(17)}${rate}`)
    const [{ doseAndRate }] = only(all, 'MedicationRequest').resource['dosageInstruction'] as [
      { doseAndRate: object[] },
    ]
    expect(doseAndRate).toMatchObject([expected])
  })

  test('a compound is a Medication of its components, base and additives', () => {
    const all = sent(
      'RDE^O11^RDE_O11',
      PID,
      ORC,
      'RXE||PERF1^Perfusion G5 et KCl^L|1000||mL^^UCUM',
      'RXR|IV',
      'RXC|B|G5^Glucose 5 %^L|1000|mL^^UCUM',
      'RXC|A|KCL^Chlorure de potassium^L|20|mmol^^UCUM',
    )
    expect(only(all, 'Medication').resource['ingredient']).toMatchObject([
      { isActive: false, itemCodeableConcept: { coding: [{ code: 'G5' }] } },
      { isActive: true, strength: { numerator: { value: 20, code: 'mmol' } } },
    ])
  })

  test('the hours of a day, and how much is handed over first', () => {
    const all = sent(
      'RDE^O11^RDE_O11',
      PID,
      ORC,
      `RXE||${DRUG}|1||g${'|'.repeat(34)}2^CPR`,
      'TQ1|1||BID|0800~2000',
    )
    expect(only(all, 'MedicationRequest').resource).toMatchObject({
      dosageInstruction: [{ timing: { repeat: { timeOfDay: ['08:00:00', '20:00:00'] } } }],
      dispenseRequest: { initialFill: { quantity: { value: 2, unit: 'CPR' } } },
    })
  })

  test.each([
    ['D7', { value: 7, unit: 'd', code: 'd' }],
    ['X5', undefined],
  ])('v2.3: for how long the old timing says in TQ.3: %s', (length, expected) => {
    const all = sent('RDE^O01', PID, ORC, `RXE|1&g^Q8H^${length}|${DRUG}|1||g`)
    const [{ timing }] = only(all, 'MedicationRequest').resource['dosageInstruction'] as [
      { timing: { repeat: { boundsDuration?: object } } },
    ]
    if (expected === undefined) expect(timing.repeat).not.toHaveProperty('boundsDuration')
    else expect(timing.repeat.boundsDuration).toMatchObject(expected)
  })

  test('v2.3: RXE-1 says when, RXO what the doctor asked for', () => {
    const all = sent(
      'RDE^O01',
      PID,
      ORC.replace('|IP|', '||'),
      `RXO|${DRUG}|1||g`,
      `RXE|1&g^Q8H^^20260310080000|${DRUG}|1||g`,
      'RXR|PO',
    )
    expect(only(all, 'MedicationRequest').resource).toMatchObject({
      intent: 'original-order',
      status: 'active',
      dosageInstruction: [{ timing: { repeat: { boundsPeriod: { start: '2026-03-10T08:00:00+01:00' } } } }],
    })
  })

  test.each([
    ['CA', '', 'active'],
    ['OC', '', 'cancelled'],
    ['DC', '', 'stopped'],
    ['SC', 'CM', 'completed'],
    ['SC', 'HD', 'on-hold'],
  ])('ORC-1 %s with ORC-5 %s is the status %s', (control, status, expected) => {
    const all = sent('RDE^O11', PID, `ORC|${control}|RX1^DPI|||${status}`, `RXE||${DRUG}|1||g`)
    expect(only(all, 'MedicationRequest').resource['status']).toBe(expected)
  })
})

test('OMP^O09: one dose is a quantity, two are a range', () => {
  const doses = ['500|', '500|1000'].map((amounts) => {
    const all = sent('OMP^O09^OMP_O09', PID, PV1, ORC, `RXO|${DRUG}|${amounts}|mg^^UCUM`, 'RXR|PO')
    const [{ doseAndRate }] = only(all, 'MedicationRequest').resource['dosageInstruction'] as [
      { doseAndRate: [object] },
    ]
    return doseAndRate[0]
  })
  expect(doses).toMatchObject([
    { doseQuantity: { value: 500, ...MG } },
    { doseRange: { low: { value: 500 }, high: { value: 1000 } } },
  ])
})

test('ORM^O01 with RXO is an order of a drug and of nothing else', () => {
  const all = sent(
    'ORM^O01',
    PID,
    ORC,
    `RXO|${DRUG}|500||mg|CPR`,
    'NTE|1||À jeun',
    'DG1|1||R52^Douleur^CIM10',
    'ORC|NW|LAB1^DPI',
    'OBR|1|LAB1^DPI||NFS^NFS^L',
  )
  expect(only(all, 'MedicationRequest').resource).toMatchObject({
    note: [{ text: 'À jeun' }],
    reasonReference: [referenceTo(only(all, 'Condition'))],
  })
  const service = only(all, 'ServiceRequest').resource
  expect(service).toMatchObject({ identifier: [{ value: 'LAB1' }] })
  expect(service['reasonReference']).toBeUndefined()
})

test('a note on a component is a note of the order', () => {
  const RXC = 'RXC|A|KCL^Chlorure de potassium^L|20|mmol^^UCUM'
  for (const type of ['ORM^O01', 'OMP^O09^OMP_O09']) {
    const all = sent(type, PID, ORC, `RXO|${DRUG}|1||g`, 'RXR|IV', RXC, 'NTE|1||Diluer')
    expect(only(all, 'MedicationRequest').resource['note']).toMatchObject([{ text: 'Diluer' }])
  }
})

test('RXO says how often it is dispensed and where that is called', () => {
  const RXO = `RXO|${DRUG}|1||g${'|'.repeat(24)}30||||PUI^Pharmacie centrale||||^^PH^^^1^40000000`
  const all = sent('OMP^O09^OMP_O09', PID, ORC, RXO)
  expect(only(all, 'MedicationRequest').resource['dispenseRequest']).toMatchObject({
    dispenseInterval: { value: 30, unit: 'd', system: 'http://unitsofmeasure.org', code: 'd' },
  })
  const pharmacies = ofType(all, 'Organization').filter(({ resource }) => 'telecom' in resource)
  expect(pharmacies.map(({ resource }) => resource['telecom'])).toMatchObject([
    [{ value: '1 40000000', system: 'phone' }],
  ])
})

describe('RDS^O13, a dispense', () => {
  const RXD = (subId: string, when: string) =>
    `RXD|${subId}|${DRUG}|${when}|20|CPR^comprimé|CPR|ORD55|2|Remis au patient|PHA1^LEROY^ANNE|G||CHIR^204^1|||500|mg|LOT9|20280101|LAB1^Laboratoire X^L`
  const mapped = (...dispenses: string[]) =>
    sent('RDS^O13^RDS_O13', PID, PV1, ORC, `RXE||${DRUG}|500||mg`, 'RXR|PO', ...dispenses)

  test('what was given to whom, by whom, on which prescription', () => {
    const all = mapped(RXD('1', '20260310110000'), 'RXR|PO', 'NTE|1||Prise expliquée')
    const request = only(all, 'MedicationRequest')
    expect(only(all, 'MedicationDispense').resource).toMatchObject({
      status: 'completed',
      identifier: [{ value: 'ORD55' }, { value: 'RX700' }, { value: 'PH900' }],
      whenHandedOver: '2026-03-10T11:00:00+01:00',
      quantity: { value: 20, unit: 'comprimé' },
      substitution: { wasSubstituted: true, type: { coding: [{ code: 'G' }] } },
      note: [{ text: 'Remis au patient' }, { text: 'Prise expliquée' }],
      authorizingPrescription: [referenceTo(request)],
      subject: referenceTo(only(all, 'Patient')),
      context: referenceTo(only(all, 'Encounter')),
      dosageInstruction: [{ route: { coding: [{ code: 'PO' }] } }],
    })
    const given = ofType(all, 'Medication').map(({ resource }) => resource['batch'])
    expect(given).toContainEqual({ lotNumber: 'LOT9', expirationDate: '2028-01-01' })
  })

  test('what it is for, where the prescription does not say it', () => {
    const [given, reason] = [RXD('1', '20260310'), 'DOUL^Douleur^L']
    const all = mapped(`${given}|${reason}`)
    expect(only(all, 'MedicationRequest').resource['reasonCode']).toMatchObject([
      { coding: [{ code: 'DOUL' }] },
    ])
  })

  test('the prescription is the one that was ordered', () => {
    const ordered = only(sent('RDE^O11', PID, ORC, `RXE||${DRUG}|500||mg`), 'MedicationRequest')
    expect(only(mapped(RXD('1', '20260310110000')), 'MedicationRequest').id).toBe(ordered.id)
  })

  test('each dispense is one, the same dispense stays the same', () => {
    const idOf = (subId: string, when: string) => only(mapped(RXD(subId, when)), 'MedicationDispense').id
    const ids = [idOf('1', '20260310'), idOf('2', '20260310'), idOf('1', '20260410'), idOf('1', '20260310')]
    expect(new Set(ids).size).toBe(3)
    expect(ids[3]).toBe(ids[0])
  })
})

describe('RAS^O17, administrations', () => {
  const all = () =>
    sent(
      'RAS^O17^RAS_O17',
      PID,
      PV1,
      ORC,
      `RXA|0|1|20260310120000|20260310121000|${DRUG}|500|mg^^UCUM|CPR|^Bien toléré|IDE7^BERNARD^LUC|||||LOT9|20280101|LAB1^X^L|||CP|A`,
      'RXR|PO^Orale^HL70162',
      `RXA|0|2|20260310180000||${DRUG}|999||||||||||||REF^Refus^L||RE`,
    )

  test('a dose that was given', () => {
    const [given] = ofType(all(), 'MedicationAdministration')
    expect(given!.resource).toMatchObject({
      status: 'completed',
      identifier: [{ value: 'RX700' }, { value: 'PH900' }],
      effectivePeriod: { start: '2026-03-10T12:00:00+01:00', end: '2026-03-10T12:10:00+01:00' },
      dosage: { dose: { value: 500, ...MG }, route: { coding: [{ code: 'PO' }, { display: 'Orale' }] } },
      note: [{ text: 'Bien toléré' }],
      request: referenceTo(only(all(), 'MedicationRequest')),
    })
  })

  test('so much in so long is a rate', () => {
    const infusion = `RXA|0|1|20260310120000|20260310160000|${DRUG}|1000|mL^^UCUM|||||H4`
    const { resource } = only(sent('RAS^O17^RAS_O17', PID, ORC, infusion), 'MedicationAdministration')
    expect(resource['dosage']).toMatchObject({
      dose: { value: 1000 },
      rateRatio: { numerator: { value: 1000, unit: 'mL' }, denominator: { value: 4, code: 'h' } },
    })
  })

  test('a dose that was refused: 999 is no amount', () => {
    const [, refused] = ofType(all(), 'MedicationAdministration')
    expect(refused!.resource).toMatchObject({
      status: 'not-done',
      statusReason: [{ coding: [{ code: 'REF' }] }],
      effectiveDateTime: '2026-03-10T18:00:00+01:00',
    })
    expect(refused!.resource['dosage']).toBeUndefined()
  })
})

test('RGV^O15: a dose to be given is an order of its own, based on the prescription', () => {
  const all = sent(
    'RGV^O15^RGV_O15',
    PID,
    PV1,
    ORC,
    `RXE||${DRUG}|500||mg`,
    'RXR|PO',
    `RXG|1|1||${DRUG}|500||mg^^UCUM|CPR|^À heure fixe`,
    'TQ1|1||||||20260310080000',
    'RXR|PO',
  )
  const [prescription, dose] = ofType(all, 'MedicationRequest')
  expect(dose!.resource).toMatchObject({
    intent: 'instance-order',
    status: 'active',
    basedOn: [referenceTo(prescription!)],
    dosageInstruction: [
      {
        doseAndRate: [{ doseQuantity: { value: 500, ...MG } }],
        route: { coding: [{ code: 'PO' }] },
        timing: { repeat: { boundsPeriod: { start: '2026-03-10T08:00:00+01:00' } } },
      },
    ],
    note: [{ text: 'À heure fixe' }],
  })
})

test('RGV^O15: the strength, the lot and the maker of what is to be given', () => {
  const RXG = `RXG|1|1||${DRUG}|500||mg^^UCUM|CPR|||||||||500|mg^^UCUM|LOT7|20280101|LAB1^Laboratoire X^L`
  const all = sent('RGV^O15^RGV_O15', PID, ORC, RXG)
  const drug = ofType(all, 'Medication').find(({ resource }) => 'batch' in resource)!.resource
  expect(drug).toMatchObject({
    batch: { lotNumber: 'LOT7', expirationDate: '2028-01-01' },
    ingredient: [{ strength: { numerator: { value: 500, code: 'mg' } } }],
  })
  expect(drug).toHaveProperty('manufacturer')
})

test('RXO says how fast, how much a day and why', () => {
  const RXO = [
    'RXO',
    DRUG,
    '500',
    '',
    'mg^^UCUM',
    ...Array<string>(12).fill(''),
    'H4',
    '',
    '',
    'DOUL^Douleur^L',
    '100',
    'mL^^UCUM',
    '2^g',
    'DOLI^Doliprane^L',
  ]
  const all = sent('OMP^O09', PID, ORC, RXO.join('|'))
  expect(only(all, 'MedicationRequest').resource).toMatchObject({
    reasonCode: [{ coding: [{ code: 'DOUL' }] }],
    dosageInstruction: [
      {
        doseAndRate: [
          {
            doseQuantity: { value: 500 },
            rateRatio: { numerator: { value: 100 }, denominator: { value: 4, code: 'h' } },
          },
        ],
        maxDosePerPeriod: { numerator: { value: 2, code: 'g' }, denominator: { value: 1, code: 'd' } },
      },
    ],
  })
  expect(only(all, 'Medication').resource['code']).toMatchObject({
    coding: [{ code: 'N02BE01' }, { code: 'DOLI' }],
  })
})
