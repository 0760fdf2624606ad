/** The same messages make the same visit in whatever order they come. docs/decisions/0011-time-order.md */
import { afterAll, beforeAll, expect, test } from 'vitest'

import type { JsonObject } from '../kernel/json.ts'
import { type Hospital, openTown, type Town } from './hospital.fixture.ts'

let town: Town
beforeAll(async () => {
  town = await openTown()
})
afterAll(() => town[Symbol.asyncDispose]())

let count = 0
const at = (hour: number) => `202603011${hour}0000`
const on = (hour: number) => `2026-03-01T1${hour}:00:00+01:00`
const pid = (name: string, more = '') => `PID|1||1^^^HOSP^PI||${name}|||F|||${more}`

interface Said {
  readonly event: string
  readonly hour: number
  readonly ward?: string
  readonly name?: string
  readonly address?: string
  readonly kind?: string
  readonly left?: number
}

/** EVN-6 says when; MSH-7 is when it is sent, which is later and in another order. */
function adt({
  event,
  hour,
  ward = '',
  name = 'DUPONT^Marie',
  address = '',
  kind = 'I',
  left,
}: Said): string {
  const place = ward === '' ? '' : `${ward}^R1^B1`
  const pv1 = Array.from({ length: 46 }, () => '')
  Object.assign(pv1, { 0: 'PV1', 1: '1', 2: kind, 3: place, 19: 'V1^^^HOSP^VN', 44: at(0) })
  if (left !== undefined) pv1[45] = at(left)
  return [
    `MSH|^~\\&|ADT|HOSP|EHR|HOSP|20260309120000||ADT^${event}|T${(count += 1)}|P|2.5`,
    `EVN||20260309120000||||${at(hour)}`,
    pid(name, address),
    pv1.join('|'),
    '',
  ].join('\r')
}

const VISIT: readonly Said[] = [
  { event: 'A01', hour: 0, ward: 'W1', name: 'DUPOND^Marie', address: '^^Lyon' },
  { event: 'A02', hour: 1, ward: 'W2' },
  { event: 'A21', hour: 2 },
  { event: 'A22', hour: 3 },
  { event: 'A03', hour: 4, ward: 'W2', left: 4, name: 'DURAND^Marie' },
]

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]]
  return items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]))
}

/** What is known in the end, without what tells of versions and ids. */
async function stateOf({ all, known }: Pick<Hospital, 'all' | 'known'>) {
  const { name, address } = await known('Patient', '1')
  const {
    status,
    statusHistory,
    class: kind,
    classHistory,
    period,
    location,
  } = await known('Encounter', 'V1')
  const names = new Map(
    (await all('Location')).map(({ id, ...each }) => [`Location/${String(id)}`, wardOf(each)]),
  )
  const places = (location as JsonObject[] | undefined)?.map((each) => ({
    ...each,
    location: names.get((each['location'] as { reference: string }).reference),
  }))
  return { name, address, status, statusHistory, kind, classHistory, period, places }
}

const wardOf = ({ partOf, name }: JsonObject) => (partOf as JsonObject | undefined)?.['reference'] ?? name

async function after(messages: readonly Said[]) {
  await using hospital = await town.hospital()
  await hospital.send(...messages.map(adt))
  const states = await hospital.states()
  expect(states.map(({ state }) => state)).toEqual(messages.map(() => 'done'))
  return { ...(await stateOf(hospital)), reasons: states.map(({ reason }) => reason) }
}

test('a visit in the order of its events: status, leave, places and their times', async () => {
  const { reasons, places, ...state } = await after(VISIT)
  expect(reasons).toEqual(VISIT.map(() => null))
  expect(state).toMatchObject({
    status: 'finished',
    period: { start: on(0), end: on(4) },
    statusHistory: [
      { status: 'in-progress', period: { start: on(0), end: on(2) } },
      { status: 'onleave', period: { start: on(2), end: on(3) } },
      { status: 'in-progress', period: { start: on(3), end: on(4) } },
    ],
  })
  expect(places).toMatchObject([
    { status: 'completed', period: { start: on(0), end: on(1) } },
    { status: 'completed', period: { start: on(1), end: on(4) } },
  ])
})

test('all orders of a visit’s messages end in the same state, and who comes late says so', async () => {
  const { reasons: _reasons, ...expected } = await after(VISIT)
  // Every eleventh of the 120: each message comes first, last and in between.
  for (const order of permutations(VISIT).filter((_, i) => i % 11 === 3)) {
    const { reasons, ...state } = await after(order)
    expect(state, order.map(({ event }) => event).join(' ')).toEqual(expected)
    expect(reasons).toContain('message-stale')
  }
})

