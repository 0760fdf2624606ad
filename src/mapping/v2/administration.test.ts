/** What admissions, documents and referrals say beside the patient and the visit: roles, plans, classifications. */
import { expect, test } from 'vitest'
import { faults, map, message, ofType, only, reference } from './testing/compiled.ts'

const header = (type: string) => `MSH|^~\\&|DPI|CLINIQUE|||20260309101500||${type}|M1|P|2.5`
const EVN = 'EVN||20260309101500'
const PID = 'PID|1||IPP9^^^C^PI||DURAND^ÉLODIE||19840314|F'
const PV1 = `PV1|1|I|CHIR^204^1${'|'.repeat(16)}V9^^^C`
const DOCTOR = '10001^MARTIN^PAUL'
const field = (segment: string, at: number, text: string): string =>
  Object.assign(segment.split('|'), { [at]: text }).join('|')
const fields = (name: string, ...said: readonly (readonly [number, string])[]): string =>
  Array.from({ length: 40 }, (_, at) => (at === 0 ? name : (said.find(([n]) => n === at)?.[1] ?? ''))).join(
    '|',
  )

function mapped(...segments: readonly string[]) {
  const sent = message(...segments)
  expect(faults(sent)).toEqual([])
  return map(sent)
}

test('ROL and PRT after a procedure are who performed it, after the visit who takes part', () => {
  const pr1 = 'PR1|1||DEQP003^ECG^CCAM||20260309090000'
  const all = mapped(
    header('ADT^A01^ADT_A01'),
    EVN,
    PID,
    PV1,
    `PRT||AD||AT^Attending^HL70443|${DOCTOR}|||SERVICE^L^^^^^^^^S1`,
    pr1,
    `ROL||AD|AP^Admin^HL70443|10002^PETIT^ANNE`,
    `PRT||AD||OP^Order^HL70443|10003^ROUX^LÉA`,
  )
  expect(only(all, 'Procedure').resource['performer']).toHaveLength(2)
  expect(only(all, 'Encounter').resource['participant']).toMatchObject([
    {
      type: [{ coding: [{ code: 'ATND' }, {}] }],
      individual: reference(ofType(all, 'PractitionerRole')[0]!),
    },
  ])
})

test.each(['ADT^A08', 'ADT^A02', 'ADT^A03', 'BAR^P01', 'DFT^P03', 'MDM^T02', 'SIU^S12', 'VXU^V04'])(
  '%s: the mother is a RelatedPerson, the account an Account',
  (type) => {
    const pid = field(field(PID, 18, 'DOS1^^^C'), 21, 'IPP1^^^C^PI')
    const first = type.startsWith('SIU') ? 'SCH|P1^A|F1^B' : EVN
    const all = mapped(header(type), first, pid, PV1)
    expect(ofType(all, 'RelatedPerson').map(({ resource }) => resource['relationship'])).toMatchObject([
      [{ coding: [{ code: 'MTH' }] }],
    ])
    expect(ofType(all, 'Account')).toHaveLength(1)
  },
)

test('an advance directive is an observation beside the living will', () => {
  const pd1 = fields('PD1', [7, 'Y'], [15, 'DNR^Do not resuscitate^HL70435'])
  const all = mapped(header('ADT^A31'), EVN, PID, pd1)
  const values = ofType(all, 'Observation').map(({ resource }) => resource['valueCodeableConcept'])
  expect(values).toMatchObject([{ coding: [{ code: 'Y' }] }, { coding: [{ code: 'DNR' }] }])
})

test('a planned admission begins, and a planned discharge ends, when EVN-3 says', () => {
  const planned = (event: string) =>
    only(mapped(header(`ADT^${event}`), 'EVN||20260309101500|20260401080000', PID, PV1), 'Encounter')
      .resource['extension'] as { url: string; valueDateTime: string }[]
  expect(planned('A05')[0]).toMatchObject({ valueDateTime: '2026-04-01T08:00:00+02:00' })
  expect(planned('A05')[0]!.url).toMatch(/plannedStartDate$/)
  expect(planned('A16')[0]!.url).toMatch(/plannedEndDate$/)
})

test('a diagnosis has its classification, and its label when it is confidential', () => {
  const dg1 = fields('DG1', [1, '1'], [3, 'I10^Hypertension^I10'], [6, 'A'], [17, 'S'], [18, 'Y'])
  const { resource } = only(mapped(header('ADT^A08'), EVN, PID, PV1, dg1), 'Condition')
  expect(resource).toMatchObject({
    category: [{ coding: [{ code: 'encounter-diagnosis' }] }, { coding: [{ code: 'S' }] }],
    meta: { security: [{ code: 'R' }] },
  })
})

test('an accident is a reason of the visit, in its own words too', () => {
  const acc = fields('ACC', [1, '20260309'], [2, 'T'], [8, 'Chute à vélo'])
  expect(
    only(mapped(header('ADT^A04'), EVN, PID, PV1, acc), 'Encounter').resource['reasonCode'],
  ).toMatchObject([{ coding: [{ code: 'T' }], text: 'Chute à vélo' }])
})

