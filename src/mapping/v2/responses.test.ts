/** What a filler answers to an order (HL7 v2.8 chapters 4 and 4A): it changes the order that is known by its number. */
import { describe, expect, test } from 'vitest'
import { mergeMapped } from './merge.ts'
import { only } from './testing/compiled.ts'
import { sent } from './testing/sound.ts'

const PID = 'PID|1||IPP1001^^^CLINIQUE&1.2.250.1.99.2&ISO^PI||DURAND^ÉLODIE||19840314|F'
const MSA = 'MSA|AA|M0'
const ordered = only(
  sent('OML^O21^OML_O21', PID, 'ORC|NW|CMD1^DPI', 'OBR|1|CMD1^DPI||NFS^Numération^L'),
  'ServiceRequest',
)
const prescribed = only(
  sent('RDE^O11^RDE_O11', PID, 'ORC|NW|RX1^DPI', 'RXE||N02BE01^Paracétamol^ATC|500||mg'),
  'MedicationRequest',
)

describe.each([
  ['ORL^O22', ordered],
  ['ORL^O34', ordered],
  ['ORL^O36', ordered],
  ['ORG^O20', ordered],
  ['ORI^O24', ordered],
  ['ORR^O02', ordered],
  ['RRE^O12', prescribed],
  ['ORP^O10', prescribed],
  ['RRD^O14', prescribed],
  ['RRA^O18', prescribed],
])('%s', (type, order) => {
  const number = order === ordered ? 'CMD1' : 'RX1'

  test('without a patient it changes the stored order and makes none', () => {
    const answer = sent(type, MSA, `ORC|OK|${number}^DPI|F1^LABO||IP`)
    expect(answer.resources.map((each) => each.type)).not.toContain(order.type)
    const update = answer.updates.find((each) => each.type === order.type)
    expect(update?.id).toBe(order.id)
    const { value } = mergeMapped({ ...order.resource, status: 'on-hold' }, update!)
    expect(value).toMatchObject({
      status: 'active',
      intent: 'order',
      subject: order.resource['subject'],
      identifier: [{ value: number }, { value: 'F1' }],
    })
  })

  test('with a patient it is the same order', () => {
    expect(only(sent(type, MSA, PID, `ORC|OK|${number}^DPI`), order.type).id).toBe(order.id)
  })
})

test.each([
  ['OK', '', 'active'],
  ['SC', 'CM', 'completed'],
  ['SC', 'CA', 'revoked'],
  ['CR', '', 'revoked'],
  ['HR', '', 'on-hold'],
  ['UA', '', 'revoked'],
])('ORC-1 %s with ORC-5 %s makes the order %s', (control, status, expected) => {
  const answer = sent('ORL^O22', MSA, `ORC|${control}|CMD1^DPI|||${status}`)
  expect(answer.updates).toMatchObject([{ resource: { status: expected } }])
})

test('"unable to cancel" leaves the order as it is', () => {
  const [update] = sent('ORL^O22', MSA, 'ORC|UC|CMD1^DPI').updates
  expect(mergeMapped({ ...ordered.resource, status: 'active' }, update!).value).toMatchObject({
    status: 'active',
  })
})

test('a refused message says so: code, what it answers, and why', () => {
  const answer = sent(
    'ORL^O22^ORL_O22',
    'MSA|AE|M77',
    'ERR||ORC^1^2|101^Champ requis absent^HL70357|E||||Numéro absent',
  )
  expect(answer.updates).toEqual([])
  const { resource } = only(answer, 'MessageHeader')
  expect(resource).toMatchObject({
    response: { identifier: 'M77', code: 'fatal-error', details: { reference: '#operationoutcome-1' } },
    contained: [
      {
        issue: [
          {
            severity: 'error',
            code: 'processing',
            details: { coding: [{ code: '101', display: 'Champ requis absent' }] },
            diagnostics: 'Numéro absent',
          },
        ],
      },
    ],
  })
})
