/**
 * FHIR transaction interaction: all entries or none, in one commit. https://hl7.org/fhir/R4/http.html#trules
 *
 * Identities first (new ids, what criteria find), then links (urn:uuid, conditional references), then one commit of all
 * writes on condition that the criteria still match what they matched, then the reads.
 */
import type { BundleEntry } from '../../fhir/index.ts'
import { asFailure } from '../../kernel/failure.ts'
import type { Change, CommitOptions, Outcome, Statement } from '../../store/index.ts'
import { criteriaIn } from './audit-row.ts'
import { bundleText } from './bundle-text.ts'
import { create } from './create.ts'
import { answerEntry, problemEntry } from './entry.ts'
import { mayRead } from './gate.ts'
import {
  type Answer,
  type Caller,
  type FhirService,
  type LongWork,
  NOTHING_SEEN,
  type ResourceKey,
} from './interaction.ts'
import { inEntry, placeInEntry } from './place.ts'
import { raceName, retryRaced } from './races.ts'
import { sideBySide } from './side-by-side.ts'
import { cutAnswer } from './subset.ts'
import { transactionRows, type Touched } from './transaction-audit.ts'
import { type Identities, identify } from './transaction-identities.ts'
import { resolveLinks } from './transaction-links.ts'
import { type Planned, planTransaction, refuseMissing, type TransactionPlan } from './transaction-plan.ts'
import { type Write, writesOf } from './transaction-writes.ts'
import { writtenAnswer } from './written.ts'

const READS_AT_ONCE = 6

/** @param work of a transaction that is answered later */
export async function runTransaction(
  service: FhirService,
  caller: Caller,
  entries: readonly BundleEntry[],
  work?: LongWork,
): Promise<Answer> {
  const plan = await planTransaction(service, caller, entries)
  const { creates, updates, patches, deletes } = plan
  const writes = [...creates, ...updates, ...patches, ...deletes]
  const texts =
    work?.noted === undefined
      ? await writeAll(service, caller, plan, entries.length, work)
      : (JSON.parse(work.noted) as string[])
  await sideBySide(plan.reads, READS_AT_ONCE, async ({ entry, interaction, request }) => {
    texts[entry.index] = await readEntry(entry, () => service.perform(interaction, request), caller)
  })
  const body = bundleText('transaction-response', undefined, [], texts)
  return { status: 200, body, seen: NOTHING_SEEN, ...(writes.length > 0 && { audited: true }) }
}

/** The text of each entry of the response that is a write; empty for the reads. */
async function writeAll(
  service: FhirService,
  caller: Caller,
  plan: TransactionPlan,
  size: number,
  work: LongWork | undefined,
): Promise<string[]> {
  const { creates, updates, patches, deletes, reads } = plan
  await refuseMissing(service, caller, reads, [...updates, ...deletes])
  const conditional = [...creates, ...updates, ...patches, ...deletes].filter(({ criteria }) => criteria)
  const names = conditional.map(({ request }) => raceName(request))
  return retryRaced(service, names, async () => {
    const identities = await identify(service, caller, plan)
    const links = await resolveLinks(service, caller, identities)
    const writes = writesOf(identities, links)
    const textsOf = (outcomes: readonly (readonly Outcome[])[]) =>
      tellWrites(service, caller, { writes, outcomes, identities, size })
    const note =
      work && ((outcomes: readonly (readonly Outcome[])[]) => work.note(JSON.stringify(textsOf(outcomes))))
    return textsOf(await commit(service, caller, { writes, identities, note }, [...links.references]))
  })
}

interface Written {
  readonly writes: readonly Write[]
  readonly outcomes: readonly (readonly Outcome[])[]
  readonly identities: Identities
  readonly size: number
}

function tellWrites(
  service: FhirService,
  caller: Caller,
  { writes, outcomes, identities, size }: Written,
): string[] {
  const texts: string[] = Array.from({ length: size }, () => '')
  const tell = ({ entry, interaction, request, subset }: Planned, answer: Answer) => {
    const cut = cutAnswer(service, interaction, request, subset, answer)
    texts[entry.index] = answerEntry(entry, cut, caller.base)
  }
  for (const [i, { planned, answer }] of writes.entries()) tell(planned, answer(outcomes[i]!))
  for (const { planned, stored } of identities.existing) {
    tell(planned, writtenAnswer(planned.request, { ...stored, did: 'unchanged' }, 200))
  }
  const byId = new Map(outcomes.flat().map((outcome) => [outcome.id, outcome]))
  for (const { planned, id } of identities.repeated) {
    tell(planned, writtenAnswer(planned.request, byId.get(id)!, 200))
  }
  return texts
}

interface Committed {
  readonly writes: readonly Write[]
  readonly identities: Identities
  /** What is to be sent with the writes. */
  readonly note: ((outcomes: readonly (readonly Outcome[])[]) => Statement) | undefined
}

async function commit(
  service: FhirService,
  caller: Caller,
  { writes, identities, note }: Committed,
  references: readonly (readonly [string, ResourceKey])[],
): Promise<readonly (readonly Outcome[])[]> {
  if (writes.length + identities.existing.length === 0) return []
  // The store makes and checks one change after the other: what it finds wrong is wrong with the last one made.
  let making: number | undefined
  const changes = writes.flatMap(({ planned, changes: own }) =>
    own.map((change): Change => ({
      ...change,
      make(current, deleted) {
        making = planned.entry.index
        return change.make(current, deleted)
      },
    })),
  )
  const audit = (outcomes: readonly Outcome[]) => {
    making = undefined
    const touched = touchedBy(writes, byWrite(writes, outcomes), identities, references)
    return transactionRows(service.clock, caller, touched)
  }
  try {
    const { guards, existing } = identities
    const entries = writes.flatMap(({ planned: { entry }, changes: own }) => own.map(() => entry.index))
    const integrity: CommitOptions['integrity'] = {
      found: [...existing.map(({ stored }) => stored), ...references.map(([, key]) => key)],
      place: (change, path) => placeInEntry(entries[change]!, path),
      mayName: mayRead(caller),
    }
    const outcomes = await service.repository.commit(caller.tenant, changes, {
      audit,
      guards,
      integrity,
      ...(note && { with: async (tx, done) => void (await tx.query(note(byWrite(writes, done)))) }),
    })
    return byWrite(writes, outcomes)
  } catch (thrown) {
    throw making === undefined ? thrown : inEntry(making, thrown)
  }
}

/** The outcomes of each write's changes. */
function byWrite(writes: readonly Write[], outcomes: readonly Outcome[]): Outcome[][] {
  const left = outcomes.values()
  return writes.map(({ changes }) => changes.map(() => left.next().value!))
}

function touchedBy(
  writes: readonly Write[],
  outcomes: readonly (readonly Outcome[])[],
  { existing }: Identities,
  references: readonly (readonly [string, ResourceKey])[],
): Touched[] {
  const written = writes.flatMap(({ planned: { interaction, request }, answer }, i): Touched[] => {
    const { status } = answer(outcomes[i]!)
    const criteria = criteriaIn(request)
    const query = criteria === '' ? undefined : criteria
    return outcomes[i]!.map(({ type, id, version, patients }) => {
      const entity = version === 0 ? { type, id } : { type, id, version }
      return { interaction, status, entity, patients, query }
    })
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
