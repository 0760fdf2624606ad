/** How fast resources are read from XML and written as XML, and beside it from and to JSON. */
import { loadDefinitions, makeFhirXml } from '../src/fhir/index.ts'
import { parseExactObject } from '../src/kernel/json.ts'

const RESOURCES = 500

function observation(i: number): string {
  return JSON.stringify({
    resourceType: 'Observation',
    id: `o-${i}`,
    meta: { versionId: '1', lastUpdated: '2026-01-02T03:04:05.678Z' },
    status: 'final',
    category: [
      {
        coding: [
          { system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'laboratory' },
        ],
      },
    ],
    code: {
      coding: [{ system: 'http://loinc.org', code: '2951-2', display: 'Sodium [Moles/volume]' }],
      text: 'Na',
    },
    subject: { reference: `Patient/p-${i % 50}`, display: 'Albertine Épreuve' },
    encounter: { reference: `Encounter/e-${i % 70}` },
    effectiveDateTime: '2026-01-02T03:04:05+01:00',
    issued: '2026-01-02T03:04:05.678+01:00',
    valueQuantity: { value: 140.5, unit: 'mmol/L', system: 'http://unitsofmeasure.org', code: 'mmol/L' },
    referenceRange: [{ low: { value: 136, unit: 'mmol/L' }, high: { value: 145, unit: 'mmol/L' } }],
  }).replace('140.5', '140.50')
}

function perSecond(run: () => void): number {
  for (let i = 0; i < 5; i++) run()
  const rounds = 30
  const start = process.hrtime.bigint()
  for (let i = 0; i < rounds; i++) run()
  return Math.round((rounds * RESOURCES) / (Number(process.hrtime.bigint() - start) / 1e9))
}

export async function run(): Promise<unknown> {
  const xml = makeFhirXml(loadDefinitions())
  const entries = Array.from({ length: RESOURCES }, (_, i) => `{"resource":${observation(i)}}`)
  const json = `{"resourceType":"Bundle","type":"collection","entry":[${entries.join(',')}]}`
  const { exact } = parseExactObject(json)
  const text = xml.write(exact)
  return {
    resources: RESOURCES,
    jsonBytes: Buffer.byteLength(json),
    xmlBytes: Buffer.byteLength(text),
    resourcesReadFromJsonPerSecond: perSecond(() => void parseExactObject(json)),
    resourcesReadFromXmlPerSecond: perSecond(() => void xml.parse(text)),
    resourcesWrittenAsXmlPerSecond: perSecond(() => void Buffer.byteLength(xml.write(exact))),
  }
}
