/** A thread of the loader: copies patients one after another and commits them through the store's own code. */
import { parentPort, workerData } from 'node:worker_threads'

import {
  loadDefinitions,
  makeExtractor,
  makeR4Content,
  makeSearchParameters,
  makeTerminology,
} from '../../src/fhir/index.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { parseExactObject } from '../../src/kernel/json.ts'
import type { TenantId } from '../../src/kernel/ids.ts'
import { makeTimeZone } from '../../src/kernel/time-zone.ts'
import { type Change, makeStore, makeStoredTerminology, openDb } from '../../src/store/index.ts'
import { makeReservoir, type ObservationFact, type PatientFact } from './facts.ts'
import { makePerson, type Person } from './person.ts'
import { readSamples, type Sample } from './samples.ts'

export interface LoadOrder {
  readonly url: string
  readonly tenant: TenantId
  readonly timezone: string
  readonly resources: number
  /** Shared by the threads: [patients begun, resources written]. */
  readonly progress: Int32Array
  readonly samplePatients: number
  readonly sampleObservations: number
}

export interface LoadReport {
  readonly types: Record<string, number>
  readonly patients: readonly PatientFact[]
  readonly observations: readonly ObservationFact[]
}

/** While the database writes one patient the next is made. */
const IN_FLIGHT = 2

const order = workerData as LoadOrder
const samples = readSamples()
const definitions = loadDefinitions()
const parameters = makeSearchParameters(definitions)
const context = { zone: makeTimeZone(order.timezone), toLocal: () => undefined, bases: () => [] }
await using db = openDb({ url: order.url, statementTimeoutMs: 0 })
const { repository } = makeStore({
  db,
  clock: systemClock,
  // The samples are what they are; what is measured later is not their validity.
  validator: { validate: () => [], review: () => [] },
  extractor: makeExtractor(definitions, parameters),
  definitions,
  parameters,
  terminology: makeTerminology({ r4: makeR4Content(), stored: makeStoredTerminology(db) }),
  contextOf: () => context,
})
const patients = makeReservoir<PatientFact>(order.samplePatients)
const observations = makeReservoir<ObservationFact>(order.sampleObservations)
const types: Record<string, number> = {}

await Promise.all(Array.from({ length: IN_FLIGHT }, load))
const report: LoadReport = { types, patients: patients.kept, observations: observations.kept }
parentPort!.postMessage(report)

async function load(): Promise<void> {
  while (Atomics.load(order.progress, 1) < order.resources) {
    const number = Atomics.add(order.progress, 0, 1)
    const place = number % samples.length
    const changes = copyOf(samples[place]!, makePerson(number), place)
    await repository.commit(order.tenant, changes)
    Atomics.add(order.progress, 1, changes.length)
  }
}

function copyOf({ templates }: Sample, person: Person, sample: number): Change[] {
  return templates.map((template, i) => {
    const made = parseExactObject(template.fill(person))
    const { type } = template
    const id = person.id(template.idIndex)
    types[type] = (types[type] ?? 0) + 1
    if (type === 'Patient') patients.offer(patientFact(made.value as unknown as PatientBody))
    if (type === 'Observation')
      observations.offer({ ...placeOf(made.value as never), sample, template: i, id })
    return { type, id, mustBeNew: true, make: () => made }
  })
}

interface PatientBody {
  readonly id: string
  readonly name: readonly { readonly family: string }[]
  readonly identifier: readonly { readonly system: string; readonly value: string }[]
}

function patientFact({ id, name, identifier }: PatientBody): PatientFact {
  const number = identifier.find(({ system }) => system === 'http://hospital.smarthealthit.org')
  return { id, family: name[0]!.family, identifier: number?.value ?? '' }
}

interface Placed {
  readonly subject: { readonly reference: string }
  readonly encounter: { readonly reference: string }
}

function placeOf({ subject, encounter }: Placed): Pick<ObservationFact, 'patient' | 'encounter'> {
  return { patient: idIn(subject.reference), encounter: idIn(encounter.reference) }
}

function idIn(reference: string): string {
  return reference.slice(reference.indexOf('/') + 1)
}
