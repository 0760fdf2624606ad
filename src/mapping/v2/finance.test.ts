/** Charges, accounts, guarantors and insurance: DFT, BAR and the insurance segments of ADT. */
import { describe, expect, test } from 'vitest'
import { faults, map, message, ofType, only, reference } from './testing/compiled.ts'

const header = (type: string) => `MSH|^~\\&|FACT|CLINIQUE|||20260309101500||${type}|M1|P|2.5`
const EVN = 'EVN||20260309101500'
const PID = 'PID|1||IPP9^^^C^PI||DURAND^ÉLODIE||19840314|F||||||||||DOS77^^^C'
const PV1 =
  'PV1|1|O|CONS^12^^CLI||||10001^MARTIN^PAUL||||||||||||V9^^^C|||||||||||||||||||||||||20260309080000'
const FT1 =
  'FT1|1|T100|B7|20260309090000|20260309100000|CG|ECG01^Électrocardiogramme^L|||2|28.50&EUR|14.25&EUR|CARD^Cardiologie|||CONS^12|||I10^Hypertension^I10|10001^MARTIN^PAUL|10002^PETIT^ANNE||F55^LAB|10003^ROUX^LÉA|DEQP003^ECG^CCAM'
const PR1 = 'PR1|1||DEQP003^ECG^CCAM|ECG de repos|20260309090000|D'
const DG1 = 'DG1|1||I10^Hypertension essentielle^I10|||A'
const GT1 =
  'GT1|1|G1^^^C|DURAND^PAUL||3 RUE DU PORT^^RENNES^^35000^FRA|0299000001|0299000002|19800101|M||SPO|180013500112|20260101|20261231'
const IN1 =
  "IN1|1|P1^Mutuelle Plus|MUT1^^^C|MUTUELLE DE L'OUEST|1 QUAI^^NANTES^^44000|BERTIN^LUC|0240000000|G77|Groupe 77|||20260101|20261231||S|DURAND^PAUL|SPO|19800101|3 RUE DU PORT^^RENNES|||1||||||||||||||POL555|||||||M||||||INS999"
const IN2 = `IN2||180013500112${'|'.repeat(61)}0299000001`

const DFT = message(header('DFT^P03^DFT_P03'), EVN, PID, PV1, FT1, 'NTE|1||De nuit', PR1, DG1, GT1, IN1, IN2)

test.each([
  ['DFT^P03', [EVN, PID, PV1, FT1, PR1, DG1, GT1, IN1, IN2]],
  ['DFT^P11', [EVN, PID, PV1, DG1, GT1, IN1, FT1, PR1]],
  [
    'BAR^P01',
    [EVN, PID, PV1, 'AL1|1|DA|PENI^Pénicilline^L|SV', DG1, PR1, GT1, 'NK1|1|DURAND^PAUL|SPO', IN1, IN2],
  ],
  ['BAR^P02', [EVN, PID, PV1]],
  ['BAR^P05', [EVN, PID, PV1, DG1, IN1]],
  ['BAR^P06', [EVN, PID, PV1]],
  ['BAR^P12', [EVN, PID, PV1, DG1, PR1]],
  ['ADT^A01', [EVN, PID, PV1, DG1, PR1, GT1, IN1, IN2]],
])('%s: every resource is valid and every reference leads somewhere', (type, segments) => {
  const sent = message(header(type), ...segments)
  expect(faults(sent)).toEqual([])
  expect(map(sent).warnings.filter(({ code }) => code.startsWith('segment'))).toEqual([])
})

test('a charge says what was done, by whom, when and for how much', () => {
  const mapped = map(DFT)
  expect(only(mapped, 'ChargeItem').resource).toMatchObject({
    identifier: [{ value: 'T100' }, { value: 'B7' }],
    status: 'billable',
    code: { coding: [{ code: 'ECG01' }, { code: 'DEQP003' }] },
    subject: reference(only(mapped, 'Patient')),
    context: reference(only(mapped, 'Encounter')),
    account: [reference(only(mapped, 'Account'))],
    service: [{ identifier: { value: 'F55' } }, reference(only(mapped, 'Procedure'))],
    occurrenceDateTime: '2026-03-09T09:00:00+01:00',
    enteredDate: '2026-03-09T10:00:00+01:00',
    quantity: { value: 2 },
    priceOverride: { value: 28.5, currency: 'EUR' },
    reason: [{ coding: [{ code: 'I10' }] }],
    performer: [{ function: { coding: [{ code: 'PRF' }] } }, { function: { coding: [{ code: 'OP' }] } }],
    note: [{ text: 'De nuit' }],
  })
  expect(JSON.stringify(only(mapped, 'ChargeItem').exact)).toContain('"value":28.50')
})

