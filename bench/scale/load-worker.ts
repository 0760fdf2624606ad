/**
 * A thread of the loader: copies patients one after another and commits them through the store's own code; then, where
 * the rest is to be multiplied in bulk, the people of the other copies.
 */
import { parentPort, workerData } from 'node:worker_threads'

import { Client } from 'pg'

import { makeR4Content, makeTerminology } from '../../src/fhir/index.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { parseExactObject } from '../../src/kernel/json.ts'
import type { TenantId } from '../../src/kernel/ids.ts'
import { type Change, makeStore, makeStoredTerminology, openDb } from '../../src/store/index.ts'
import { copied, type Copies, PEOPLE } from './copies.ts'
import { makeExtraction, noting, type Variants } from './extraction.ts'
import { makeReservoir, type ObservationFact, type PatientFact } from './facts.ts'
import { makePerson, type Person } from './person.ts'
import { readSamples } from './samples.ts'
import type { Template } from './template.ts'

export interface LoadOrder {
  readonly url: string
  readonly tenant: TenantId
  readonly timezone: string
  readonly resources: number
  /** What is made of the base afterwards. */
  readonly copies: Copies
  /** Shared by the threads: [patients begun, resources of the base written, people of other copies written]. */
  readonly progress: Int32Array
  readonly samplePatients: number
  readonly sampleObservations: number
}

export interface LoadReport {
  /** Of the base. */
  readonly types: Record<string, number>
  readonly patients: readonly PatientFact[]
  readonly observations: readonly ObservationFact[]
}

/** What a thread is told to do, one after the other: `people` where the base is to be multiplied. */
export type LoadStep = 'base' | 'people' | 'report'

/** While the database writes one patient the next is made. */
const IN_FLIGHT = 2
const VARIANTS_A_STATEMENT = 20_000

interface Loaded {
  readonly number: number
  readonly person: Person
}

const order = workerData as LoadOrder
const { copies, progress } = order
const samples = readSamples()
const extraction = makeExtraction(order.timezone)
const { definitions, parameters, context, extractor } = extraction
const variants: Variants = new Map()
const multiplied = copies.count > 1
const db = openDb({ url: order.url, statementTimeoutMs: 0 })
const { repository } = makeStore({
  db,
  clock: systemClock,
  // The samples are what they are; what is measured later is not their validity.
  validator: { validate: () => [], review: () => [] },
  extractor: multiplied ? noting(extraction, variants, PEOPLE) : extractor,
  definitions,
  parameters,
  terminology: makeTerminology({ r4: makeR4Content(), stored: makeStoredTerminology(db) }),
  contextOf: () => context,
  referentialIntegrity: 'off',
})
const patients = makeReservoir<PatientFact>(order.samplePatients)
const observations = makeReservoir<ObservationFact>(order.sampleObservations)
const types: Record<string, number> = {}
const loaded: Loaded[] = []

const steps: Readonly<Record<LoadStep, () => Promise<unknown>>> = {
  async base() {
    await Promise.all(Array.from({ length: IN_FLIGHT }, loadBase))
    if (multiplied) await keepVariants()
  },
  async people() {
    const people = eachPerson()
    await Promise.all(Array.from({ length: IN_FLIGHT }, () => loadPeople(people)))
  },
  async report(): Promise<LoadReport> {
    await db[Symbol.asyncDispose]()
    return { types, patients: patients.kept, observations: observations.kept }
  },
}

parentPort!.on('message', (step: LoadStep) => {
  void steps[step]().then(
    (answer) => parentPort!.postMessage(answer),
    (error: unknown) =>
      setImmediate(() => {
        throw error
      }),
  )
})

async function loadBase(): Promise<void> {
  while (Atomics.load(progress, 1) < order.resources) {
    const number = Atomics.add(progress, 0, 1)
    const place = number % samples.length
    const person = makePerson(number)
    const changes = samples[place]!.templates.map((template, i) => {
      types[template.type] = (types[template.type] ?? 0) + 1
      return changeOf(template, person, (body, id) => {
        if (template.type === 'Observation') {
          observations.offer({ ...placeOf(body as never), sample: place, template: i, id })
        }
      })
    })
    await repository.commit(order.tenant, changes)
    if (multiplied) loaded.push({ number, person })
    Atomics.add(progress, 1, changes.length)
  }
}

/** One iterator for all that are in flight: each takes the next. */
function* eachPerson(): Generator<{ base: Loaded; copy: number }> {
  for (let copy = copies.count - 1; copy > 0; copy--) for (const base of loaded) yield { base, copy }
}

/** In another copy the same place of a record is somebody else: by the ids a copy, by all else another person. */
async function loadPeople(people: Iterable<{ base: Loaded; copy: number }>): Promise<void> {
  for (const { base, copy } of people) {
    const { number, person } = base
    const { shiftMs } = person
    const other = makePerson(number + copy * 1_000_003, (index) => copied(copies, copy, person.id(index)))
    const templates = samples[number % samples.length]!.templates.filter(({ type }) => PEOPLE.includes(type))
    const changes = templates.map((template) => changeOf(template, { ...other, shiftMs }))
    await repository.commit(order.tenant, changes)
    Atomics.add(progress, 2, changes.length)
  }
}

function changeOf(
  template: Template,
  person: Person,
  tell: (body: unknown, id: string) => void = () => {},
): Change {
  const made = parseExactObject(template.fill(person))
  const { type } = template
  const id = person.id(template.idIndex)
  if (type === 'Patient') patients.offer(patientFact(made.value as unknown as PatientBody))
  tell(made.value, id)
  return { type, id, mustBeNew: true, make: () => made }
}

/** Two threads may know the same one. */
async function keepVariants(): Promise<void> {
  const owner = new Client({ connectionString: order.url })
  await owner.connect()
  try {
    const all = [...variants]
    for (let i = 0; i < all.length; i += VARIANTS_A_STATEMENT) {
      const some = all.slice(i, i + VARIANTS_A_STATEMENT)
      await owner.query(
        'insert into bench.variant (hash, text) select * from unnest($1::bigint[], $2::text[]) on conflict do nothing',
        [some.map(([hash]) => hash), some.map(([, text]) => text)],
      )
    }
    variants.clear()
  } finally {
    await owner.end()
  }
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
