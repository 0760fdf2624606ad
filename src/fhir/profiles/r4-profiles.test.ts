/** R4's own profiles, each with its snapshot and with its differential alone: both must say the same. */
import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

import { expect, test } from 'vitest'

import type { JsonObject } from '../../kernel/json.ts'
import { loadDefinitions } from '../definitions/index.ts'
import { sampleResource } from '../testing/sample-resource.ts'
import { makeChecker } from './testing/check.ts'

const SHARED = new URL('../../../../shared/fhir-samples/', import.meta.url)
const isHere = existsSync(SHARED)

function lines(name: string): JsonObject[] {
  const text = gunzipSync(readFileSync(new URL(name, SHARED))).toString()
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as JsonObject)
}

const definitions = loadDefinitions()
const SAMPLES = 20
const R4 = 'http://hl7.org/fhir/StructureDefinition/'

/** An extension with each of some values, and with each of its slices. */
function extensionsOf({ url, differential }: JsonObject): JsonObject[] {
  const elements = (differential as JsonObject)['element'] as JsonObject[]
  const slices = elements
    .filter(({ path, sliceName }) => path === 'Extension.extension' && sliceName !== undefined)
    .map(({ sliceName }) => ({ url: sliceName!, valueString: 'x' }))
  const values: JsonObject[] = [
    { valueString: 'x' },
    { valueCode: 'x' },
    { valueUri: 'urn:x' },
    { valueCodeableConcept: { text: 'x' } },
    { valueReference: { reference: 'Patient/1' } },
    { extension: slices },
    { extension: [...slices, ...slices] },
  ]
  return values.map((value) => ({
    resourceType: 'Basic',
    code: { text: 'x' },
    extension: [{ url: url!, ...value }],
  }))
}

/** Asks for nothing but that the extension conforms to its definition. */
function asking({ url }: JsonObject): JsonObject {
  return {
    resourceType: 'StructureDefinition',
    url: `urn:asking:${String(url)}`,
    type: 'Basic',
    derivation: 'constraint',
    differential: {
      element: [{ path: 'Basic.extension', sliceName: 's', type: [{ code: 'Extension', profile: [url!] }] }],
    },
  }
}

test.skipIf(!isHere)('snapshots and differentials say the same (needs ../shared beside the checkout)', () => {
  const profiles = lines('r4-definitions/StructureDefinition.ndjson.gz').filter(
    ({ derivation }) => derivation === 'constraint',
  )
  const asked = profiles.filter(({ type }) => type === 'Extension').map(asking)
  const bySnapshot = makeChecker([...profiles, ...asked])
  const byDifferential = makeChecker([...profiles.map(({ snapshot: _snapshot, ...rest }) => rest), ...asked])
  let findings = 0
  const compare = (resource: JsonObject, url: string) => {
    const expected = bySnapshot(resource, [url]).toSorted()
    findings += expected.length
    expect({ url, found: byDifferential(resource, [url]).toSorted() }).toEqual({ url, found: expected })
  }
  for (const profile of profiles) {
    const { url, kind, type } = profile
    if (kind === 'resource')
      for (let seed = 0; seed < SAMPLES; seed++)
        compare(sampleResource(definitions, String(type), seed), String(url))
    if (type === 'Extension')
      for (const resource of extensionsOf(profile)) compare(resource, `urn:asking:${String(url)}`)
  }
  expect(profiles.length).toBeGreaterThan(400)
  expect(findings).toBeGreaterThan(3000)
})

test.skipIf(!isHere)('vital signs of Synthea are vital signs (needs ../shared beside the checkout)', () => {
  const check = makeChecker(
    lines('r4-definitions/StructureDefinition.ndjson.gz').filter(
      ({ derivation, type }) => derivation === 'constraint' && type === 'Observation',
    ),
  )
  const observations = lines('synthea/patients-100.bundles.ndjson.gz')
    .slice(0, 10)
    .flatMap(({ entry }) => (entry as JsonObject[]).map(({ resource }) => resource as JsonObject))
    .filter(
      ({ resourceType, category }) =>
        resourceType === 'Observation' && JSON.stringify(category).includes('vital-signs'),
    )
  expect(observations.length).toBeGreaterThan(200)
  for (const each of observations) expect(check(each, [`${R4}vitalsigns`])).toEqual([])
})
