/** What the events of ADT say of a visit, a person and her allergies beside the plain admission. */
import { expect, test } from 'vitest'
import { faults, map, message, only, reference } from './testing/compiled.ts'

const header = (event: string) => `MSH|^~\\&|DPI|CLINIQUE|||20260309101500||ADT^${event}|M1|P|2.5`
const EVN = 'EVN||20260309101500'
const PID = 'PID|||IPP9^^^C^PI||DURAND^ÉLODIE||19840314|F'
const PV1 = `PV1||I|CHIR^204^1^CLI|||MED^101${'|'.repeat(13)}V1^^^C${'|'.repeat(25)}20260309`

test.each([
  ['A10', 'arrived'],
  ['A14', 'planned'],
  ['A15', 'in-progress'],
  ['A16', 'in-progress'],
  ['A21', 'onleave'],
  ['A22', 'in-progress'],
  ['A23', 'entered-in-error'],
  ['A25', 'in-progress'],
  ['A26', 'in-progress'],
  ['A27', 'cancelled'],
  ['A32', 'planned'],
  ['A33', 'in-progress'],
  ['A38', 'cancelled'],
  ['A52', 'in-progress'],
  ['A53', 'onleave'],
  ['A54', 'in-progress'],
  ['A55', 'in-progress'],
  ['A61', 'in-progress'],
  ['A62', 'in-progress'],
])('after %s the visit is %s', (event, status) => {
  const sent = message(header(event), EVN, PID, PV1)
  expect(faults(sent)).toEqual([])
  expect(only(map(sent), 'Encounter').resource['status']).toBe(status)
})

test('A29 deletes a person: she is inactive and stays', () => {
  const sent = message(header('A29'), EVN, PID)
  expect(faults(sent)).toEqual([])
  expect(only(map(sent), 'Patient').resource['active']).toBe(false)
  expect(only(map(message(header('A31'), EVN, PID)), 'Patient').resource).not.toHaveProperty('active')
})

test('A60 says what a patient is allergic to, and an entry that was deleted was an error', () => {
  const allergy = (action: string) =>
    message(
      header('A60'),
      EVN,
      PID,
      PV1,
      `IAM|1|DA^^HL70127|PENI^Pénicilline^L|SV^^HL70128|Urticaire|${action}|ALL1^DPI||||20200101||20260309`,
      'NTE|1||Confirmée par la mère',
    )
  expect(faults(allergy('A'))).toEqual([])
  const mapped = map(allergy('A'))
  expect(only(mapped, 'AllergyIntolerance').resource).toMatchObject({
    identifier: [{ value: 'ALL1' }],
    clinicalStatus: { coding: [{ code: 'active' }] },
    category: ['medication'],
    code: { coding: [{ code: 'PENI' }] },
    reaction: [{ manifestation: [{ text: 'Urticaire' }] }],
    onsetDateTime: '2020-01-01',
    recordedDate: '2026-03-09',
    note: [{ text: 'Confirmée par la mère' }],
    encounter: reference(only(mapped, 'Encounter')),
  })
  expect(faults(allergy('D'))).toEqual([])
  expect(only(map(allergy('D')), 'AllergyIntolerance').resource).toMatchObject({
    verificationStatus: { coding: [{ code: 'entered-in-error' }] },
  })
})

test('an admission says the whole of its visit: who provides it, why, what was thought, of what she died', () => {
  const sent = message(
    header('A01'),
    EVN,
    PID.replace('|F', `|F${'|'.repeat(13)}MERE7^^^C`),
    `PV1||I|CHIR^204^1^CLI||||MED1^DUPONT${'|'.repeat(10)}AMBU||V1^^^C${'|'.repeat(20)}CLI SUD||||TMP^3|20260309`.replace(
      'MED1^DUPONT||||||||||AMBU||V1',
      'MED1^DUPONT|||||||||||AMBU|V1',
    ),
    'PV2|||DOUL^Douleur|TRANS^Transfert',
    'DG1|1||I10^Hypertension^I10|||F',
    'ACC|20260302|MV^Accident de la route',
    'PDA|I21^Infarctus^I10|||20260310|10001^MARTIN^PAUL',
  )
  expect(faults(sent)).toEqual([])
  const mapped = map(sent)
  expect(only(mapped, 'Encounter').resource).toMatchObject({
    type: [{ coding: [{ code: 'AMBU' }] }],
    reasonCode: [
      { coding: [{ code: 'DOUL' }] },
      { coding: [{ code: 'TRANS' }] },
      { coding: [{ code: 'MV' }] },
    ],
    diagnosis: [{ use: { coding: [{ code: 'DD' }, { code: 'F' }] } }],
    serviceProvider: { reference: expect.stringMatching(/^Organization\//) },
  })
  expect(only(mapped, 'Condition').resource).toMatchObject({
    category: [{ coding: [{ code: 'encounter-diagnosis' }] }],
    encounter: reference(only(mapped, 'Encounter')),
  })
  expect(only(mapped, 'Observation').resource).toMatchObject({
    code: { coding: [{ code: '69453-9' }] },
    valueCodeableConcept: { coding: [{ code: 'I21' }] },
    effectiveDateTime: '2026-03-10',
  })
  expect(only(mapped, 'RelatedPerson').resource).toMatchObject({
    identifier: [{ value: 'MERE7' }],
    relationship: [{ coding: [{ code: 'MTH' }] }],
  })
})

test('the diagnosis of a visit without a number is its diagnosis all the same', () => {
  const mapped = map(message(header('A01'), EVN, PID, 'PV1||I', 'DG1|1||I10^Hypertension^I10|||A'))
  expect(only(mapped, 'Encounter').resource).toMatchObject({
    diagnosis: [{ condition: reference(only(mapped, 'Condition')) }],
  })
})
