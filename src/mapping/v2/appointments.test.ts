/** What the events of SIU make of an appointment. */
import { expect, test } from 'vitest'
import { faults, map, message, ofType, only } from './testing/compiled.ts'

const header = (event: string) => `MSH|^~\\&|RDV|CABINET|||20260309101500||SIU^${event}|R1|P|2.5`
const SCH =
  'SCH|P1^A|F1^B|||SER1|MOT^Motif^L|BILAN^Bilan^L||30|min|^^^20260401080000^20260401083000|10001^MARTIN^PAUL|0299000001^WPN^PH|1 RUE^^RENNES||10002^PETIT^ANNE|0299000002^WPN^PH|||10003^ROUX^LÉA'
const PID = 'PID|1||IPP9^^^C^PI||DURAND^ÉLODIE'
const RESOURCES = ['RGS|1', 'AIG|1||EQ1^Échographe^L', 'AIL|1||SALLE1^^^CLI', 'AIP|1||10001^MARTIN^PAUL']

test.each([
  ['S12', 'booked'],
  ['S14', 'booked'],
  ['S15', 'cancelled'],
  ['S17', 'entered-in-error'],
  ['S18', 'booked'],
  ['S22', 'booked'],
  ['S26', 'noshow'],
])('after %s, when SCH-25 says nothing, it is %s', (event, status) => {
  const sent = message(header(event), SCH, PID, ...RESOURCES)
  expect(faults(sent)).toEqual([])
  expect(only(map(sent), 'Appointment').resource['status']).toBe(status)
})

test('SCH-25 says more than the event', () => {
  const sent = message(header('S14'), `${SCH}|||||Complete^^HL70278`, PID)
  expect(only(map(sent), 'Appointment').resource['status']).toBe('fulfilled')
})

test('why it is, and why it no longer is', () => {
  const reasons = (event: string) => only(map(message(header(event), SCH, PID)), 'Appointment').resource
  expect(reasons('S12')).toMatchObject({
    reasonCode: [{ coding: [{ code: 'MOT' }] }, { coding: [{ code: 'BILAN' }] }],
    minutesDuration: 30,
    start: '2026-04-01T08:00:00+02:00',
    end: '2026-04-01T08:30:00+02:00',
  })
  expect(reasons('S15')).toMatchObject({ cancelationReason: { coding: [{ code: 'MOT' }] } })
})

test('everybody and everything that takes part is there, with how to reach them', () => {
  const mapped = map(message(header('S12'), SCH, PID, ...RESOURCES))
  const kinds = (
    only(mapped, 'Appointment').resource['participant'] as { actor: { reference: string } }[]
  ).map(({ actor }) => actor.reference.split('/')[0]!)
  expect(kinds.toSorted()).toEqual([
    'HealthcareService',
    'Location',
    'Patient',
    'Practitioner',
    'Practitioner',
    'Practitioner',
    'Practitioner',
  ])
  const phones = ofType(mapped, 'Practitioner').map(({ resource }) => resource['telecom'])
  expect(phones).toContainEqual([{ value: '0299000001', use: 'work', system: 'phone' }])
})

test('a time that is blocked for nobody (S23) is an appointment of the room', () => {
  const sent = message(header('S23'), 'SCH|P2^A|F2^B', 'RGS|1', 'AIL|1||SALLE1^^^CLI|||20260401080000')
  expect(faults(sent)).toEqual([])
  expect(only(map(sent), 'Appointment').resource['participant']).toMatchObject([
    { actor: { reference: expect.stringMatching(/^Location\//) } },
  ])
})

test.each([
  ['SCH-9 minutes after SCH-11', '30|min|^^^20260401080000', '2026-04-01T08:30:00+02:00'],
  ['SCH-9 hours after SCH-11', '1.5|h|^^^20260401233000', '2026-04-02T01:00:00+02:00'],
  ['with the offset that was sent', '30||^^^202604010800-0500', '2026-04-01T08:30:00-05:00'],
])('it ends %s', (_what, timing, end) => {
  const sent = message(header('S12'), `SCH|P1^A|F1^B|||||||${timing}`, PID)
  expect(faults(sent)).toEqual([])
  expect(only(map(sent), 'Appointment').resource['end']).toBe(end)
})

test('who moves an appointment by its service alone moves its beginning and its end', () => {
  const sent = message(
    header('S13'),
    'SCH|P1^A|F1^B',
    PID,
    'RGS|1',
    'AIS|1||CONS^Consultation^L|20260402090000|||20|min^^UCUM',
    'AIP|1||10001^MARTIN^PAUL|||20260402090000|||10|min',
  )
  expect(faults(sent)).toEqual([])
  const appointment = only(map(sent), 'Appointment')
  expect(appointment.resource).toMatchObject({
    start: '2026-04-02T09:00:00+02:00',
    end: '2026-04-02T09:20:00+02:00',
    participant: expect.arrayContaining([
      expect.objectContaining({
        period: { start: '2026-04-02T09:00:00+02:00', end: '2026-04-02T09:10:00+02:00' },
      }),
    ]),
  })
  expect(appointment.fallbacks).not.toContain('start')
})

test('comments of the appointment and of each resource are lines of one text', () => {
  const notes = ['À jeun', 'Carte vitale', 'Salle froide'].map((text) => `NTE|1||${text}`)
  const sent = message(header('S12'), SCH, notes[0]!, notes[1]!, PID, ...RESOURCES.slice(0, 3), notes[2]!)
  expect(faults(sent)).toEqual([])
  expect(only(map(sent), 'Appointment').resource['comment']).toBe('À jeun\nCarte vitale\nSalle froide')
})

test('a resource that refused takes part no longer', () => {
  const aip = `AIP|1||10001^MARTIN^PAUL${'|'.repeat(9)}Cancelled^^HL70278`
  const sent = message(header('S12'), 'SCH|P2^A|F2^B', PID, 'RGS|1', aip)
  expect(only(map(sent), 'Appointment').resource['participant']).toContainEqual(
    expect.objectContaining({ status: 'declined' }),
  )
})

test('TQ1 says when it is, and the account and the doctor of the patient are known', () => {
  const pid = `${PID}${'|'.repeat(13)}DOS1^^^C`
  const sent = message(
    header('S12'),
    'SCH|P3^A|F3^B',
    'TQ1|1||||||20260401080000|20260401083000',
    pid,
    'PD1||||10001^MARTIN^PAUL',
  )
  expect(faults(sent)).toEqual([])
  const mapped = map(sent)
  expect(only(mapped, 'Appointment').resource).toMatchObject({
    start: '2026-04-01T08:00:00+02:00',
    end: '2026-04-01T08:30:00+02:00',
  })
  expect(ofType(mapped, 'Account')).toHaveLength(1)
  expect(only(mapped, 'Patient').resource['generalPractitioner']).toHaveLength(1)
})
