/**
 * What the resources of a transaction are called: new ids, ids of the client, and what criteria found. In the order of
 * the specification: what is deleted is no longer found, what is created may be. https://hl7.org/fhir/R4/http.html#trules
 */
import type { SearchRequest } from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import { uuidv7 } from '../../kernel/ids.ts'
import type { Guard, Stored } from '../../store/index.ts'
import { findDeletable } from './conditional-delete.ts'
import { requireMatch } from './conditional-patch.ts'
import { givenId, guardOf, identityFor } from './conditional-update.ts'
import { type Found, findOne, raced } from './criteria.ts'
import type { Caller, FhirService, ResourceKey } from './interaction.ts'
import { inEntry } from './place.ts'
import { sideBySide } from './side-by-side.ts'
import { type Drafts, indexDrafts } from './transaction-drafts.ts'
import type { Planned, PlannedPatch, TransactionPlan } from './transaction-plan.ts'

/** An entry, and what its resource is called. */
export interface Named<P extends Planned = Planned> {
  readonly planned: P
  readonly id: string
  /** What its criteria found; undefined: nothing, or it has none. */
  readonly match?: Found | undefined
}

export interface Identities {
  /** Of a conditional delete all that is deleted; without criteria the one that is named. */
  readonly deleted: readonly { readonly planned: Planned; readonly found: readonly Found[] | undefined }[]
  /** Creates that make something. */
  readonly created: readonly Named[]
  /** Conditional creates of what is there already. */
  readonly existing: readonly { readonly planned: Planned; readonly stored: Stored }[]
  /** Conditional creates of what another entry with the same criteria creates. */
  readonly repeated: readonly Named[]
  readonly updated: readonly Named[]
  readonly patched: readonly Named<PlannedPatch>[]
  /** What is created and updated. */
  readonly drafts: Drafts
  /** fullUrl → `Type/id` */
  readonly assigned: ReadonlyMap<string, string>
  /** Ids that are deleted, by type. */
  readonly gone: Gone
  /** What the criteria must still match when the writes happen. */
  readonly guards: readonly Guard[]
}

/** Ids of a type that the transaction deletes. */
export type Gone = (type: string) => ReadonlySet<string>

/** Searches in flight for one transaction. */
export const SEARCHES_AT_ONCE = 6

export async function identify(
  service: FhirService,
  caller: Caller,
  plan: TransactionPlan,
): Promise<Identities> {
  const deleted = await sideBySide(plan.deletes, SEARCHES_AT_ONCE, async (planned) => ({
    planned,
    found: planned.criteria && (await placed(planned, findDeletable(service, caller, planned.criteria))),
  }))
  const gone = goneIn(deleted)
  const creates = await identifyCreates(service, caller, plan.creates, gone)
  const find = (planned: Planned, criteria: SearchRequest) =>
    placed(planned, findOne(service, caller, criteria, gone(planned.request.type)))
  const updated = await sideBySide(plan.updates, SEARCHES_AT_ONCE, async (planned): Promise<Named> => {
    const { criteria, request, entry } = planned
    if (criteria === undefined) return { planned, id: request.id }
    const match = await find(planned, criteria)
    const given = givenId(request.type, entry.resource!)
    return { planned, match, id: await placed(planned, () => identityFor(request.type, given, match)) }
  })
  const patched = await sideBySide(
    plan.patches,
    SEARCHES_AT_ONCE,
    async (planned): Promise<Named<PlannedPatch>> => {
      const { criteria, request } = planned
      if (criteria === undefined) return { planned, id: request.id }
      const match = await find(planned, criteria)
      return { planned, match, id: await placed(planned, () => requireMatch(match).id) }
    },
  )
  const { created, existing, repeated } = creates
  refuseOverlaps(deleted, [...created, ...updated, ...patched])
  const drafts = indexDrafts(service, caller.tenant, [...created, ...updated])
  refuseMatchingDrafts(drafts)
  const named = [...created, ...repeated, ...updated, ...patched]
  const guards = [...updated, ...patched].flatMap(({ planned: { criteria, request }, match }) =>
    criteria === undefined ? [] : [guardOf(criteria, match, [...gone(request.type)])],
  )
  return {
    ...creates,
    deleted,
    updated,
    patched,
    drafts,
    gone,
    assigned: assign([
      ...named.map(({ planned, id }) => [planned, id] as const),
      ...existing.map(({ planned, stored }) => [planned, stored.id] as const),
    ]),
    guards: [...creates.guards, ...guards],
  }
}

