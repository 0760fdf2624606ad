/** The links between a transaction's resources, and by criteria to others. https://hl7.org/fhir/R4/http.html#trules */
import { linkResolver } from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import type { ExactJson } from '../../kernel/json.ts'
import { criteriaOf } from './criteria.ts'
import type { Caller, FhirService, ResourceKey } from './interaction.ts'
import { inEntry } from './place.ts'
import { sideBySide } from './side-by-side.ts'
import { type Gone, type Identities, type Named, nameOf, SEARCHES_AT_ONCE } from './transaction-identities.ts'
import type { Drafts } from './transaction-drafts.ts'
import type { Planned, PlannedPatch } from './transaction-plan.ts'

/** A resource that is going to be written. */
interface Linked {
  readonly draft: Named
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
  identities: Identities,
): Promise<Links> {
  const { drafts, gone } = identities
  const ids = Map.groupBy(identities.updated, ({ planned }) => planned.request.type)
  const updated = (type: string) => (ids.get(type) ?? []).map(({ id }) => id)
  const wanted = conditionalReferences(
    service,
    drafts.all,
    identities.patched.map(({ planned }) => planned),
  )
  if (wanted.size > service.maxBundleEntries) {
    throw new Failure('too-large', 'bundle-too-many-references', { max: service.maxBundleEntries })
  }
  const found = await sideBySide([...wanted], SEARCHES_AT_ONCE, async ([reference, index]) => {
    try {
      return [reference, await theOne(service, caller, reference, { drafts, gone, updated })] as const
    } catch (thrown) {
      throw inEntry(index, thrown)
    }
  })
  const references = new Map(found)
  const targets = new Map([
    ...identities.assigned,
    ...found.map(([reference, key]) => [reference, nameOf(key)] as const),
  ])
  const link: Link = (planned, resource) => linkOne(service, planned, resource, targets)
  const linked = drafts.all.map((draft) => ({
    draft,
    resource: link(draft.planned, draft.planned.entry.resource!),
  }))
  return { linked, references, link }
}

/** Each once, with the entry that has it first. */
function conditionalReferences(
  service: FhirService,
  drafts: readonly Named[],
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

interface Written {
  readonly drafts: Drafts
  readonly gone: Gone
  /** Ids of a type that are updated. */
  updated(type: string): readonly string[]
}

/** The only resource that matches, of the store and of the transaction's own. */
async function theOne(
  service: FhirService,
  caller: Caller,
  reference: string,
  { drafts, gone, updated }: Written,
): Promise<ResourceKey> {
  const mark = reference.indexOf('?')
  const type = reference.slice(0, mark)
  if (!service.definitions.isResourceType(type)) throw new Failure('not-found', 'resource-type-unknown')
  const criteria = criteriaOf(service, caller, type, reference.slice(mark + 1))
  const names = new Map<string, ResourceKey>()
  // An update and a deletion decide what is matched after them, not what was before.
  const without = new Set([...gone(type), ...updated(type)])
  for (const key of await service.search.find(caller.tenant, criteria, 2 + without.size)) {
    if (!without.has(key.id)) names.set(nameOf(key), key)
  }
  for (const { id } of drafts.matching(criteria)) names.set(nameOf({ type, id }), { type, id })
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
