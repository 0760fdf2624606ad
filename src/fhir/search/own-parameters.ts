/**
 * Search parameters of a tenant's own, beside those of R4. https://hl7.org/fhir/R4/searchparameter.html
 *
 * What R4 has under the same code stays R4's: a SearchParameter that restates one of R4's (by its url, or in
 * `derivedFrom`) is kept as a resource and changes nothing.
 */
import type { JsonObject } from '../../kernel/json.ts'
import { remembering } from '../../kernel/remembering.ts'
import type { Definitions, SearchParameterEntry } from '../definitions/index.ts'
import { componentsOf } from './components.ts'
import { parameterOf, type SearchParameter, type SearchParameters } from './parameters.ts'
import { placesOf } from './places.ts'

/** What of a SearchParameter resource matters to a search; canonicals without their versions. */
export interface OwnDefinition extends SearchParameterEntry {
  readonly derivedFrom: string | undefined
}

/** @param resource a SearchParameter that R4's own rules find right */
export function ownDefinition(resource: JsonObject): OwnDefinition {
  const { url, code, type, base, expression, target, component, derivedFrom } =
    resource as unknown as SearchParameterFields
  const components = component?.map(({ definition, ...rest }) => ({
    definition: withoutVersion(definition),
    expression: rest.expression,
  }))
  return {
    url: withoutVersion(url),
    code,
    type,
    base,
    derivedFrom: derivedFrom === undefined ? undefined : withoutVersion(derivedFrom),
    ...(expression !== undefined && { expression }),
    ...(target !== undefined && { targets: target }),
    ...(components !== undefined && { components }),
  }
}

interface SearchParameterFields extends Omit<SearchParameterEntry, 'components' | 'targets'> {
  readonly target?: readonly string[]
  readonly derivedFrom?: string
  readonly component?: readonly { readonly definition: string; readonly expression: string }[]
}

function withoutVersion(canonical: string): string {
  return canonical.split('|')[0]!
}

/** Resource types that a definition is for. AuditEvents are a view of the audit trail, which has its own parameters. */
export function typesOf(definitions: Definitions, { base }: SearchParameterEntry): readonly string[] {
  return definitions.resourceTypes.filter(
    (type) => type !== 'AuditEvent' && base.some((one) => definitions.isA(type, one)),
  )
}

/** The types where the definition makes a parameter: not where R4 has the code. */
export function ownTypesOf(
  definitions: Definitions,
  standard: SearchParameters,
  definition: SearchParameterEntry,
): readonly string[] {
  const restated = definitions.searchParameters.some(({ url }) => url === definition.url)
  if (restated) return []
  return typesOf(definitions, definition).filter((type) => !standard.of(type).has(definition.code))
}

/** @param own names the definition: two with the same name are one */
export function ownParameter(definition: SearchParameterEntry, type: string, own: string): SearchParameter {
  const parameter = parameterOf(definition, type)
  const isComposite = parameter.type === 'composite'
  return { ...parameter, own, ...(isComposite && { expression: definition.expression ?? type }) }
}

/** By resource type. */
export type OwnParameters = ReadonlyMap<string, readonly SearchParameter[]>

/** R4's parameters and these. @param former no longer in force, but composites of theirs may still name them */
export function withOwnParameters(
  definitions: Definitions,
  standard: SearchParameters,
  own: OwnParameters,
  former: OwnParameters = new Map(),
): SearchParameters {
  const byType = new Map(
    [...own].map(([type, parameters]) => [
      type,
      new Map([...standard.of(type), ...parameters.map((one) => [one.code, one] as const)]),
    ]),
  )
  const all = [...own.values(), ...former.values()].flat()
  const named = (url: string) =>
    all.find((one) => one.url === url) ?? definitions.searchParameters.find((one) => one.url === url)
  const components = remembering((composite: SearchParameter) =>
    componentsOf(definitions, composite, standard.of(composite.base), named),
  )
  const places = remembering((param: SearchParameter) => placesOf(definitions, param))
  return {
    of: (type) => byType.get(type) ?? standard.of(type),
    // Own parameters come and go, so nobody relies on their entries, nor they on others'.
    sharing: (type) => standard.sharing(type),
    components: (one) => (one.own === undefined ? standard.components(one) : components(one)),
    places: (one) => (one.own === undefined ? standard.places(one) : places(one)),
  }
}
