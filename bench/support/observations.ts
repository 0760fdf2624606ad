/** Observations of a realistic shape for load: a laboratory result of about 1.2 kB. */
import type { HttpClient } from './http-client.ts'
import type { BenchServer } from './server.ts'

const CODES = [
  ['718-7', 'Hemoglobin [Mass/volume] in Blood', 'g/dL'],
  ['2345-7', 'Glucose [Mass/volume] in Serum or Plasma', 'mg/dL'],
  ['2160-0', 'Creatinine [Mass/volume] in Serum or Plasma', 'mg/dL'],
  ['2823-3', 'Potassium [Moles/volume] in Serum or Plasma', 'mmol/L'],
  ['2951-2', 'Sodium [Moles/volume] in Serum or Plasma', 'mmol/L'],
  ['6690-2', 'Leukocytes [#/volume] in Blood', '10*9/L'],
  ['777-3', 'Platelets [#/volume] in Blood', '10*9/L'],
  ['1742-6', 'Alanine aminotransferase', 'U/L'],
] as const

/** `number` varies code, patient, time and value; the same number gives the same resource. */
export function observation(number: number): Record<string, unknown> {
  const [code, display, unit] = CODES[number % CODES.length]!
  const patient = `bench-${number % PATIENTS}`
  const at = new Date(Date.UTC(2026, 0, 1) + (number % 20_000_000) * 61_000).toISOString()
  return {
    resourceType: 'Observation',
    status: 'final',
    identifier: [{ system: 'urn:oid:1.2.250.1.999.1', value: `RES-${number}` }],
    category: [
      {
        coding: [
          { system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'laboratory' },
        ],
      },
    ],
    code: { coding: [{ system: 'http://loinc.org', code, display }], text: display },
    subject: { reference: `Patient/${patient}` },
    encounter: { reference: `Encounter/visit-${number % VISITS}` },
    effectiveDateTime: at,
    issued: at,
    performer: [{ reference: 'Organization/lab' }],
    valueQuantity: { value: 10 + (number % 90) / 10, unit, system: 'http://unitsofmeasure.org', code: unit },
    interpretation: [
      {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation', code: 'N' }],
      },
    ],
    referenceRange: [{ low: { value: 3.5, unit }, high: { value: 17.5, unit }, text: '3.5 – 17.5' }],
  }
}

const PATIENTS = 1000
const VISITS = 5000

/** What the Observations refer to, as transactions. */
function transactionsOfTargets(): string[] {
  const resources = [
    { resourceType: 'Organization', id: 'lab', name: 'Laboratoire' },
    ...Array.from({ length: PATIENTS }, (_, n) => ({ resourceType: 'Patient', id: `bench-${n}` })),
    ...Array.from({ length: VISITS }, (_, n) => ({
      resourceType: 'Encounter',
      id: `visit-${n}`,
      status: 'finished',
      class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
      subject: { reference: `Patient/bench-${n % PATIENTS}` },
    })),
  ]
  const chunks = Array.from({ length: Math.ceil(resources.length / 1000) }, (_, i) =>
    resources.slice(i * 1000, i * 1000 + 1000),
  )
  return chunks.map((chunk) =>
    JSON.stringify({
      resourceType: 'Bundle',
      type: 'transaction',
      entry: chunk.map((resource) => ({
        resource,
        request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
      })),
    }),
  )
}

/** Sends the patients, visits and the laboratory that the Observations refer to: without them these are refused. */
export async function sendTargets(server: BenchServer, client: HttpClient): Promise<void> {
  for (const transaction of transactionsOfTargets()) {
    const { status, body } = await client.send('POST', server.fhir, transaction)
    if (status !== 200) throw new Error(`loading failed: ${status} ${body.slice(0, 300)}`)
  }
}

export function transactionOf(first: number, size: number): string {
  const entry = Array.from({ length: size }, (_, i) => ({
    fullUrl: `urn:uuid:00000000-0000-4000-8000-${String(first + i).padStart(12, '0')}`,
    resource: observation(first + i),
    request: { method: 'POST', url: 'Observation' },
  }))
  return JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry })
}