export function nameOf({ type, id }: ResourceKey): string {
  return `${type}/${id}`
}

/** What goes wrong with an entry says which. */
async function placed<T>({ entry }: Planned, work: Promise<T> | (() => T)): Promise<T> {
  try {
    return await (typeof work === 'function' ? work() : work)
  } catch (thrown) {
    throw inEntry(entry.index, thrown)
  }
}

function goneIn(deleted: Identities['deleted']): Gone {
  const byType = new Map<string, Set<string>>()
  for (const { planned, found } of deleted) {
    const { type, id } = planned.request
    const ids = byType.get(type) ?? new Set<string>()
    for (const each of found ?? [{ id }]) ids.add(each.id)
    byType.set(type, ids)
  }
  return (type) => byType.get(type) ?? NONE
}

const NONE: ReadonlySet<string> = new Set()

async function identifyCreates(
  service: FhirService,
  caller: Caller,
  creates: readonly Planned[],
  gone: Gone,
): Promise<Pick<Identities, 'created' | 'existing' | 'repeated' | 'guards'>> {
  const created: Named[] = creates
    .filter(({ criteria }) => criteria === undefined)
    .map((planned) => ({ planned, id: uuidv7() }))
  const groups = [
    ...Map.groupBy(
      creates.filter(({ criteria }) => criteria !== undefined),
      ({ request: { type, conditions } }) => `${type}?${conditions.ifNoneExist}`,
    ).values(),
  ]
  const found = await sideBySide(groups, SEARCHES_AT_ONCE, async ([first]) =>
    placed(first!, findOne(service, caller, first!.criteria!, gone(first!.request.type))),
  )
  const stored = await readFound(
    service,
    caller,
    found.flatMap((match) => match ?? []),
  )
  const existing: { planned: Planned; stored: Stored }[] = []
  const repeated: Named[] = []
  const guards: Guard[] = []
  for (const [i, group] of groups.entries()) {
    const match = found[i]
    const [first, ...others] = group
    const { criteria, request } = first!
    if (match) {
      existing.push(...group.map((planned) => ({ planned, stored: stored.get(nameOf(match))! })))
    } else {
      const id = uuidv7()
      created.push({ planned: first!, id })
      repeated.push(...others.map((planned) => ({ planned, id })))
      guards.push({ criteria: criteria!, except: [...gone(request.type)] })
    }
  }
  return { created, existing, repeated, guards }
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
  if (keys.some((key) => !byName.has(nameOf(key)))) throw raced()
  return byName
}

/**
 * "If any resource identities (including resolved identities from conditional update/delete) overlap …, then the
 * transaction SHALL fail."
 */
function refuseOverlaps(deleted: Identities['deleted'], written: readonly Named[]): void {
  const identities = [
    ...deleted.flatMap(({ planned, found }) =>
      (found ?? [planned.request]).map(({ id }) => ({
        entry: planned.entry,
        type: planned.request.type,
        id,
      })),
    ),
    ...written.map(({ planned, id }) => ({ entry: planned.entry, type: planned.request.type, id })),
  ].toSorted((a, b) => a.entry.index - b.entry.index)
  const seen = new Set<string>()
  for (const { entry, type, id } of identities) {
    const name = nameOf({ type, id })
    if (seen.has(name)) throw overlap(entry.index, type)
    seen.add(name)
  }
}

function overlap(index: number, type: string): Failure {
  const expression = [`Bundle.entry[${index}].request.url`]
  return new Failure('invalid', 'resource-twice-in-transaction', { type }, { expression })
}

/** What a conditional update would make anew must not be what another entry makes. */
function refuseMatchingDrafts(drafts: Drafts): void {
  for (const draft of drafts.all) {
    const { criteria, interaction, request, entry } = draft.planned
    if (interaction.code !== 'update' || criteria === undefined || draft.match !== undefined) continue
    const other = drafts.matching(criteria).find((each) => each !== draft)
    if (other) throw overlap(Math.max(entry.index, other.planned.entry.index), request.type)
  }
}

function assign(named: readonly (readonly [Planned, string])[]): Map<string, string> {
  return new Map(
    named.flatMap(([{ entry, request }, id]) =>
      entry.fullUrl === undefined ? [] : [[entry.fullUrl, nameOf({ type: request.type, id })] as const],
    ),
  )
}
