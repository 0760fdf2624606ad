/** The links between a transaction's resources, and by criteria to others. https://hl7.org/fhir/R4/http.html#trules */
import { linkResolver, matchesRequest } from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import type { ExactJson } from '../../kernel/json.ts'
import { criteriaOf } from './criteria.ts'
import { requireScope } from './gate.ts'
import type { Caller, FhirService, ResourceKey } from './interaction.ts'
import { inEntry } from './place.ts'
import { sideBySide } from './side-by-side.ts'
import { nameOf, SEARCHES_AT_ONCE } from './transaction-identities.ts'
import type { Planned, PlannedPatch } from './transaction-plan.ts'

/** A resource that is going to be written. */
export interface Draft {
  readonly planned: Planned
  readonly id: string
}

export interface Linked {
  readonly draft: Draft
  readonly resource: ExactJson
}

/** The resource with its links replaced. */
export type Link = (planned: Planned, resource: ExactJson) => ExactJson

export interface Links {
  /** In the order of the drafts. */
  readonly linked: readonly Linked[]
  /** The conditional references, and what they point to. */
  readonly references: ReadonlyMap<string, ResourceKey>
  /** For what is made when it is written. */
  readonly link: Link
}

/**
 * @throws Failure `precondition`/`bundle-conditional-reference` unless exactly one resource matches,
 * `invalid`/`bundle-reference-unresolved` for a urn:uuid of no entry
 */
export async function resolveLinks(
  service: FhirService,
  caller: Caller,
  drafts: readonly Draft[],
  patches: readonly PlannedPatch[],
  assigned: ReadonlyMap<string, string>,
): Promise<Links> {
  const wanted = conditionalReferences(service, drafts, patches)
  if (wanted.size > service.maxBundleEntries) {
    throw new Failure('too-large', 'bundle-too-many-references', { max: service.maxBundleEntries })
  }
  const found = await sideBySide([...wanted], SEARCHES_AT_ONCE, async ([reference, index]) => {
    try {
      return [reference, await theOne(service, caller, reference, drafts)] as const
    } catch (thrown) {
      throw inEntry(index, thrown)
    }
  })
  const references = new Map(found)
  const targets = new Map([
    ...assigned,
    ...found.map(([reference, key]) => [reference, nameOf(key)] as const),
  ])
  const link: Link = (planned, resource) => linkOne(service, planned, resource, targets)
  const linked = drafts.map((draft) => ({
    draft,
    resource: link(draft.planned, draft.planned.entry.resource!),
  }))
  return { linked, references, link }
}

/** Each once, with the entry that has it first. */
function conditionalReferences(
  service: FhirService,
  drafts: readonly Draft[],
  patches: readonly PlannedPatch[],
): Map<string, number> {
  const found = new Map<string, number>()
  const note = ({ entry }: Planned, references: readonly string[]) => {
    for (const reference of references) if (!found.has(reference)) found.set(reference, entry.index)
  }
  for (const { planned } of drafts) {
    note(planned, service.links.conditionalReferences(planned.entry.resource!.value))
  }
  for (const planned of patches) note(planned, planned.patch.conditionalReferences)
  return found
}

/** The only resource that matches, of the store and of the transaction's own. */
async function theOne(
  service: FhirService,
  caller: Caller,
  reference: string,
  drafts: readonly Draft[],
): Promise<ResourceKey> {
  const mark = reference.indexOf('?')
  const type = reference.slice(0, mark)
  if (!service.definitions.isResourceType(type)) throw new Failure('not-found', 'resource-type-unknown')
  requireScope(caller.access, type, 's')
  const criteria = criteriaOf(service, caller.tenant, type, reference.slice(mark + 1))
  const names = new Map<string, ResourceKey>()
  for (const key of await service.search.find(caller.tenant, criteria, 2)) names.set(nameOf(key), key)
  for (const { planned, id } of drafts) {
    if (planned.request.type !== type) continue
    const entries = service.index(caller.tenant, type, { ...planned.entry.resource!.value, id })
    const isMatch = matchesRequest(entries, criteria)
    // An update decides what is matched after it, not what was before.
    if (isMatch) names.set(nameOf({ type, id }), { type, id })
    else names.delete(nameOf({ type, id }))
  }
  const [match, second] = names.values()
  if (match === undefined || second !== undefined)
    throw new Failure('precondition', 'bundle-conditional-reference', { type })
  return match
}

function linkOne(
  service: FhirService,
  { entry: { fullUrl, index } }: Planned,
  resource: ExactJson,
  targets: ReadonlyMap<string, string>,
): ExactJson {
  const resolve = linkResolver(targets, fullUrl)
  return service.links.rewrite(resource, (target, kind) => {
    const resolved = resolve(target, kind)
    if (resolved === undefined && kind === 'reference' && target.startsWith('urn:uuid:')) {
      throw inEntry(index, new Failure('invalid', 'bundle-reference-unresolved'))
    }
    return resolved
  })
}
