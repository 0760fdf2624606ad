import { expect, test } from 'vitest'

import type { Json, JsonObject } from '../../kernel/json.ts'
import { loadDefinitions } from '../definitions/index.ts'
import { sampleResource } from '../testing/sample-resource.ts'
import { findings } from './testing/check.ts'

const definitions = loadDefinitions()
const PATHS = [
  'Patient',
  'Patient.name',
  'Patient.name.given',
  'Patient.identifier.type.coding',
  'Patient.contact.name',
  'Patient.deceased[x]',
  'Patient.deceasedBoolean',
  'Patient.extension.value[x]',
  'Patient.birthDate.extension',
  'Patient.nothing.at.all',
  'Observation.value',
  '..',
  `Patient${'.contact'.repeat(200)}`,
]

/** A StructureDefinition that R4 allows, of whose elements hardly one makes sense. */
function oddProfile(seed: number): JsonObject {
  const sample = sampleResource(definitions, 'StructureDefinition', seed)
  const elementsOf = (part: Json | undefined): JsonObject[] =>
    ((part as JsonObject | undefined)?.['element'] as JsonObject[] | undefined) ?? []
  const elements = Array.from({ length: 6 }, (_, i) =>
    elementsOf(sampleResource(definitions, 'StructureDefinition', seed * 10 + i)['differential']),
  ).flat()
  const element = elements.map((each, i) => ({
    ...each,
    path: PATHS[(seed + i * 7) % PATHS.length]!,
    ...(i % 2 === 0 && { sliceName: `s${i % 4}/${i % 3}` }),
  }))
  return {
    ...sample,
    url: 'urn:odd',
    type: 'Patient',
    derivation: 'constraint',
    snapshot: undefined as never,
    differential: { element },
  }
}

test('whatever a profile says, checking with it ends with findings', () => {
  let found = 0
  for (let seed = 0; seed < 300; seed++) {
    const patient = sampleResource(definitions, 'Patient', seed)
    found += findings([oddProfile(seed)], patient, { depth: 'review' }).length
  }
  expect(found).toBeGreaterThan(100)
})
