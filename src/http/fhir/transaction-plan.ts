/** What a transaction is going to do: every entry is looked at before anything is done. */
import type { BundleEntry, Patch, SearchRequest, Subset } from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import { givenId } from './conditional-update.ts'
import { criteriaOf } from './criteria.ts'
import { targetOf } from './entry.ts'
import type { Caller, FhirRequest, FhirService, Interaction } from './interaction.ts'
import { readPatch } from './patch-formats.ts'
import { inEntry } from './place.ts'
import { refuseParameters, resourceParameters } from './query.ts'
import { checkId, checkType } from './resource-checks.ts'
import { subsetOf } from './subset.ts'

export interface Planned {
  readonly entry: BundleEntry
  readonly interaction: Interaction
  readonly request: FhirRequest
  /** By which it finds its resource; undefined: it names it, or makes a new one. */
  readonly criteria: SearchRequest | undefined
  /** What of the resource its answer has. */
  readonly subset: Subset | undefined
}

export interface PlannedPatch extends Planned {
  readonly patch: Patch
}

export interface TransactionPlan {
  readonly creates: readonly Planned[]
  readonly updates: readonly Planned[]
  readonly patches: readonly PlannedPatch[]
  readonly deletes: readonly Planned[]
  /** Run last, when all is written. */
  readonly reads: readonly Planned[]
}

/** @throws Failure of the first entry that is refused: then all are */
export async function planTransaction(
  service: FhirService,
  caller: Caller,
  entries: readonly BundleEntry[],
): Promise<TransactionPlan> {
  const planned = entries.map((entry) => planEntry(service, caller, entry))
  const having = (code: string) => planned.filter(({ interaction }) => interaction.code === code)
  const [creates, updates, deletes] = [having('create'), having('update'), having('delete')]
  const reads = planned.filter(
    ({ entry, interaction }) =>
      entry.method === 'GET' || entry.method === 'HEAD' || interaction.code === 'operation',
  )
  const patches = await Promise.all(having('patch').map((each) => readPlanned(service, each)))
  return { creates, updates, patches, deletes, reads }
}

function planEntry(service: FhirService, caller: Caller, entry: BundleEntry): Planned {
  try {
    const { interaction, request } = targetOf(service, entry, caller)
    service.admit(interaction, request)
    checkEntry(service, interaction, request, entry)
    const criteria = criteriaFor(service, interaction, request)
    return { entry, interaction, request, criteria, subset: subsetOf(service, interaction, request) }
  } catch (thrown) {
    throw inEntry(entry.index, thrown)
  }
}

function criteriaFor(
  service: FhirService,
  { code, conditional }: Interaction,
  { caller, type, query, conditions }: FhirRequest,
): SearchRequest | undefined {
  if (conditional) return criteriaOf(service, caller, type, query)
  if (code !== 'create' || conditions.ifNoneExist === undefined) return undefined
  return criteriaOf(service, caller, type, conditions.ifNoneExist)
}

async function readPlanned(service: FhirService, planned: Planned): Promise<PlannedPatch> {
  try {
    return { ...planned, patch: readPatch(service, await planned.request.body()) }
  } catch (thrown) {
    throw inEntry(planned.entry.index, thrown)
  }
}

function checkEntry(
  service: FhirService,
  { code, operation, conditional }: Interaction,
  { type, id, query, caller }: FhirRequest,
  { resource, method }: BundleEntry,
): void {
  switch (code) {
    case 'create':
      // The trail takes an event at once and for good, so it can't be part of what may be undone.
      if (service.resources(type).create)
        throw new Failure('unsupported', 'interaction-not-offered', { type, interaction: code })
      break
    case 'search-type':
      if (method === 'POST') throw new Failure('unsupported', 'method-not-allowed', { allow: 'GET' })
      if (type !== 'AuditEvent') service.parseSearch(caller.tenant, type, resourceParameters(query))
      return
    case 'operation':
      // Run with the reads, when all is written: what it did could not be undone with the others.
      if (operation!.affectsState)
        throw new Failure('unsupported', 'operation-in-transaction', { operation: `$${operation!.name}` })
      return
    default:
      break
  }
  if (code === 'create' || code === 'update') checkType(resource!, type)
  if (conditional) {
    if (code === 'update') givenId(type, resource!)
    return
  }
  if (code === 'update') checkId(resource!, id)
  if (!code.startsWith('history-')) refuseParameters(query)
}

/** A read of what isn't there refuses the transaction, as long as that can be seen before anything is written. */
export async function refuseMissing(
  service: FhirService,
  { tenant }: Caller,
  reads: readonly Planned[],
  writes: readonly Planned[],
): Promise<void> {
  const written = new Set(
    writes.map(({ entry, request: { type, id } }) => `${type}/${id || String(entry.resource?.value['id'])}`),
  )
  const wanted = reads.filter(
    ({ interaction, request: { type, id } }) =>
      interaction.code === 'read' && type !== 'AuditEvent' && !written.has(`${type}/${id}`),
  )
  if (wanted.length === 0) return
  const stored = await service.repository.readMany(
    tenant,
    wanted.map(({ request: { type, id } }) => ({ type, id })),
  )
  const there = new Set(stored.filter(({ deleted }) => !deleted).map(({ type, id }) => `${type}/${id}`))
  for (const { entry, request } of wanted) {
    const { type, id } = request
    if (!there.has(`${type}/${id}`))
      throw inEntry(entry.index, new Failure('not-found', 'resource-not-found', { type, id }))
  }
}