test('what is no currency of ISO 4217 is left out', () => {
  const priceIn = (currency: string) =>
    only(map(message(header('DFT^P03'), PID, FT1.replace('&EUR', `&${currency}`))), 'ChargeItem').resource[
      'priceOverride'
    ]
  expect(priceIn('eur')).toEqual({ value: 28.5, currency: 'EUR' })
  expect(priceIn('QQQ')).toEqual({ value: 28.5 })
})

test('a credit is not billable, and a kind of transaction that nobody knows stays readable', () => {
  const statusOf = (kind: string) =>
    only(map(message(header('DFT^P03'), PID, FT1.replace('|CG|', `|${kind}|`))), 'ChargeItem').resource
  expect(statusOf('CD')).toMatchObject({ status: 'not-billable' })
  expect(statusOf('ZZ')).toMatchObject({
    status: 'unknown',
    _status: { extension: [{ valueCodeableConcept: { text: 'ZZ' } }] },
  })
})

describe('an account', () => {
  test('knows its guarantor and its coverage', () => {
    const mapped = map(DFT)
    const guarantor = ofType(mapped, 'RelatedPerson').find(({ resource }) =>
      JSON.stringify(resource['relationship']).includes('GUAR'),
    )!
    expect(only(mapped, 'Account').resource).toMatchObject({
      status: 'active',
      identifier: [{ value: 'DOS77' }],
      subject: [reference(only(mapped, 'Patient'))],
      servicePeriod: { start: '2026-03-09T08:00:00+01:00' },
      guarantor: [{ party: reference(guarantor), period: { start: '2026-01-01', end: '2026-12-31' } }],
      coverage: [{ coverage: reference(only(mapped, 'Coverage')), priority: 1 }],
    })
    expect(only(mapped, 'Encounter').resource['account']).toEqual([reference(only(mapped, 'Account'))])
    expect(guarantor.resource).toMatchObject({
      identifier: [{ value: 'G1' }, { value: '180013500112', type: { coding: [{ code: 'SB' }] } }],
      name: [{ family: 'DURAND', given: ['PAUL'] }],
      telecom: [
        { value: '0299000001', use: 'home' },
        { value: '0299000002', use: 'work' },
      ],
      birthDate: '1980-01-01',
      gender: 'male',
    })
  })

  test('may be guaranteed by an organization or by the patient herself', () => {
    const account = (guarantor: string) => {
      const mapped = map(message(header('BAR^P01'), EVN, PID, PV1, guarantor))
      const [{ party }] = only(mapped, 'Account').resource['guarantor'] as [{ party: { reference: string } }]
      return party.reference.split('/')[0]
    }
    expect(account(`GT1|1|G2^^^C${'|'.repeat(19)}MAIRIE^^77`)).toBe('Organization')
    expect(account('GT1|1|G3^^^C|DURAND^ÉLODIE||||||||SEL')).toBe('Patient')
  })

  test('without a number is the one account of its patient', () => {
    const idOf = (type: string) =>
      only(map(message(header(type), EVN, PID.replace('DOS77^^^C', ''), PV1, GT1)), 'Account').id
    expect(idOf('BAR^P01')).toBe(idOf('ADT^A01'))
  })

  test.each([
    ['P01', 'active'],
    ['P05', 'active'],
    ['P02', 'inactive'],
    ['P06', 'inactive'],
  ])('after BAR^%s is %s', (event, status) => {
    const mapped = map(message(header(`BAR^${event}`), EVN, PID, PV1))
    expect(only(mapped, 'Account').resource['status']).toBe(status)
  })
})