test('an older message completes what nobody has said since, and takes nothing from it', async () => {
  const { reasons, name, address } = await after([
    { event: 'A08', hour: 5, name: 'DURAND^Marie' },
    { event: 'A08', hour: 3, name: 'DUPOND^Marie', address: '^^Lyon' },
    { event: 'A08', hour: 4, name: 'DUPOND^Marie', address: '^^Paris' },
    { event: 'A08', hour: 2, name: 'DUPOND^Marie', address: '^^Metz' },
  ])
  expect(name).toMatchObject([{ family: 'DURAND' }])
  expect(address).toMatchObject([{ city: 'Paris' }])
  expect(reasons).toEqual([null, 'message-stale', 'message-stale', 'message-stale'])
})

test('sent again, an old message changes nothing', async () => {
  await using hospital = await town.hospital()
  const { send, versions } = hospital
  await send(...VISIT.map(adt))
  const before = await versions()
  for (const said of VISIT) await send(adt(said))
  expect(await versions()).toEqual(before)
})

test('a discharge that is cancelled leaves the visit open, and the next one ends it', async () => {
  const opened = [
    VISIT[0]!,
    { event: 'A03', hour: 2, ward: 'W1', left: 2 },
    { event: 'A13', hour: 3, ward: 'W1' },
  ]
  for (const order of permutations(opened)) {
    const { status, period, places } = await after(order)
    expect({ status, period }).toEqual({ status: 'in-progress', period: { start: on(0) } })
    expect(places).toMatchObject([{ status: 'active', period: { start: on(0) } }])
  }
  const closed = await after([...opened, { event: 'A03', hour: 5, left: 5 }])
  expect(closed).toMatchObject({ status: 'finished', period: { end: on(5) } })
})

test('a cancelled transfer did not take place; a changed class leaves a history', async () => {
  const moved = await after([
    VISIT[0]!,
    { event: 'A02', hour: 1, ward: 'W2' },
    { event: 'A12', hour: 2, ward: 'W1' },
  ])
  expect(moved.places).toMatchObject([{ status: 'active', period: { start: on(0) } }])
  const admitted = await after([
    { event: 'A04', hour: 0, ward: 'W1', kind: 'E' },
    { event: 'A06', hour: 1, ward: 'W2', kind: 'I' },
  ])
  expect(admitted).toMatchObject({
    kind: { code: 'IMP' },
    classHistory: [{ class: { code: 'EMER' }, period: { start: on(0), end: on(1) } }],
  })
})

test('a visit that was announced begins when an outpatient becomes an inpatient', async () => {
  const announced = [
    { event: 'A05', hour: 0, kind: 'P' },
    { event: 'A06', hour: 1, ward: 'W1', kind: 'I' },
  ]
  for (const order of permutations(announced)) {
    const { status, statusHistory, kind } = await after(order)
    expect({ status, statusHistory, kind }).toMatchObject({
      status: 'in-progress',
      statusHistory: [{ status: 'planned', period: { start: on(0), end: on(1) } }],
      kind: { code: 'IMP' },
    })
  }
})

test('a visit that was announced, cancelled before it began', async () => {
  const { status, statusHistory } = await after([
    { event: 'A05', hour: 0, kind: 'P' },
    { event: 'A38', hour: 1, kind: 'P' },
  ])
  expect({ status, statusHistory }).toMatchObject({
    status: 'cancelled',
    statusHistory: [{ status: 'planned' }],
  })
})

const result = (value: string, status: string, reported: number | undefined, sent: number) =>
  [
    `MSH|^~\\&|LAB|HOSP|EHR|HOSP|${at(sent)}||ORU^R01|T${(count += 1)}|P|2.5`,
    pid('DUPONT^Marie'),
    `OBR|1|P1^EHR|F1^LAB|GLU^Glucose^L${'|'.repeat(18)}${reported === undefined ? '' : at(reported)}|||${status}`,
    `OBX|1|NM|GLU^Glucose^L||${value}|mmol/L|||||${status}`,
    '',
  ].join('\r')

test.each([
  [
    'an older preliminary result never takes the place of a final one',
    ['5.1 F 3 3', '4.0 P 2 4'],
    '5.1',
    'final',
  ],
  [
    'a correction does, though it is reported at the same time',
    ['5.1 F 3 3', '6.2 C 3 4'],
    '6.2',
    'corrected',
  ],
  ['and stays when the final one comes after it', ['6.2 C 3 4', '5.1 F 3 3'], '6.2', 'corrected'],
  [
    'without times of their own results go by when they were sent',
    ['5.1 F - 3', '4.0 P - 2'],
    '5.1',
    'final',
  ],
  ['what is newer counts, whatever it is', ['5.1 F 2 2', '6.0 F 4 4'], '6.0', 'final'],
])('%s', async (_name, messages, value, status) => {
  await using hospital = await town.hospital()
  for (const text of messages) {
    const [number, code, reported, sent] = text.split(' ')
    await hospital.send(result(number!, code!, reported === '-' ? undefined : Number(reported), Number(sent)))
  }
  const [observation] = await hospital.all('Observation')
  expect(observation).toMatchObject({ status, valueQuantity: { value: Number(value) } })
  const [report] = await hospital.all('DiagnosticReport')
  expect(report).toMatchObject({ status })
})
