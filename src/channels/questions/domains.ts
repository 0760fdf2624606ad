/** The identifier systems that a question names: all of them have to be known here. IHE ITI TF-2 §3.9.4.2.2.6. */
import type { AskedIdentifier } from '../../hl7/index.ts'
import { systemOf } from '../../mapping/index.ts'
import type { People } from './people.ts'
import type { Asked } from './question.ts'
import { fault, type Unanswerable } from './result.ts'

export async function knownDomains(
  people: People,
  asked: Asked,
  wanted: readonly AskedIdentifier[],
  field: number,
): Promise<ReadonlySet<string> | undefined | Unanswerable> {
  if (wanted.length === 0) return undefined
  const systems = new Set<string>()
  for (const { authority, repetition } of wanted) {
    const system = authority && systemOf(authority, asked.namespaces)
    if (system === undefined || !(await isKnown(people, asked, system)))
      return fault('hl7-query-domain', field, { repetition, component: 4 })
    systems.add(system)
  }
  return systems
}

/** Registered for the channel or the tenant, or in use. */
export async function isKnown(
  people: People,
  { tenant, namespaces }: Asked,
  system: string,
): Promise<boolean> {
  return [...namespaces.values()].includes(system) || people.knows(tenant, system)
}
