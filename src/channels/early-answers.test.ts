/** An answer that names no patient changes its order whichever of the two comes first. HL7 v2.5 chapter 4, §4.4.2. */
import { afterAll, beforeAll, expect, test } from 'vitest'

import type { JsonObject } from '../kernel/json.ts'
import { openTown, type Town } from './hospital.fixture.ts'

let town: Town
beforeAll(async () => {
  town = await openTown()
})
afterAll(() => town[Symbol.asyncDispose]())

const header = (type: string, id: string, minute: number) =>
  `MSH|^~\\&|LAB|HOSP|EHR|HOSP|2026030110${String(minute).padStart(2, '0')}00||${type}|${id}|P|2.5`
const text = (...segments: string[]) => segments.join('\r').concat('\r')
const PID = 'PID|1||1^^^HOSP^PI||DUPONT^Marie|||F'

const order = text(header('OML^O21^OML_O21', 'ORDER', 0), PID, 'ORC|NW|P1^EHR', 'OBR|1|P1^EHR||GLU^Glucose^L')
const accepted = text(header('ORL^O22', 'ACCEPTED', 5), 'MSA|AA|ORDER', 'ORC|OK|P1^EHR|F1^LAB||IP')
const done = text(header('ORL^O22', 'DONE', 9), 'MSA|AA|ORDER', 'ORC|SC|P1^EHR|F1^LAB||CM')

const prescription = text(
  header('RDE^O11^RDE_O11', 'ORDER', 0),
  PID,
  'ORC|NW|P1^EHR',
  'RXE||N02BE01^Paracétamol^ATC|2.50||mg',
)
const refused = text(header('RRE^O12', 'REFUSED', 5), 'MSA|AA|ORDER', 'ORC|UA|P1^EHR|F1^PHARM')

async function orderAfter(type: string, messages: readonly string[]): Promise<JsonObject> {
  await using hospital = await town.hospital()
  await hospital.send(...messages)
  expect((await hospital.states()).map(({ state }) => state)).toEqual(messages.map(() => 'done'))
  const [stored, ...more] = await hospital.all(type)
  expect(more).toEqual([])
  const { id: _id, meta: _meta, subject: _subject, ...said } = stored!
  return { ...said, medicationReference: typeof said['medicationReference'] }
}

test('an answer to an order, or two, in whatever order they and the order come', async () => {
  const expected = await orderAfter('ServiceRequest', [order, accepted, done])
  expect(expected).toMatchObject({ status: 'completed', identifier: [{ value: 'P1' }, { value: 'F1' }] })
  for (const messages of [
    [accepted, done, order],
    [done, accepted, order],
    [done, order, accepted],
    [accepted, order, done],
    [order, done, accepted],
  ]) {
    expect(await orderAfter('ServiceRequest', messages)).toEqual(expected)
  }
})

test('a prescription that is refused before it is known', async () => {
  const expected = await orderAfter('MedicationRequest', [prescription, refused])
  expect(expected).toMatchObject({ status: 'cancelled' })
  expect(await orderAfter('MedicationRequest', [refused, prescription])).toEqual(expected)
})

test('an answer whose order is not there says so, makes no order, and is said twice without being kept twice', async () => {
  await using hospital = await town.hospital()
  await hospital.send(accepted, accepted.replace('ACCEPTED', 'AGAIN'))
  expect(await hospital.all('ServiceRequest')).toEqual([])
  expect(await hospital.states()).toEqual([
    { state: 'done', reason: 'message-early' },
    { state: 'done', reason: 'message-early' },
  ])
  const rows = await hospital.database.ownerQuery<{ said: { awaited: unknown[] } }>(
    `select said from passerelle.source_time where tenant = $1 and type = 'ServiceRequest'`,
    [hospital.tenant],
  )
  expect(rows.map(({ said }) => said.awaited)).toEqual([[expect.anything()]])
})

test('orders and their answers at the same moment, each in a lane of its own', async () => {
  await using hospital = await town.hospital('order: none\n')
  const numbers = Array.from({ length: 30 }, (_, index) => `P${index + 1}`)
  const of = (message: string, number: string) =>
    message
      .replaceAll('P1^', `${number}^`)
      .replaceAll('|ORDER|', `|O${number}|`)
      .replace('|DONE|', `|D${number}|`)
  await hospital.sendAtOnce(...numbers.flatMap((number) => [of(done, number), of(order, number)]))
  const orders = await hospital.all('ServiceRequest')
  expect(orders.map(({ status }) => status)).toEqual(numbers.map(() => 'completed'))
})
