/** What the resources of a transaction are called: new ids, ids of the client, and what conditional creates found. */
import type { SearchRequest } from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import { uuidv7 } from '../../kernel/ids.ts'
import type { Stored } from '../../store/index.ts'
import { criteriaOf } from './criteria.ts'
import { requireScope } from './gate.ts'
import type { Caller, FhirService, ResourceKey } from './interaction.ts'
import { inEntry } from './place.ts'
import { sideBySide } from './side-by-side.ts'
import type { Planned, TransactionPlan } from './transaction-plan.ts'

export interface Identities {
  /** Creates that make something, and its id. */
  readonly created: readonly { readonly planned: Planned; readonly id: string }[]
  /** Conditional creates of what is there already. */
  readonly existing: readonly { readonly planned: Planned; readonly stored: Stored }[]
  /** Conditional creates of what another entry with the same criteria creates. */
  readonly repeated: readonly { readonly planned: Planned; readonly id: string }[]
  /** fullUrl → `Type/id` */
  readonly assigned: ReadonlyMap<string, string>
  /** Must still match nothing when the writes happen. */
  readonly absent: readonly SearchRequest[]
}

/** Searches in flight for one transaction. */
export const SEARCHES_AT_ONCE = 6

export async function identify(
  service: FhirService,
  caller: Caller,
  plan: TransactionPlan,
): Promise<Identities> {
  const groups = [...Map.groupBy(plan.creates, criteriaKey)]
  const conditional = groups.filter(([key]) => key !== '')
  const found = await sideBySide(conditional, SEARCHES_AT_ONCE, ([, group]) =>
    findExisting(service, caller, group[0]!),
  )
  const stored = await readFound(
    service,
    caller,
    found.flatMap(({ key }) => key ?? []),
  )

  const created = (groups.find(([key]) => key === '')?.[1] ?? []).map((planned) => ({
    planned,
    id: uuidv7(),
  }))
  const existing: { planned: Planned; stored: Stored }[] = []
  const repeated: { planned: Planned; id: string }[] = []
  const absent: SearchRequest[] = []
  for (const [i, [, group]] of conditional.entries()) {
    const { key, criteria } = found[i]!
    if (key) {
      existing.push(...group.map((planned) => ({ planned, stored: stored.get(nameOf(key))! })))
    } else {
      const [first, ...others] = group
      const id = uuidv7()
      created.push({ planned: first!, id })
      repeated.push(...others.map((planned) => ({ planned, id })))
      absent.push(criteria)
    }
  }
  const assigned = new Map<string, string>()
  const assign = ({ entry, request }: Planned, id: string) => {
    if (entry.fullUrl !== undefined) assigned.set(entry.fullUrl, nameOf({ type: request.type, id }))
  }
  for (const { planned, id } of [...created, ...repeated]) assign(planned, id)
  for (const {
    planned,
    stored: { id },
  } of existing)
    assign(planned, id)
  for (const planned of plan.updates) assign(planned, planned.request.id)
  return { created, existing, repeated, assigned, absent }
}

export function nameOf({ type, id }: ResourceKey): string {
  return `${type}/${id}`
}

/** Empty for a create without a condition. */
function criteriaKey({ request: { type, conditions } }: Planned): string {
  return conditions.ifNoneExist === undefined ? '' : `${type}?${conditions.ifNoneExist}`
}

async function findExisting(service: FhirService, caller: Caller, { entry, request }: Planned) {
  const { type, conditions } = request
  try {
    requireScope(caller.access, type, 's')
    const criteria = criteriaOf(service, caller.tenant, type, conditions.ifNoneExist!)
    const [match, second] = await service.search.find(caller.tenant, criteria, 2)
    if (second) throw new Failure('precondition', 'criteria-matched-several', { type })
    return { criteria, key: match }
  } catch (thrown) {
    throw inEntry(entry.index, thrown)
  }
}

/** @throws Failure `conflict`/`criteria-matched` when one has gone since it was found: look again */
async function readFound(
  service: FhirService,
  { tenant }: Caller,
  keys: readonly ResourceKey[],
): Promise<Map<string, Stored>> {
  if (keys.length === 0) return new Map()
  const stored = (await service.repository.readMany(tenant, keys)).filter(({ deleted }) => !deleted)
  const byName = new Map(stored.map((one) => [nameOf(one), one]))
  if (keys.some((key) => !byName.has(nameOf(key)))) throw new Failure('conflict', 'criteria-matched')
  return byName
}
