/** Referrals (REF, RRI) and problems, goals and pathways (PPR, PGL, PPP). */
import { expect, test } from 'vitest'
import { faults, map, message, ofType, only, reference } from './testing/compiled.ts'

const header = (type: string) => `MSH|^~\\&|MED|CABINET|||20260309101500||${type}|M1|P|2.5`
const PID = 'PID|1||IPP9^^^C^PI||DURAND^ÉLODIE||19840314|F'
const PV1 = 'PV1|1|O||||||||||||||||||V9^^^C'.replace('O||', 'O|')
const RF1 =
  'RF1|P^Pending^HL70283|R^Routine^HL70280|MED^Medical^HL70281|WR^^HL70282|O^^HL70284|REF1^MED|20260310|20260610|20260309|DOUL^Douleur thoracique^L'
const FROM = 'PRD|RP^^HL70286|MARTIN^PAUL|1 RUE^^RENNES||0299000003^WPN^PH||10001234567^RPPS'
const TO = 'PRD|RT^^HL70286|PETIT^ANNE|||||10002^RPPS||||CARDIO^^88'
const REFERRAL = [
  RF1,
  FROM,
  'CTD|PP^^HL70131|SECR^LUCIE|||0299000004',
  TO,
  PID,
  'DG1|1||I20^Angine de poitrine^I10|||W',
  'AL1|1|DA|PENI^Pénicilline^L|SV|Urticaire',
  'OBR|1||L1^LAB|ECG^ECG^L|||20260308',
  'OBX|1|NM|8867-4^FC^LN||72|/min|||||F',
  PV1,
  'NTE|1||Merci de voir cette patiente',
]
const PROBLEM = 'PRB|AD|20260309|I10^Hypertension^I10|PB1^MED|||20260309|||||||A|20260309|20200101'
const GOAL =
  'GOL|AD|20260309|TA^TA < 140/90^L|G1^MED|||20260309|20260609||||||||IMP^Improving^L|en cours|A|20260309'
const PATHWAY = 'PTH|AD|HTA^Parcours HTA^L|PT1^MED|20260309|A'
const PRESSURE = 'OBX|1|NM|8480-6^PAS^LN||138|mm[Hg]|||||F'

test.each([
  ['REF^I12', REFERRAL],
  ['RRI^I12', ['MSA|AA|1', ...REFERRAL]],
  [
    'PPR^PC1',
    [PID, PV1, PROBLEM, 'NTE|1||suivi', 'VAR|V1^MED|20260309|||||Absente', PATHWAY, PRESSURE, GOAL, PRESSURE],
  ],
  ['PGL^PC6', [PID, PV1, GOAL, PATHWAY, PROBLEM]],
  ['PPP^PCB', [PID, PV1, PATHWAY, PROBLEM, GOAL]],
])('%s: every resource is valid and every reference leads somewhere', (type, segments) => {
  const sent = message(header(type), ...segments)
  expect(faults(sent)).toEqual([])
  expect(map(sent).warnings.filter(({ code }) => code.startsWith('segment'))).toEqual([])
})

test('a referral is an order with a task, from one doctor to another', () => {
  const mapped = map(message(header('REF^I12'), ...REFERRAL))
  const [from, to] = ofType(mapped, 'PractitionerRole').map(reference)
  expect(only(mapped, 'ServiceRequest').resource).toMatchObject({
    identifier: [{ value: 'REF1' }],
    status: 'active',
    intent: 'order',
    priority: 'routine',
    category: [{ coding: [{ code: '3457005' }] }, { coding: [{ code: 'O' }] }],
    code: { coding: [{ code: 'MED', display: 'Medical' }] },
    subject: reference(only(mapped, 'Patient')),
    encounter: reference(only(mapped, 'Encounter')),
    occurrencePeriod: { start: '2026-03-10', end: '2026-06-10' },
    authoredOn: '2026-03-09',
    reasonCode: [{ coding: [{ code: 'DOUL' }] }],
    reasonReference: [reference(only(mapped, 'Condition'))],
    requester: from,
    performer: [to],
    note: [{ text: 'Merci de voir cette patiente' }],
  })
  expect(only(mapped, 'Task').resource).toMatchObject({
    status: 'requested',
    focus: reference(only(mapped, 'ServiceRequest')),
    for: reference(only(mapped, 'Patient')),
    requester: from,
    owner: to,
  })
  expect(only(mapped, 'DiagnosticReport').resource['result']).toEqual([
    reference(only(mapped, 'Observation')),
  ])
})

test.each([
  ['A', 'active', 'accepted'],
  ['R', 'revoked', 'rejected'],
  ['E', 'revoked', 'cancelled'],
])('an answer with the status %s makes the order %s and the task %s', (code, order, task) => {
  const mapped = map(message(header('RRI^I12'), 'MSA|AA|1', RF1.replace('P^Pending', code), FROM, PID))
  expect(only(mapped, 'ServiceRequest').resource['status']).toBe(order)
  expect(only(mapped, 'Task').resource['status']).toBe(task)
})

test('a problem, its goal and its pathway refer to each other', () => {
  const mapped = map(message(header('PPR^PC1'), PID, PV1, PROBLEM, 'NTE|1||suivi', PATHWAY, GOAL, PRESSURE))
  const problem = reference(only(mapped, 'Condition'))
  expect(only(mapped, 'Condition').resource).toMatchObject({
    identifier: [{ value: 'PB1' }],
    clinicalStatus: { coding: [{ code: 'active' }, { code: 'A' }] },
    category: [{ coding: [{ code: 'problem-list-item' }] }],
    code: { coding: [{ code: 'I10' }] },
    onsetDateTime: '2020-01-01',
    recordedDate: '2026-03-09',
    note: [{ text: 'suivi' }],
  })
  expect(only(mapped, 'Goal').resource).toMatchObject({
    identifier: [{ value: 'G1' }],
    lifecycleStatus: 'active',
    startDate: '2026-03-09',
    target: [{ dueDate: '2026-06-09' }],
    achievementStatus: { coding: [{ code: 'IMP' }] },
    addresses: [problem],
    outcomeReference: [reference(only(mapped, 'Observation'))],
  })
  expect(only(mapped, 'CarePlan').resource).toMatchObject({
    status: 'active',
    intent: 'plan',
    title: 'Parcours HTA',
    period: { start: '2026-03-09' },
    addresses: [problem],
    goal: [reference(only(mapped, 'Goal'))],
  })
})

test('a problem that is deleted was an error, one that has ended is resolved, and both keep their ids', () => {
  const problem = (segment: string) => only(map(message(header('PPR^PC2'), PID, segment)), 'Condition')
  const deleted = problem(PROBLEM.replace('PRB|AD', 'PRB|DE'))
  expect(deleted.resource).toMatchObject({ verificationStatus: { coding: [{ code: 'entered-in-error' }] } })
  expect(deleted.resource).not.toHaveProperty('clinicalStatus')
  const ended = problem(PROBLEM.replace('|||20260309|||', '|||20260309||20260320|'))
  expect(ended.resource).toMatchObject({
    clinicalStatus: { coding: [{ code: 'resolved' }] },
    abatementDateTime: '2026-03-20',
  })
  expect(deleted.id).toBe(ended.id)
})