test('a document keeps its title beside a note, its house, and who wrote and signed it', () => {
  const txa = fields(
    'TXA',
    [2, 'CR'],
    [10, DOCTOR],
    [11, '20001^COPISTE^EVE'],
    [12, 'DOC1^A'],
    [21, 'Erreur de côté'],
    [22, '10002^PETIT^ANNE'],
    [25, 'Compte rendu'],
    [27, 'CLINIQUE DU PORT^L^^^^^^^^C1'],
    [28, 'CARD^Cardiologie^L'],
  )
  const all = mapped(header('MDM^T02'), EVN, PID, PV1, txa, 'OBX|1|TX|1^Texte^L||Bonjour', 'NTE|1||Relu')
  expect(only(all, 'DocumentReference').resource).toMatchObject({
    description: 'Compte rendu',
    extension: [{ valueAnnotation: { text: 'Relu' } }],
    custodian: { reference: expect.stringMatching(/^Organization/) as unknown },
    context: { practiceSetting: { coding: [{ code: 'CARD' }] } },
  })
  const { agent, reason } = only(all, 'Provenance').resource as Record<string, { type?: unknown }[]>
  expect(agent!.map(({ type }) => type)).toMatchObject([
    expect.anything(),
    { coding: [{ code: 'TRANS' }] },
    { coding: [{ code: 'attester' }] },
  ])
  expect(reason).toEqual([{ text: 'Erreur de côté' }])
})

test('a referral says its reason in words, who may treat and what the report’s note is', () => {
  const rf1 = fields('RF1', [1, 'A'], [6, 'R1^A'], [13, 'Douleurs'], [14, '5'], [19, DOCTOR], [23, 'Urgent'])
  const all = mapped(
    header('REF^I12'),
    rf1,
    'PRD|RP|MARTIN^PAUL',
    PID,
    'IN1|1|P1^Plan|MUT1^^^C|MUTUELLE',
    'OBR|1||F1|ECG',
    'NTE|1||Tracé joint',
  )
  expect(only(all, 'ServiceRequest').resource).toMatchObject({
    reasonCode: [{ text: 'Douleurs' }],
    quantityQuantity: { value: 5 },
    performer: [{}],
    note: [{ text: 'Urgent' }],
    insurance: [reference(only(all, 'Coverage'))],
  })
  expect(JSON.stringify(only(all, 'DiagnosticReport').resource)).toContain('Tracé joint')
})

test('a code without a system is of the one that DG1-2 and PR1-2 name, as old senders do', () => {
  const coded = (dg1: string, pr1: string) => {
    const all = mapped(header('ADT^A08'), EVN, PID, PV1, dg1, pr1)
    return [only(all, 'Condition'), only(all, 'Procedure')].map(({ resource }) => resource['code'])
  }
  const icd = 'http://hl7.org/fhir/sid/icd-10'
  expect(coded('DG1|1|I10|E11.9|Diabète|20260309', 'PR1|1|CCAM|DEQP003|ECG|20260309')).toMatchObject([
    { coding: [{ code: 'E11.9', system: icd }], text: 'Diabète' },
    { coding: [{ code: 'DEQP003', system: expect.any(String) as unknown }], text: 'ECG' },
  ])
  expect(coded('DG1|1|I9|E11^Diabète^I10', 'PR1|1||X1^ECG')).toMatchObject([
    { coding: [{ code: 'E11', display: 'Diabète', system: icd }] },
    { coding: [{ code: 'X1', display: 'ECG' }] },
  ])
})

test('the parts of a document have the names of what was observed', () => {
  const txa = fields('TXA', [2, 'CR'], [12, 'DOC1^A'])
  const parts = ['OBX|1|TX|REC^Motif^L||Douleur', 'OBX|2|ED|PDF^Compte rendu^L||^TEXT^PDF^Base64^QQ==']
  const all = mapped(header('MDM^T02'), EVN, PID, PV1, txa, ...parts)
  expect(only(all, 'DocumentReference').resource['content']).toMatchObject([
    { attachment: { title: 'Motif' } },
    { attachment: { title: 'Compte rendu' } },
  ])
})

test('who takes part in the care has role, time and person in one place', () => {
  const prt = (id: string, role: string) =>
    fields('PRT', [2, 'AD'], [4, `${role}^x^HL70912`], [5, `${id}^PETIT^ANNE`], [11, '20260301'])
  const all = mapped(header('ADT^A01'), EVN, PID, prt('10002', 'AT'), prt('10003', 'RP'), PV1)
  const member = { reference: expect.stringMatching(/^Practitioner/) as unknown }
  expect(only(all, 'CareTeam').resource['participant']).toMatchObject([
    { role: [{ coding: [{ code: 'AT' }] }], member, period: { start: '2026-03-01' } },
    { role: [{ coding: [{ code: 'RP' }] }], member },
  ])
})

test('who gave a number is named as an organization that others know, where an OID or the registry says who it is', () => {
  const pid = field(PID, 3, '1^^^CHU&1.2.250.1.9&ISO^PI~2^^^REGION^PI~3^^^INCONNU^PI')
  const sent = message(header('ADT^A08'), EVN, pid, PV1)
  const { resource } = only(map(sent, { namespaces: { REGION: 'https://region.test/ids' } }), 'Patient')
  const identifiers = resource['identifier'] as { assigner: object }[]
  const uri = (value: string) => ({ system: 'urn:ietf:rfc:3986', value })
  expect(identifiers.map(({ assigner }) => assigner)).toEqual([
    { display: 'CHU', identifier: uri('urn:oid:1.2.250.1.9') },
    { display: 'REGION', identifier: uri('https://region.test/ids') },
    { display: 'INCONNU' },
  ])
})
