/** Patient Demographics Query (QBP^Q22 → RSP^K22). IHE ITI TF-2 §3.21. */
import type { Query } from '../../hl7/index.ts'
import { asFailure } from '../../kernel/failure.ts'
import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import { pidOf, type Placed } from '../../mapping/index.ts'
import type { SearchPage, Stored } from '../../store/index.ts'
import { type Criteria, criteriaOf } from './criteria.ts'
import { knownDomains } from './domains.ts'
import { identifier, type Pairs, type People } from './people.ts'
import type { Asked } from './question.ts'
import { fault, type Person, type Result } from './result.ts'

/** Records of an answer when RCP-2 says nothing, and at most. */
const USUAL = 50
const MOST = 200
/** Searches for one answer: names that only begin as asked for are left out, and the next page is looked at. */
const MOST_PAGES = 20

export async function findDemographics(people: People, asked: Asked, query: Query): Promise<Result> {
  if (query.unreadable.length > 0)
    return fault('hl7-query-parameter', 3, { repetition: query.unreadable[0]! })
  if (query.parameters.length === 0) return fault('hl7-query-empty', 3)
  const criteria = criteriaOf(query.parameters, asked.namespaces)
  if ('repetition' in criteria) return fault('hl7-query-parameter', 3, { repetition: criteria.repetition })
  const systems = await knownDomains(people, asked, query.domains(8), 8)
  if (systems && 'did' in systems) return systems
  const pairs: Pairs = systems === undefined ? criteria.pairs : [...criteria.pairs, anyOf(systems)]
  try {
    const { found, next } = await collect(people, asked, query, { ...criteria, pairs })
    const all = found.map(({ stored, patient, practitioners }) => ({
      stored,
      person: personOf(patient, practitioners, asked, systems),
    }))
    return {
      did: 'found',
      people: all.map(({ person }) => person),
      next,
      seen: all.map(({ stored }) => stored),
    }
  } catch (error) {
    if (asFailure(error).code !== 'search-cursor') throw error
    return { ...fault('hl7-query-continuation'), location: { segment: 'DSC', sequence: 1, field: 1 } }
  }
}

/** Who has a number of one of the systems: nobody else could be named in the answer. */
function anyOf(systems: ReadonlySet<string>): readonly [string, string] {
  return ['identifier', [...systems].map((system) => identifier(system, '')[1]).join(',')]
}

interface Match {
  readonly stored: Stored
  readonly patient: JsonObject
  readonly practitioners: readonly JsonObject[]
}

async function collect(
  people: People,
  { tenant }: Asked,
  { limit = USUAL, continuation }: Query,
  { pairs, matches }: Criteria,
): Promise<{ found: readonly Match[]; next: string | undefined }> {
  const wanted = Math.min(limit, MOST)
  const found: Match[] = []
  let cursor = continuation
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const page = await people.page(tenant, pairs, wanted - found.length, cursor)
    found.push(...matchesOf(page).filter(({ patient }) => matches(patient)))
    cursor = page.next
    if (cursor === undefined || found.length >= wanted) break
  }
  return { found, next: cursor }
}

function matchesOf({ entries, included = [] }: SearchPage): Match[] {
  const practitioners = new Map(
    included.map(({ type, id, body }) => [`${type}/${id}`, JSON.parse(body) as JsonObject]),
  )
  return entries.map((stored) => {
    const patient = JSON.parse(stored.body) as JsonObject
    const named = listOf(patient['generalPractitioner']).map(({ reference }) =>
      practitioners.get(String(reference)),
    )
    return { stored, patient, practitioners: named.filter((each) => each !== undefined) }
  })
}

function personOf(
  patient: JsonObject,
  practitioners: readonly JsonObject[],
  { namespaces }: Asked,
  systems: ReadonlySet<string> | undefined,
): Person {
  const options = { namespaces, systems }
  return { pid: pidOf(patient, options), pd1: practitionerOf(practitioners) }
}

/** PD1-4: the primary care providers that are persons. */
function practitionerOf(practitioners: readonly JsonObject[]): Placed {
  const persons = practitioners.filter(({ resourceType }) => resourceType === 'Practitioner')
  return persons.flatMap(({ identifier: numbers, name }, index) => {
    const place = `4[${index + 1}]`
    const [number] = listOf(numbers)
    const [called] = listOf(name)
    const given = Array.isArray(called?.['given']) ? called['given'][0] : undefined
    const parts = [
      [`${place}.1`, number?.['value']],
      [`${place}.2`, called?.['family']],
      [`${place}.3`, given],
    ] as const
    return parts.flatMap(([at, value]) => (typeof value === 'string' ? [[at, value] as const] : []))
  })
}

function listOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}