describe('a coverage', () => {
  const mapped = map(DFT)
  const { resource } = only(mapped, 'Coverage')

  test('has its classes, its numbers and its payor', () => {
    expect(resource).toMatchObject({
      identifier: [{ value: 'P1' }, { value: 'POL555' }],
      subscriberId: 'INS999',
      period: { start: '2026-01-01', end: '2026-12-31' },
      class: [
        { type: { coding: [{ code: 'group' }] }, value: 'G77', name: 'Groupe 77' },
        { type: { coding: [{ code: 'plan' }] }, value: 'P1', name: 'Mutuelle Plus' },
      ],
      order: 1,
    })
    const payor = ofType(mapped, 'Organization').find(
      ({ resource: { name } }) => name === "MUTUELLE DE L'OUEST",
    )!
    expect(resource['payor']).toEqual([reference(payor)])
    expect(payor.resource).toMatchObject({
      identifier: [{ value: 'MUT1' }],
      contact: [{ name: { family: 'BERTIN' } }],
      telecom: [{ value: '0240000000' }],
      address: [{ city: 'NANTES' }],
    })
  })

  test('belongs to a subscriber with what IN1 and IN2 say of him', () => {
    const subscriber = ofType(mapped, 'RelatedPerson').find(
      ({ id }) => resource['subscriber'] !== undefined && JSON.stringify(resource['subscriber']).includes(id),
    )!
    expect(subscriber.resource).toMatchObject({
      patient: reference(only(mapped, 'Patient')),
      name: [{ family: 'DURAND', given: ['PAUL'] }],
      identifier: [{ value: '180013500112' }],
      birthDate: '1980-01-01',
      gender: 'male',
      telecom: [{ value: '0299000001', use: 'home' }],
    })
  })

  test('of the insured herself makes no second person', () => {
    const own = map(message(header('ADT^A01'), EVN, PID, PV1, IN1.replace('|SPO|', '|SEL|'), IN2))
    expect(ofType(own, 'RelatedPerson')).toEqual([])
    expect(only(own, 'Coverage').resource).toMatchObject({
      subscriber: reference(only(own, 'Patient')),
      relationship: { coding: expect.arrayContaining([expect.objectContaining({ code: 'self' })]) },
    })
  })
})

test.each([
  [
    '20260309090000',
    '45',
    { performedPeriod: { start: '2026-03-09T09:00:00+01:00', end: '2026-03-09T09:45:00+01:00' } },
  ],
  ['20260309', '45', { performedDateTime: '2026-03-09' }],
  ['20260309090000', '', { performedDateTime: '2026-03-09T09:00:00+01:00' }],
])('a procedure of %s and %s minutes', (begun, minutes, performed) => {
  const sent = message(header('BAR^P12'), EVN, PID, PV1, `PR1|1||DEQP003^ECG^CCAM||${begun}||${minutes}`)
  expect(faults(sent)).toEqual([])
  expect(only(map(sent), 'Procedure').resource).toMatchObject(performed)
})

test('a code with its modifier stands beside the code, and a parent is named by its number', () => {
  const procedure =
    'PR1|1||27130^Arthroplastie^C4||20260309' + '|'.repeat(11) + '50^Bilatéral' + '|'.repeat(9) + 'PRO1^DPI'
  const sent = message(
    header('BAR^P12'),
    EVN,
    PID,
    PV1,
    procedure,
    `DG1|1||I10^Hypertension^I10|||A${'|'.repeat(16)}DIA1^DPI`,
  )
  expect(faults(sent)).toEqual([])
  expect(only(map(sent), 'Procedure').resource).toMatchObject({
    code: { coding: [{ code: '27130' }, { code: '27130:50' }] },
    partOf: [{ identifier: { value: 'PRO1' } }],
  })
  expect(only(map(sent), 'Condition').resource['extension']).toMatchObject([
    { valueReference: { identifier: { value: 'DIA1' } } },
  ])
})

test('the case manager of an insurance is in the care team', () => {
  const sent = message(header('ADT^A01'), EVN, PID, PV1, IN1, `IN3|1${'|'.repeat(20)}ROUX LÉA`)
  expect(faults(sent)).toEqual([])
  expect(only(map(sent), 'CareTeam').resource).toMatchObject({
    subject: reference(only(map(sent), 'Patient')),
    participant: [{ member: { display: 'ROUX LÉA' }, role: [{ coding: [{ code: '768832004' }] }] }],
  })
})

