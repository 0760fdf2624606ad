import { expect, test } from 'vitest'
import type { JsonObject } from '../../kernel/json.ts'
import { mergeMapped } from './merge.ts'
import { map, message, only, sample } from './testing/compiled.ts'

const MSH = 'MSH|^~\\&|DPI|CLINIQUE|||20260309101500||ADT^A08^ADT_A01|A8|P|2.5'
const patient = (pid: string) => only(map(message(MSH, pid)), 'Patient')
const merged = (current: JsonObject, pid: string) => mergeMapped(current, patient(pid)).value

const stored: JsonObject = {
  resourceType: 'Patient',
  id: 'x',
  meta: { versionId: '3', source: 'urn:before', tag: [{ code: 'seen' }] },
  identifier: [
    { system: 'urn:oid:1.2.250.1.213.1.4.8', value: '184036933825107' },
    { system: 'urn:passerelle:ns:CLINIQUE', value: '1', assigner: { display: 'before' } },
  ],
  name: [{ family: 'AVANT' }],
  address: [{ city: 'RENNES' }],
  maritalStatus: { text: 'mariée' },
  deceasedBoolean: false,
}

test('what the message does not say stays', () => {
  expect(merged(stored, 'PID|||1^^^CLINIQUE||DURAND')).toMatchObject({
    name: [{ family: 'DURAND' }],
    address: [{ city: 'RENNES' }],
    maritalStatus: { text: 'mariée' },
  })
})

test('"" takes an element away', () => {
  const pid = `PID|||1^^^CLINIQUE||DURAND||||||""|||||""`
  expect(patient(pid).cleared).toEqual(['address', 'maritalStatus'])
  const after = merged(stored, pid)
  expect(after).not.toHaveProperty('address')
  expect(after).not.toHaveProperty('maritalStatus')
})

test('identifiers are united: a known one is renewed, none is lost', () => {
  expect(merged(stored, 'PID|||1^^^CLINIQUE~77^^^LABO||DURAND')['identifier']).toEqual([
    { system: 'urn:oid:1.2.250.1.213.1.4.8', value: '184036933825107' },
    { system: 'urn:passerelle:ns:CLINIQUE', value: '1', assigner: { display: 'CLINIQUE' } },
    { system: 'urn:passerelle:ns:LABO', value: '77', assigner: { display: 'LABO' } },
  ])
})

test('a choice element takes the place of its other types', () => {
  const pid = `PID|||1^^^CLINIQUE||DURAND${'|'.repeat(24)}20260301`
  const after = merged(stored, pid)
  expect(after['deceasedDateTime']).toBe('2026-03-01')
  expect(after).not.toHaveProperty('deceasedBoolean')
})

test('the source is the message’s, tags stay', () => {
  expect(merged(stored, 'PID|||1^^^CLINIQUE||DURAND')['meta']).toEqual({
    versionId: '3',
    source: 'urn:passerelle:lab#A8',
    tag: [{ code: 'seen' }],
  })
})

test('a status that the message only guesses does not change a stored one', () => {
  const encounter = only(map(sample('adt-a01', ['ADT^A01^ADT_A01', 'ADT^A08^ADT_A01'])), 'Encounter')
  expect(mergeMapped({ resourceType: 'Encounter', status: 'finished' }, encounter).value['status']).toBe(
    'finished',
  )
  expect(mergeMapped(undefined, encounter).value['status']).toBe('in-progress')
})

test('a result replaces the stored one', () => {
  const oru = map(
    message(
      MSH.replace('ADT^A08^ADT_A01', 'ORU^R01'),
      'PID|||1^^^C||D',
      'OBR|1||L1|X^X',
      'OBX|1|ST|X^X||a||||||F',
    ),
  )
  const observation = only(oru, 'Observation')
  const after = mergeMapped({ resourceType: 'Observation', valueQuantity: { value: 1 } }, observation)
  expect(after.value).toEqual(observation.resource)
})

test('decimals keep their digits', () => {
  const oru = map(
    message(
      MSH.replace('ADT^A08^ADT_A01', 'ORU^R01'),
      'PID|||1^^^C||D',
      'OBR|1||L1|X^X',
      'OBX|1|NM|X^X||1.10||||||F',
    ),
  )
  const { exact } = mergeMapped(undefined, only(oru, 'Observation'))
  expect(JSON.stringify(exact)).toContain('"value":1.10')
})

test('merging the same message again changes nothing', () => {
  for (const each of map(sample('adt-a01')).resources) {
    const once = mergeMapped(stored, each).value
    expect(mergeMapped(once, each).value).toEqual(once)
  }
})
