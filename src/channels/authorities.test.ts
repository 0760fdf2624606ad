/** An authority that is registered after its first message names the same patients, visits and orders. */
import { afterAll, beforeAll, expect, test } from 'vitest'

import { exactJsonOf, type JsonObject } from '../kernel/json.ts'
import { type Hospital, openTown, type Town } from './hospital.fixture.ts'

let town: Town
beforeAll(async () => {
  town = await openTown()
})
afterAll(() => town[Symbol.asyncDispose]())

let count = 0
const text = (type: string, ...segments: string[]) =>
  [
    `MSH|^~\\&|ADT|HOSP|EHR|HOSP|202603011000${10 + (count += 1)}||${type}|R${count}|P|2.5`,
    ...segments,
    '',
  ].join('\r')
const pid = (numbers = '1^^^HOSP^PI') => `PID|1||${numbers}||DUPONT^Marie|||F`
const admit = () =>
  text(
    'ADT^A01',
    pid('1^^^HOSP^PI~5^^^LAB^LR'),
    'PV1|1|I|W1^R1^B1||||||||||||||||V1^^^HOSP^VN',
    'DG1|1||J45^Asthma^I10',
  )
const ordered = () =>
  text('OML^O21', pid(), 'ORC|NW|P1^HOSP', 'OBR|1|P1^HOSP||GLU^Glucose^L', 'NK1|1|DUPONT^Paul|SPO')

const register = (hospital: Hospital, ...uris: string[]) => registerAs(hospital, 'HOSP', ...uris)

const registerAs = ({ store, tenant }: Hospital, name: string, ...uris: string[]) =>
  store.repository.commit(tenant, [
    {
      type: 'NamingSystem',
      id: 'hosp',
      make: () =>
        uris.length === 0
          ? 'delete'
          : exactJsonOf({
              resourceType: 'NamingSystem',
              name,
              status: 'active',
              kind: 'identifier',
              date: '2026-03-01',
              uniqueId: uris.map((value) => ({ type: 'uri', value })),
            }),
    },
  ])

const TYPES = ['Patient', 'Encounter', 'Condition', 'ServiceRequest', 'Location']
const idsOf = async ({ all }: Hospital) =>
  Object.fromEntries(
    await Promise.all(TYPES.map(async (type) => [type, (await all(type)).map(({ id }) => id)] as const)),
  )
const systemsOf = ({ identifier }: JsonObject) =>
  new Set((identifier as JsonObject[]).map(({ system }) => system))

test('registered after the first message: the same patient, with all that hangs on her', async () => {
  await using hospital = await town.hospital()
  await hospital.send(admit(), ordered())
  const before = await idsOf(hospital)
  expect(before['Patient']).toHaveLength(1)
  await register(hospital, 'https://hosp.test/ipp')
  await hospital.send(admit(), ordered())
  expect(await idsOf(hospital)).toEqual(before)
  expect(systemsOf((await hospital.all('Patient'))[0]!)).toContain('https://hosp.test/ipp')
})

test('who is called by another of her numbers alone is found under the system of before', async () => {
  await using hospital = await town.hospital()
  await hospital.send(admit())
  await registerAs(hospital, 'LAB', 'https://lab.test/number')
  await hospital.send(text('ADT^A08', pid('5^^^LAB^LR')))
  expect(await hospital.all('Patient')).toHaveLength(1)
})

test('registered otherwise later, or no longer, she is the same', async () => {
  await using hospital = await town.hospital()
  await register(hospital, 'https://hosp.test/ipp')
  await hospital.send(admit(), ordered())
  const before = await idsOf(hospital)
  await register(hospital, 'https://hosp.test/new', 'https://hosp.test/ipp')
  await hospital.send(admit(), ordered())
  await register(hospital)
  await hospital.send(admit(), ordered())
  expect(await idsOf(hospital)).toEqual(before)
})
