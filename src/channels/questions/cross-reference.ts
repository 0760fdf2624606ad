/** PIX Query (QBP^Q23 → RSP^K23): the other numbers of a person. IHE ITI TF-2 §3.9. */
import type { Query } from '../../hl7/index.ts'
import { isObject, type JsonObject } from '../../kernel/json.ts'
import { personIdentifiersOf, systemOf } from '../../mapping/index.ts'
import { isKnown, knownDomains } from './domains.ts'
import type { People } from './people.ts'
import type { Asked } from './question.ts'
import { fault, type Result } from './result.ts'

export async function findCrossReferences(people: People, asked: Asked, query: Query): Promise<Result> {
  const { tenant, namespaces } = asked
  const { value, authority } = query.person
  if (value === undefined) return fault('hl7-query-empty', 3, { repetition: 1, component: 1 })
  const system = authority && systemOf(authority, namespaces)
  if (system === undefined || !(await isKnown(people, asked, system)))
    return fault('hl7-query-domain', 3, { repetition: 1, component: 4 })
  const wanted = await knownDomains(people, asked, query.domains(4), 4)
  if (wanted && 'did' in wanted) return wanted
  const stored = await people.holding(tenant, system, value)
  if (stored === undefined) return fault('hl7-query-identifier', 3, { repetition: 1, component: 1 })
  const patient = withoutAsked(JSON.parse(stored.body) as JsonObject, system, value)
  const options = { namespaces, systems: wanted }
  const numbers = personIdentifiersOf(patient, options)
  // PID-5 is required and no name is asked for: a blank stands there (§3.9.4.2.2.7).
  const found = numbers.length === 0 ? [] : [{ pid: [...numbers, ['5.1', ' '] as const] }]
  return { did: 'found', people: found, seen: [stored] }
}

/** The number that the asker has is no answer. */
function withoutAsked(patient: JsonObject, system: string, value: string): JsonObject {
  const identifiers = Array.isArray(patient['identifier']) ? patient['identifier'].filter(isObject) : []
  return {
    ...patient,
    identifier: identifiers.filter((each) => each['system'] !== system || each['value'] !== value),
  }
}
