import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { authorityOf, systemOf } from './authority.ts'
import { pidOf } from './patient.ts'

const options = {
  namespaces: new Map([
    ['CHU', 'https://chu.test/ipp'],
    ['REGION', 'https://region.test/ipp'],
    ['1.2.250.1.77', 'https://region.test/ipp'],
    ['urn:oid:1.2.250.1.77', 'https://region.test/ipp'],
  ]),
}
const at = (place: string, patient: Parameters<typeof pidOf>[0]) =>
  pidOf({ resourceType: 'Patient', ...patient }, options).find(([where]) => where === place)?.[1]

test.each([
  ['1984', '1984'],
  ['1984-03', '198403'],
  ['1984-03-14', '19840314'],
])('a birth date of %s is %s', (birthDate, expected) => {
  expect(at('7', { birthDate })).toBe(expected)
})

test.each([
  ['2026-03-09T10:20:00+01:00', '20260309102000+0100'],
  ['2026-03-09T10:20:00.123Z', '20260309102000+0000'],
  ['2026-03-09', '20260309'],
])('who died at %s died at %s', (deceasedDateTime, expected) => {
  expect(at('29', { deceasedDateTime })).toBe(expected)
  expect(at('30', { deceasedDateTime })).toBe('Y')
})

test('who is not known to have died has nothing in PID-29 and PID-30', () => {
  expect(at('29', {})).toBeUndefined()
  expect(at('30', {})).toBeUndefined()
  expect(at('30', { deceasedBoolean: false })).toBe('N')
})

test('a work number is PID-14, every other one PID-13', () => {
  const telecom = [
    { system: 'phone', use: 'work', value: '1' },
    { system: 'phone', use: 'mobile', value: '2' },
  ]
  expect([at('13[1].1', { telecom }), at('13[1].3', { telecom })]).toEqual(['2', 'CP'])
  expect([at('14[1].1', { telecom }), at('14[1].2', { telecom })]).toEqual(['1', 'WPN'])
})

test('a coded element goes back with the code of v2, where there is one', () => {
  const maritalStatus = {
    coding: [
      { system: 'http://terminology.hl7.org/CodeSystem/v3-MaritalStatus', code: 'M', display: 'Married' },
      { system: 'http://terminology.hl7.org/CodeSystem/v2-0002', code: 'G' },
    ],
  }
  expect(at('16.1', { maritalStatus })).toBe('G')
})

test('a system survives the way out and back', () => {
  const systems = fc.oneof(
    fc.constant('https://chu.test/ipp'),
    fc.constant('https://region.test/ipp'),
    fc.nat(999).map((n) => `urn:oid:1.2.250.1.${n}`),
    fc.uuid().map((id) => `urn:uuid:${id}`),
    fc.webUrl(),
    fc.stringMatching(/^[A-Z][A-Z ]{0,8}$/).map((name) => `urn:passerelle:ns:${encodeURIComponent(name)}`),
  )
  fc.assert(
    fc.property(systems, fc.option(fc.constant('Named'), { nil: undefined }), (system, display) => {
      expect(systemOf(authorityOf(system, display, options.namespaces), options.namespaces)).toBe(system)
    }),
  )
})

test('an authority goes out by its registered name and OID', () => {
  expect(authorityOf('https://region.test/ipp', 'Région', options.namespaces)).toEqual({
    namespace: 'REGION',
    id: '1.2.250.1.77',
    type: 'ISO',
  })
  expect(systemOf({ namespace: undefined, id: '1.2.250.1.77', type: 'ISO' }, options.namespaces)).toBe(
    'https://region.test/ipp',
  )
})
