import { expect, test } from 'vitest'
import { allows, covers, grantsOf, parseScope } from './scopes.ts'

test.each([
  ['system/Patient.r', 'r'],
  ['system/Patient.cruds', 'cruds'],
  ['system/*.rs', 'rs'],
  ['system/*.read', 'rs'],
  ['system/*.write', 'cud'],
  ['system/*.*', 'cruds'],
])('%s grants %s', (scope, letters) => {
  expect(parseScope(scope)).toMatchObject({ grant: { context: 'system', letters } })
})

test.each([
  '',
  'openid',
  'system/Patient',
  'system/Patient.',
  'system/Patient.sr',
  'system/patient.r',
  'admin/*.*',
  'system/*.rr',
  'system/*.r ',
])('"%s" is no resource scope', (scope) => expect(parseScope(scope)).toEqual({ refused: 'syntax' }))

test('a scope that search parameters restrict is told apart', () => {
  expect(parseScope('system/Observation.rs?category=laboratory')).toEqual({ refused: 'query' })
})

test('a token allows what its scopes name, each type and letter for itself', () => {
  const access = { grants: grantsOf(['system/Patient.rs', 'system/Observation.c', 'patient/*.cruds']) }
  expect(allows(access, 'Patient', 'r')).toBe(true)
  expect(allows(access, 'Patient', 'c')).toBe(false)
  expect(allows(access, 'Observation', 'c')).toBe(true)
  expect(allows(access, 'Observation', 'r')).toBe(false)
  expect(allows(access, 'Encounter', 'r')).toBe(false)
  expect(allows(access, '*', 'r')).toBe(false)
  expect(allows({ grants: grantsOf(['system/*.r']) }, '*', 'r')).toBe(true)
})

const wanted = (scope: string) => grantsOf([scope])[0]!

test('several scopes together may cover one that is asked for', () => {
  const held = grantsOf(['system/Patient.r', 'system/*.s'])
  expect(covers(held, wanted('system/Patient.rs'))).toBe(true)
  expect(covers(held, wanted('system/Patient.r'))).toBe(true)
  expect(covers(held, wanted('system/Patient.u'))).toBe(false)
  expect(covers(held, wanted('system/*.r'))).toBe(false)
  expect(covers(held, wanted('user/Patient.r'))).toBe(false)
})
