/** The index rows of a resource, those by which it is found as one that refers included. */
import type { Extractor, ExtractContext, ReferenceWalk, SearchParameters } from '../../fhir/index.ts'
import type { TenantId } from '../../kernel/ids.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { indexRows, type ResourceIndex } from '../index-rows.ts'
import type { Referring } from './referring.ts'
import { type Targets, targetsOf } from './target.ts'

export interface ReferringIndex extends ResourceIndex {
  readonly targets: Targets
}

export interface ReferringIndexDeps {
  readonly parameters: SearchParameters
  readonly walk: ReferenceWalk
  readonly referring: Referring
  contextOf(tenant: TenantId): ExtractContext
}

/** @param by takes what is searched by off the resource */
export type IndexResource = (
  by: Extractor,
  tenant: TenantId,
  type: string,
  resource: JsonObject,
) => ReferringIndex

export function makeResourceIndex({
  parameters,
  walk,
  referring,
  contextOf,
}: ReferringIndexDeps): IndexResource {
  return (by, tenant, type, resource) => {
    const context = contextOf(tenant)
    const entries = by.extract(resource, type, context)
    const rows = indexRows(tenant, type, entries, parameters.sharing(type))
    const targets = targetsOf(walk, resource, context.toLocal)
    const unshown = referring.unshown(type, entries, targets.named)
    return { ...rows, tokens: [...rows.tokens, ...unshown], targets }
  }
}
