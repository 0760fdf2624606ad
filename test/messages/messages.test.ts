/** Messages in the manner of many senders, careful and sloppy ones: whatever they hold, what comes out is valid R4. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseMessage } from '../../src/hl7/index.ts'
import { mapMessage, structureOf } from '../../src/mapping/index.ts'
import { CONTEXT, dangling, ofType, only, problems, program } from '../../src/mapping/v2/testing/compiled.ts'

const folder = new URL('./', import.meta.url)
const names = readdirSync(folder).filter((name) => name.endsWith('.hl7'))
const read = (name: string) => parseMessage(readFileSync(new URL(name, folder)))
const map = (name: string) => mapMessage(program, read(`${name}.hl7`), CONTEXT)
const mapped = names.filter((name) => structureOf(program, read(name)) !== undefined)

describe.each(mapped)('%s', (name) => {
  test('gives valid resources that refer to nothing that is not there, and the same ones twice', () => {
    const first = mapMessage(program, read(name), CONTEXT)
    expect(problems(first)).toEqual([])
    expect(dangling(first)).toEqual([])
    expect(mapMessage(program, read(name), CONTEXT)).toEqual(first)
  })
})

test('the next order after a specimen is an order, not a prior result', () => {
  const orders = ofType(map('oml-o21-full'), 'ServiceRequest')
  expect(orders.map(({ resource }) => (resource['identifier'] as { value: string }[])[0]!.value)).toEqual([
    'P100',
    'P101',
  ])
})

test('next of kin after the visit are found', () => {
  expect(ofType(map('adt-names-in-st'), 'RelatedPerson')).toHaveLength(1)
})

test('who orders is one person, whether a role or a name says it', () => {
  const { resource } = ofType(map('oml-o21-full'), 'PractitionerRole')[0]!
  expect(Object.keys(resource)).not.toContain('name')
})

test('an appointment without a known end says that it is unknown', () => {
  const { resource } = only(map('siu-s13-sloppy'), 'Appointment')
  expect(resource['start']).toBe('2025-09-20T10:00:00+02:00')
  expect(resource['_end']).toMatchObject({ extension: [{ valueCode: 'unknown' }] })
})

test('codes are found in capitals and in small letters', () => {
  expect(only(map('siu-s26-sloppy'), 'Appointment').resource['status']).toBe('noshow')
})

test('a report is issued at the minute that was sent', () => {
  const [first] = ofType(map('oru-microbiology-parent'), 'DiagnosticReport')
  expect(first!.resource['issued']).toBe('2025-06-10T11:30:00+02:00')
})
