import { expect, test } from 'vitest'

import { makeDictionary } from '../dictionary.ts'
import { makeIdSystems } from './id-systems.ts'

const HOSP = 'urn:passerelle:ns:HOSP'
const X = 'https://hosp.test/ipp'
const Y = 'https://other.test/ipp'

const system = (name: string, ...uris: string[]) => ({
  resourceType: 'NamingSystem',
  status: 'active',
  kind: 'identifier',
  name,
  uniqueId: uris.map((value, at) => ({ type: 'uri', value, preferred: at === 0 })),
})
const idSystems = (known: Record<string, string>, ...registered: ReturnType<typeof system>[]) =>
  makeIdSystems(makeDictionary(registered, new Map(Object.entries(known))))

test('what nobody registered makes its own ids, and is noted once', () => {
  const systems = idSystems({})
  expect([systems.of(HOSP), systems.of(HOSP)]).toEqual([HOSP, HOSP])
  expect(systems.news()).toEqual([{ system: HOSP, made: HOSP }])
  expect(idSystems({ [HOSP]: HOSP }).news()).toEqual([])
})

test('registered after its first message an authority makes the ids that it made before', () => {
  const systems = idSystems({ [HOSP]: HOSP }, system('HOSP', X))
  expect(systems.of(X)).toBe(HOSP)
  expect([...systems.twins()]).toEqual([[X, [HOSP]]])
  expect(systems.news()).toEqual([{ system: X, made: HOSP }])
})

test('registered before it, it makes ids of its URI, also when it is registered no longer', () => {
  const systems = idSystems({}, system('HOSP', X))
  expect(systems.of(X)).toBe(X)
  expect(systems.news()).toEqual([
    { system: X, made: X },
    { system: HOSP, made: X },
  ])
  expect(idSystems({ [X]: X, [HOSP]: X }).of(HOSP)).toBe(X)
})

test('another URI of the same authority makes the same ids as long as the former one is listed', () => {
  const known = { [HOSP]: HOSP, [X]: HOSP }
  expect(idSystems(known, system('HOSP', Y, X)).of(Y)).toBe(HOSP)
})

test('a name that means another authority now does not make its ids', () => {
  expect(idSystems({ [HOSP]: HOSP, [X]: HOSP }, system('HOSP', Y)).of(Y)).toBe(Y)
  expect(idSystems({ [X]: X, [HOSP]: X }, system('HOSP', Y)).of(Y)).toBe(Y)
})