describe('what the payer allowed', () => {
  const IN3 =
    'IN3|1|CERT7^^^MUT1|||||||20260301|20260331||||||||CAISSE^Caisse régionale^L|^WPN^PH^^^^^^^^^0240111111'
  const AUT =
    'AUT||PAY9^Caisse nationale^L|Caisse nationale|20260302|20260402|A77^^1.2.3^ISO|500.00&EUR|10|8|20260301'
  const authorized = IN1.replace('20261231||', '20261231|AUTH5^20260228|')
  const of = (mapped: ReturnType<typeof map>, ref: string) =>
    ofType(mapped, 'ClaimResponse').find(({ resource }) => resource['preAuthRef'] === ref)!.resource

  test('IN1-14, IN3 and AUT are pre-authorizations of that coverage', () => {
    const sent = message(header('ADT^A01^ADT_A01'), EVN, PID, PV1, authorized, IN2, IN3, AUT)
    expect(faults(sent)).toEqual([])
    const mapped = map(sent)
    const all = { use: 'preauthorization', status: 'active', patient: reference(only(mapped, 'Patient')) }
    const insurance = [{ sequence: 1, focal: true, coverage: reference(only(mapped, 'Coverage')) }]
    expect(of(mapped, 'AUTH5')).toMatchObject({ ...all, insurance, created: '2026-02-28' })
    expect(of(mapped, 'CERT7')).toMatchObject({
      ...all,
      insurance,
      preAuthPeriod: { start: '2026-03-01', end: '2026-03-31' },
    })
    expect(of(mapped, 'A77')).toMatchObject({
      ...all,
      insurance,
      created: '2026-03-01',
      preAuthPeriod: { start: '2026-03-02', end: '2026-04-02' },
      total: [{ amount: { value: 500, currency: 'EUR' } }],
    })
  })

  test.each(['OML^O21', 'ORM^O01', 'RDE^O11'])('an order (%s) tells it too', (type) => {
    const sent = message(
      header(type),
      PID,
      PV1,
      authorized,
      IN2,
      IN3,
      'ORC|NW|P1^A',
      'OBR|1|P1^A||GLU^Glucose^L',
    )
    expect(faults(sent)).toEqual([])
    expect(ofType(map(sent), 'ClaimResponse')).toHaveLength(2)
  })

  test('that of a referral is the insurance of the request, with how much was allowed', () => {
    const sent = message(header('REF^I12'), 'RF1|A|R|||| R1^A'.replace(' ', ''), AUT, PID)
    expect(faults(sent)).toEqual([])
    const mapped = map(sent)
    expect(only(mapped, 'ServiceRequest').resource).toMatchObject({
      insurance: [reference(only(mapped, 'ClaimResponse'))],
      quantityQuantity: { value: 8 },
    })
  })
})

test('a coverage says its deductible, and one payer has all its numbers', () => {
  const amounts = IN1.split('|')
  amounts[35] = 'K2'
  amounts[37] = '250.00&EUR'
  const in2 = `IN2|${'|'.repeat(24)}PAYER3^^^MUT&1.2.9&ISO${'|'.repeat(5)}AT^12.50&EUR^5${'|'.repeat(28)}0240999999`
  const sent = message(header('ADT^A01^ADT_A01'), EVN, PID, PV1, amounts.join('|'), in2)
  expect(faults(sent)).toEqual([])
  const mapped = map(sent)
  const coverage = only(mapped, 'Coverage').resource
  expect(coverage).toMatchObject({
    class: [{ value: 'G77' }, { value: 'P1' }, { type: { coding: [{ code: 'plan' }] }, value: 'K2' }],
    costToBeneficiary: [
      { type: { coding: [{ code: 'deductible' }] }, valueMoney: { value: 250, currency: 'EUR' } },
      { type: { text: 'daily deductible' }, valueMoney: { value: 12.5, currency: 'EUR' } },
    ],
  })
  expect(coverage['payor']).toHaveLength(1)
  const payer = ofType(mapped, 'Organization').find(
    ({ resource }) => resource['name'] === "MUTUELLE DE L'OUEST",
  )!
  expect(payer.resource['identifier']).toMatchObject([
    { value: 'MUT1' },
    { value: 'PAYER3', system: 'urn:oid:1.2.9' },
  ])
})
