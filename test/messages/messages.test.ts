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

test('a device’s unit keeps the code of its system', () => {
  const rates = ofType(map('oru-device-vitals'), 'Observation').map(
    ({ resource }) => resource['valueQuantity'],
  )
  expect(rates).toContainEqual({
    value: 72,
    unit: 'MDC_DIM_BEAT_PER_MIN',
    system: 'urn:iso:std:iso:11073:10101',
    code: '264864',
  })
})

test('a document says what it replaces or adds to, what it is about and how far it is', () => {
  const { resource } = only(map('mdm-t02-text'), 'DocumentReference')
  expect(resource).toMatchObject({
    status: 'current',
    docStatus: 'final',
    relatesTo: [{ code: 'appends', target: { identifier: { value: 'DOC54' } } }],
    context: { related: [{ identifier: { value: 'PO1' } }, { identifier: { value: 'FO1' } }, {}] },
  })
  expect(resource['content']).toHaveLength(1)
})

test('a document without a text says that it is unknown', () => {
  const { resource } = only(map('mdm-t01-notification'), 'DocumentReference')
  expect(resource['content']).toMatchObject([{ attachment: { extension: [{ valueCode: 'unknown' }] } }])
})

test('a pointer is an address only when it is one', () => {
  const { resource } = only(map('mdm-t02-pdf'), 'DocumentReference')
  expect(resource['content']).toMatchObject([
    { attachment: { contentType: 'application/pdf' } },
    { attachment: { url: 'https://docs.example.test/d/77', contentType: 'application/pdf' } },
  ])
})

test('race and ethnicity in the codes of the United States are extensions of US Core', () => {
  const { resource } = only(map('oru-elr-full'), 'Patient')
  expect(resource['extension']).toContainEqual({
    url: 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-race',
    extension: [
      {
        url: 'ombCategory',
        valueCoding: { system: 'urn:oid:2.16.840.1.113883.6.238', code: '2106-3', display: 'White' },
      },
      { url: 'text', valueString: 'White' },
    ],
  })
})

test('a prescription has its strength and its reason, what is dispensed its lot', () => {
  const drugs = (name: string) => ofType(map(name), 'Medication').map(({ resource }) => resource)
  expect(drugs('rde-o11')).toMatchObject([
    { ingredient: [{ strength: { numerator: { value: 10, unit: 'mg' } } }, {}] },
  ])
  const { resource } = only(map('rde-o11'), 'MedicationRequest')
  expect(resource['reasonCode']).toMatchObject([{ coding: [{ code: 'PA', display: 'Pain' }] }])
  for (const name of ['rds-o13', 'ras-o17'])
    expect(drugs(name)).toContainEqual(
      expect.objectContaining({ batch: { lotNumber: 'LOT5', expirationDate: '2027-01-01' } }),
    )
})

test('a visit begins and ends at the times that were sent, not at a place', () => {
  const { resource } = only(map('adt-a03-discharge'), 'Encounter')
  expect(resource['period']).toEqual({
    start: '2025-07-01T08:00:00+02:00',
    end: '2025-07-03T11:00:00+02:00',
  })
})
