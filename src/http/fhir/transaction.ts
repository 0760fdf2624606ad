/**
 * FHIR transaction interaction: all entries or none, in one commit. https://hl7.org/fhir/R4/http.html#trules
 *
 * Identities first (new ids, conditional creates), then links (urn:uuid, conditional references), then one commit of
 * all writes on condition that what was not there is still not there, then the reads.
 */
import type { BundleEntry } from '../../fhir/index.ts'
import { asFailure } from '../../kernel/failure.ts'
import type { Change, Outcome } from '../../store/index.ts'
import { bundleText } from './bundle-text.ts'
import { create } from './create.ts'
import { answerDelete, nextDeletion } from './delete.ts'
import { answerEntry, problemEntry } from './entry.ts'
import { type Answer, type Caller, type FhirService, NOTHING_SEEN, type ResourceKey } from './interaction.ts'
import { nextPatched } from './patch.ts'
import { inEntry } from './place.ts'
import { retryRaced } from './races.ts'
import { sideBySide } from './side-by-side.ts'
import { cutAnswer } from './subset.ts'
import { transactionRows, type Touched } from './transaction-audit.ts'
import { type Identities, identify } from './transaction-identities.ts'
import { type Draft, type Link, type Linked, resolveLinks } from './transaction-links.ts'
import { type Planned, type PlannedPatch, planTransaction, type TransactionPlan } from './transaction-plan.ts'
import { answerUpdate, nextVersion } from './update.ts'
import { writtenAnswer } from './written.ts'

const READS_AT_ONCE = 6

export async function runTransaction(
  service: FhirService,
  caller: Caller,
  entries: readonly BundleEntry[],
): Promise<Answer> {
  const plan = await planTransaction(service, caller, entries)
  return retryRaced(() => runPlan(service, caller, plan, entries.length))
}

/** A write of the transaction: what the store is to do, and how its outcome is told. */
interface Write {
  readonly planned: Planned
  readonly change: Change
  answer(outcome: Outcome): Answer
}

async function runPlan(
  service: FhirService,
  caller: Caller,
  plan: TransactionPlan,
  size: number,
): Promise<Answer> {
  const identities = await identify(service, caller, plan)
  const drafts: Draft[] = [
    ...identities.created,
    ...plan.updates.map((planned) => ({ planned, id: planned.request.id })),
  ]
  const { linked, references, link } = await resolveLinks(
    service,
    caller,
    drafts,
    plan.patches,
    identities.assigned,
  )
  const writes = [
    ...plan.deletes.map(deletion),
    ...linked.map(writing),
    ...plan.patches.map((planned) => patching(planned, link)),
  ]
  const outcomes = await commit(service, caller, writes, identities, [...references])

  const texts: string[] = Array.from({ length: size }, () => '')
  const tell = ({ entry, interaction, request, subset }: Planned, answer: Answer) => {
    const cut = cutAnswer(service, interaction, request, subset, answer)
    texts[entry.index] = answerEntry(entry, cut, caller.base)
  }
  for (const [i, { planned, answer }] of writes.entries()) tell(planned, answer(outcomes[i]!))
  for (const { planned, stored } of identities.existing) {
    tell(planned, writtenAnswer(planned.request, { ...stored, did: 'unchanged' }, 200))
  }
  for (const { planned, id } of identities.repeated) {
    tell(
      planned,
      writtenAnswer(
        planned.request,
        outcomes.find((outcome) => outcome.id === id)!,
        200,
      ),
    )
  }
  await sideBySide(plan.reads, READS_AT_ONCE, async ({ entry, interaction, request }) => {
    texts[entry.index] = await readEntry(entry, () => service.perform(interaction, request), caller)
  })
  const body = bundleText('transaction-response', undefined, [], texts)
  const wrote = writes.length + identities.existing.length > 0
  return { status: 200, body, seen: NOTHING_SEEN, ...(wrote && { audited: true }) }
}

function deletion(planned: Planned): Write {
  const { request } = planned
  const { type, id } = request
  return { planned, change: { type, id, make: nextDeletion(request) }, answer: answerDelete }
}

function writing({ draft: { planned, id }, resource }: Linked): Write {
  const { request, interaction } = planned
  const { type } = request
  if (interaction === create) {
    const change: Change = { type, id, mustBeNew: true, method: 'POST', make: () => resource }
    return { planned, change, answer: (outcome) => writtenAnswer(request, outcome, 201) }
  }
  const change: Change = { type, id, make: nextVersion(request, resource) }
  return { planned, change, answer: (outcome) => answerUpdate(request, outcome) }
}

function patching(planned: PlannedPatch, link: Link): Write {
  const { request, patch } = planned
  const { type, id } = request
  const next = nextPatched(request, patch)
  const change: Change = {
    type,
    id,
    method: 'PATCH',
    make: (current, deleted) => link(planned, next(current, deleted)),
  }
  return { planned, change, answer: (outcome) => writtenAnswer(request, outcome, 200) }
}

async function commit(
  service: FhirService,
  caller: Caller,
  writes: readonly Write[],
  identities: Identities,
  references: readonly (readonly [string, ResourceKey])[],
): Promise<readonly Outcome[]> {
  if (writes.length + identities.existing.length === 0) return []
  // The store makes and checks one change after the other: what it finds wrong is wrong with the last one made.
  let making: number | undefined
  const changes = writes.map(({ planned, change }): Change => ({
    ...change,
    make(current, deleted) {
      making = planned.entry.index
      return change.make(current, deleted)
    },
  }))
  const audit = (outcomes: readonly Outcome[]) => {
    making = undefined
    return transactionRows(service.clock, caller, touchedBy(writes, outcomes, identities, references))
  }
  try {
    return await service.repository.commit(caller.tenant, changes, { audit, absent: identities.absent })
  } catch (thrown) {
    throw making === undefined ? thrown : inEntry(making, thrown)
  }
}

function touchedBy(
  writes: readonly Write[],
  outcomes: readonly Outcome[],
  { existing }: Identities,
  references: readonly (readonly [string, ResourceKey])[],
): Touched[] {
  const written = writes.map(({ planned: { interaction, request }, answer }, i): Touched => {
    const { type, id, version, patients } = outcomes[i]!
    const { status } = answer(outcomes[i]!)
    const entity = version === 0 ? { type, id } : { type, id, version }
    return { interaction, status, entity, patients, query: request.conditions.ifNoneExist }
  })
  const found = existing.map(({ planned: { request }, stored }): Touched => {
    const { type, id, version, patients } = stored
    return {
      interaction: create,
      status: 200,
      entity: { type, id, version },
      patients,
      query: request.conditions.ifNoneExist,
    }
  })
  const looked = references.map(([query, key]): Touched => {
    const patients = key.type === 'Patient' ? [key.id] : []
    return { interaction: SEARCH, status: 200, entity: key, patients, query }
  })
  return [...written, ...found, ...looked]
}

/** A conditional reference looks for a resource. */
const SEARCH = { code: 'search-type', action: 'E' } as const

/** What is written stays written, so a read that fails now is told in its place. */
async function readEntry(
  entry: BundleEntry,
  read: () => Promise<Answer>,
  { base, language }: Caller,
): Promise<string> {
  try {
    return answerEntry(entry, await read(), base)
  } catch (thrown) {
    const failure = asFailure(thrown)
    if (failure.code.startsWith('audit-')) throw failure
    return problemEntry(failure, language)
  }
}
