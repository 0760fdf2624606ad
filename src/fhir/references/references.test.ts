import { describe, expect, test } from 'vitest'

import type { JsonObject } from '../../kernel/json.ts'
import { loadDefinitions, makeReferenceWalk, makeValidator, meaningOf } from '../index.ts'

const definitions = loadDefinitions()
const walk = makeReferenceWalk(definitions)
const BASE = 'https://gw.example.org/t/demo/fhir/'
const toLocal = (url: string) => (url.startsWith(BASE) ? url.slice(BASE.length) : undefined)

describe('what a literal reference means', () => {
  const patient = { type: 'Patient', id: '1', version: undefined }
  test.each<[string, ReturnType<typeof meaningOf>]>([
    ['Patient/1', patient],
    ['Patient/1/_history/3', { ...patient, version: '3' }],
    [`${BASE}Patient/1`, patient],
    [`${BASE}Patient/1/_history/3`, { ...patient, version: '3' }],
    [`${BASE}Patient/1#part`, patient],
    ['#p1', 'elsewhere'],
    ['#', 'elsewhere'],
    ['urn:uuid:0b6ad1bf-8f11-4b8e-9f5f-6f2d0a5b3a01', 'elsewhere'],
    ['urn:oid:1.2.3', 'elsewhere'],
    ['https://other.example.org/fhir/Patient/1', 'elsewhere'],
    ['https://gw.example.org/t/other/fhir/Patient/1', 'elsewhere'],
    ['https://gw.example.org/t/demo/fhirPatient/1', 'elsewhere'],
    [`${BASE}../../other/fhir/Patient/1`, 'nowhere'],
    [`${BASE}Patient?identifier=1`, 'nowhere'],
    [`${BASE}Patient/1/_history`, 'nowhere'],
    ['Patient?identifier=1', 'nowhere'],
    ['/Patient/1', 'nowhere'],
    ['Patient/1/', 'nowhere'],
    ['patient/1', 'nowhere'],
    ['Patient', 'nowhere'],
    ['', 'nowhere'],
  ])('%s', (reference, meaning) => expect(meaningOf(reference, toLocal)).toEqual(meaning))
})

function referencesIn(resource: JsonObject): string[] {
  const found: string[] = []
  walk(resource, (reference, place) => found.push(`${place()} ${reference}`))
  return found
}

describe('references are found', () => {
  test('in elements, lists, choices, backbone elements and what repeats another element', () => {
    expect(
      referencesIn({
        resourceType: 'Observation',
        subject: { reference: 'Patient/1', identifier: { assigner: { reference: 'Organization/1' } } },
        performer: [{ display: 'nobody' }, { reference: 'Practitioner/1' }],
        component: [{ referenceRange: [{ appliesTo: [{ text: 'x' }] }] }],
      }),
    ).toEqual([
      'Observation.subject.reference Patient/1',
      'Observation.subject.identifier.assigner.reference Organization/1',
      'Observation.performer[1].reference Practitioner/1',
    ])
    expect(
      referencesIn({ resourceType: 'MedicationRequest', medicationReference: { reference: 'Medication/1' } }),
    ).toEqual(['MedicationRequest.medication.ofType(Reference).reference Medication/1'])
  })

  test('in extensions, of elements, of primitives and of items of a list of primitives, as deep as they go', () => {
    const extension = (reference: string) => [
      { url: 'urn:a', extension: [{ url: 'urn:b', valueReference: { reference } }] },
    ]
    expect(
      referencesIn({
        resourceType: 'Patient',
        extension: extension('Patient/1'),
        _birthDate: { extension: extension('Patient/2') },
        name: [{ given: ['A', 'B'], _given: [null, { extension: extension('Patient/3') }] }],
      }).map((text) => text.replace('.extension[0].extension[0].value.ofType(Reference).reference', ' …')),
    ).toEqual([
      'Patient … Patient/1',
      'Patient.birthDate … Patient/2',
      'Patient.name[0].given[1] … Patient/3',
    ])
  })

  test('in contained resources, and not in what a Bundle or Parameters carries', () => {
    const observation = { resourceType: 'Observation', subject: { reference: 'Patient/1' } }
    expect(referencesIn({ resourceType: 'Patient', contained: [observation] })).toEqual([
      'Patient.contained[0].subject.reference Patient/1',
    ])
    expect(
      referencesIn({
        resourceType: 'Bundle',
        entry: [{ resource: observation }],
        signature: { who: { reference: 'Practitioner/1' } },
      }),
    ).toEqual(['Bundle.signature.who.reference Practitioner/1'])
    expect(referencesIn({ resourceType: 'Parameters', parameter: [{ resource: observation }] })).toEqual([])
  })

  test('and not in elements that are called reference and are none', () => {
    expect(
      referencesIn({
        resourceType: 'Immunization',
        education: [{ reference: 'Patient/1' }],
        extension: [{ url: 'urn:x', valueExpression: { language: 'text/cql', reference: 'Library/1' } }],
      }),
    ).toEqual([])
  })

  test('every place is the one that the validator names', () => {
    const resource = {
      resourceType: 'Observation',
      status: 'final',
      code: { text: 'x' },
      subject: { reference: 'nothing' },
      performer: [{ reference: 'nothing' }],
      extension: [{ url: 'urn:x', valueReference: { reference: 'nothing' } }],
    }
    const places: string[] = []
    walk(resource, (_reference, place) => places.push(place()))
    const issues = makeValidator(definitions).validate(resource, 'Observation')
    expect(issues.flatMap(({ expression }) => expression)).toEqual(places)
  })
})
