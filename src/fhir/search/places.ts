/** Where a parameter's values stand, as SQL/JSON paths: for what is looked up in a resource's content and not in an index. */
import type { Definitions } from '../definitions/index.ts'
import { Uncompilable } from '../path/index.ts'
import type { SearchParameter } from './parameters.ts'
import { compileRoutes, type Route, type RouteStep } from './routes.ts'

/** By FHIR type: below a value, the texts that `:text` looks at. https://hl7.org/fhir/R4/search.html#token */
const TEXTS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  CodeableConcept: [['text'], ['coding', 'display']],
  Coding: [['display']],
  Identifier: [
    ['type', 'text'],
    ['type', 'coding', 'display'],
  ],
  Reference: [['display']],
}

/** A literal reference, or the canonical URL itself. */
const REFERENCES: Readonly<Record<string, readonly (readonly string[])[]>> = {
  Reference: [['reference']],
  canonical: [[]],
  uri: [[]],
  url: [[]],
}

/** undefined: they can't be named by paths alone. */
export function textPlaces(definitions: Definitions, param: SearchParameter): readonly string[] | undefined {
  return placesOf(definitions, param, TEXTS)
}

/** undefined: they can't be named by paths alone. */
export function referencePlaces(
  definitions: Definitions,
  param: SearchParameter,
): readonly string[] | undefined {
  return placesOf(definitions, param, REFERENCES)
}

/** A reference that is a canonical URL names what it points to by `url`. */
export function isCanonical(definitions: Definitions, param: SearchParameter): boolean {
  return routesOf(definitions, param)?.some(({ type }) => type !== 'Reference') ?? false
}

function placesOf(
  definitions: Definitions,
  param: SearchParameter,
  endings: Readonly<Record<string, readonly (readonly string[])[]>>,
): readonly string[] | undefined {
  const routes = routesOf(definitions, param)
  if (routes === undefined || routes.some(({ steps }) => steps.some(isOpaque))) return undefined
  const paths = routes.flatMap((route) => (endings[route.type] ?? []).map((ending) => pathOf(route, ending)))
  return [...new Set(paths)]
}

function routesOf(definitions: Definitions, param: SearchParameter): readonly Route[] | undefined {
  try {
    return compileRoutes(definitions, param.expression ?? '', param.base)
  } catch (error) {
    if (error instanceof Uncompilable) return undefined
    throw error
  }
}

/** What `where(…)` asks for can't be said in a path. */
function isOpaque({ filter }: RouteStep): boolean {
  return filter !== undefined && filter.equals === undefined
}

/** Lax mode looks into arrays by itself. */
function pathOf({ steps }: Route, ending: readonly string[]): string {
  return `$${steps.map(partOf).join('')}${ending.map((name) => `."${name}"`).join('')}`
}

function partOf({ name, index, filter }: RouteStep): string {
  const { equals } = filter ?? {}
  const only = equals ? ` ? (@."${equals.name}" == ${JSON.stringify(equals.value)})` : ''
  return `."${name}"${index === undefined ? '' : `[${index}]`}${only}`
}
