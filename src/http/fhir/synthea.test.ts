import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

import { expect, test } from 'vitest'

import { startFhir } from './fixture.ts'

const SAMPLES = '../shared/fhir-samples/synthea/patients-100.bundles.ndjson.gz'
const PATIENTS = 8

interface Bundle {
  readonly entry: readonly { readonly resource: { readonly resourceType: string } }[]
}

test.skipIf(!existsSync(SAMPLES))(
  'whole patients of Synthea go in as transactions, with every link kept',
  async () => {
    await using fhir = await startFhir()
    const lines = gunzipSync(readFileSync(SAMPLES)).toString('utf8').split('\n').slice(0, PATIENTS)
    const sent = new Map<string, number>()
    for (const line of lines) {
      const { entry } = JSON.parse(line) as Bundle
      for (const { resource } of entry)
        sent.set(resource.resourceType, (sent.get(resource.resourceType) ?? 0) + 1)
      expect((await fhir.call('POST', '/', line)).status).toBe(200)
    }
    for (const [type, count] of sent) {
      expect((await fhir.call('GET', `/${type}?_total=accurate&_count=0`)).json.total).toBe(count)
    }
    const { json, text } = await fhir.call('GET', '/Encounter?_count=1000')
    expect(text).not.toContain('urn:uuid:')
    const { reference } = json.entry[0].resource.subject
    expect((await fhir.call('GET', `/${reference}`)).json.resourceType).toBe('Patient')
    const own = await fhir.call('GET', `/Encounter?patient=${reference}&_total=accurate&_count=1000`)
    expect(own.json.total).toBeGreaterThan(0)
  },
)
