/** Bodies to write: Synthea observations of patients that are there. */
import { randomInt } from 'node:crypto'

import type { Facts, ObservationFact } from './facts.ts'
import { makePerson, type Person } from './person.ts'
import type { Sample } from './samples.ts'

export interface Writes {
  /** A new observation of somebody, with other values each time. */
  create(): string
  /** Other values for an observation that is there. */
  update(count: number): { readonly id: string; readonly body: string }
  /** A visit of somebody and observations of it, `size` entries that refer to each other. */
  transaction(size: number): string
}

export function makeWrites(facts: Facts, samples: readonly Sample[]): Writes {
  const { observations } = facts
  const some = () => observations[randomInt(observations.length)]!

  function observation(fact: ObservationFact, id: string, encounter = `Encounter/${fact.encounter}`): string {
    const template = samples[fact.sample]!.templates[fact.template]!
    const body = JSON.parse(template.fill(freshPerson())) as Record<string, unknown>
    body['subject'] = { reference: `Patient/${fact.patient}` }
    body['encounter'] = { reference: encounter }
    return JSON.stringify({ ...body, id })
  }

  return {
    create: () => observation(some(), 'ignored'),
    update(count) {
      const fact = observations[(count * 104_729) % observations.length]!
      return { id: fact.id, body: observation(fact, fact.id) }
    },
    transaction(size) {
      const fact = some()
      const visit = 'urn:uuid:00000000-0000-4000-8000-000000000000'
      const entries = Array.from({ length: size - 1 }, (_, i) => {
        const body = observation({ ...some(), patient: fact.patient }, 'ignored', visit)
        return entry(
          `urn:uuid:00000000-0000-4000-8000-${String(i + 1).padStart(12, '0')}`,
          'Observation',
          body,
        )
      })
      const bundle = [entry(visit, 'Encounter', encounterOf(fact.patient)), ...entries].join(',')
      return `{"resourceType":"Bundle","type":"transaction","entry":[${bundle}]}`
    },
  }
}

function freshPerson(): Person {
  return makePerson(randomInt(2 ** 31))
}

function entry(fullUrl: string, type: string, body: string): string {
  return `{"fullUrl":"${fullUrl}","resource":${body},"request":{"method":"POST","url":"${type}"}}`
}

function encounterOf(patient: string): string {
  return JSON.stringify({
    resourceType: 'Encounter',
    status: 'finished',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
    subject: { reference: `Patient/${patient}` },
    period: { start: '2026-01-15T09:00:00+01:00', end: '2026-01-15T09:20:00+01:00' },
  })
}
