/** The search parameters of each resource type. https://hl7.org/fhir/R4/searchparameter-registry.html */
import { remembering } from '../../kernel/remembering.ts'
import type { Definitions, SearchParameterEntry, SearchParameterType } from '../definitions/index.ts'
import { componentsOf, type Component } from './components.ts'
import { type Places, placesOf } from './places.ts'
import { type Sharing, sharingOf } from './sharing.ts'

export interface SearchParameter {
  readonly code: string
  readonly type: SearchParameterType
  readonly url: string
  readonly expression: string | undefined
  /** Resource types that a reference may point to. */
  readonly targets: readonly string[]
  readonly components: readonly { readonly definition: string; readonly expression: string }[]
  /** The resource type that it is of here. */
  readonly base: string
  /** Names the definition of a tenant's own parameter; R4's have none. See own-parameters.ts. */
  readonly own?: string
}

export interface SearchParameters {
  /** Every parameter of a resource type by its code, those of all resources included. */
  of(resourceType: string): ReadonlyMap<string, SearchParameter>
  /** What a composite parameter is made of. */
  components(composite: SearchParameter): readonly Component[]
  /** Where the values of a parameter of these stand. */
  places(param: SearchParameter): Places
  /** The parameters of a type that have no index entries of their own, and whose entries answer for them. */
  sharing(resourceType: string): ReadonlyMap<string, Sharing>
}

export function makeSearchParameters(definitions: Definitions): SearchParameters {
  const byType = new Map<string, Map<string, SearchParameter>>()
  const shared = definitions.searchParameters.filter(({ base }) => isShared(base))
  for (const type of definitions.resourceTypes) {
    const own = definitions.searchParameters.filter(({ base }) => !isShared(base) && base.includes(type))
    byType.set(type, new Map([...shared, ...own].map((entry) => [entry.code, parameterOf(entry, type)])))
  }
  const none: ReadonlyMap<string, SearchParameter> = new Map()
  const of = (resourceType: string) => byType.get(resourceType) ?? none
  const named = (url: string) => definitions.searchParameters.find((entry) => entry.url === url)
  return {
    of,
    sharing: remembering((type: string) => sharingOf(definitions, of(type).values())),
    components: remembering((composite: SearchParameter) =>
      componentsOf(definitions, composite, of(composite.base), named),
    ),
    places: remembering((param: SearchParameter) => placesOf(definitions, param)),
  }
}

function isShared(base: readonly string[]): boolean {
  return base.includes('Resource') || base.includes('DomainResource')
}

export function parameterOf(entry: SearchParameterEntry, base: string): SearchParameter {
  const { code, type, url, expression, targets = [], components = [] } = entry
  return { code, type, url, expression, targets, components, base }
}
