/** Where a parameter's values stand, as SQL/JSON paths: for what is looked up in a resource's content and not in an index. */
import type { Definitions } from '../definitions/index.ts'
import { Uncompilable } from '../path/index.ts'
import type { SearchParameter } from './parameters.ts'
import { QUANTITIES } from './emit/quantities.ts'
import { MIME_TYPES } from './emit/tokens.ts'
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

/** The systems of units. */
const UNIT_SYSTEMS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  ...Object.fromEntries([...QUANTITIES].map((type) => [type, [['system']]])),
  Range: [
    ['low', 'system'],
    ['high', 'system'],
  ],
  SampledData: [['origin', 'system']],
}

/** A literal reference, or the canonical URL itself. */
const REFERENCES: Readonly<Record<string, readonly (readonly string[])[]>> = {
  Reference: [['reference']],
  canonical: [[]],
  uri: [[]],
  url: [[]],
}

const CANONICALS: ReadonlySet<string> = new Set(['canonical', 'uri', 'url'])

/** What a parameter's values are and where they stand; undefined: they can't be named by paths alone. */
export interface Places {
  readonly texts: readonly string[] | undefined
  /** Of a quantity's units; Money has one that is not written. */
  readonly unitSystems: readonly string[]
  readonly references: readonly string[] | undefined
  /** A reference that is a canonical URL names what it points to by `url`. */
  readonly isCanonical: boolean
  /** The parameter is of mime types, whose `:below` is of the text and not of a code system. */
  readonly isMimeType: boolean
  /** The types that `where(resolve() is Patient)` leaves of a reference's targets; undefined: all. */
  readonly resolvesTo: ReadonlySet<string> | undefined
}

export function placesOf(definitions: Definitions, param: SearchParameter): Places {
  const routes = routesOf(definitions, param)
  return {
    texts: pathsIn(routes, TEXTS),
    unitSystems: pathsIn(routes, UNIT_SYSTEMS) ?? [],
    references: pathsIn(routes, REFERENCES),
    isCanonical: routes?.some(({ type }) => CANONICALS.has(type)) ?? false,
    isMimeType: routes?.some(({ required }) => required === MIME_TYPES) ?? false,
    resolvesTo: resolvedIn(routes ?? []),
  }
}

function resolvedIn(routes: readonly Route[]): ReadonlySet<string> | undefined {
  const types = routes.map(({ resolvesTo }) => resolvesTo)
  const known = types.filter((type) => type !== undefined)
  return known.length > 0 && known.length === types.length ? new Set(known) : undefined
}

function pathsIn(
  routes: readonly Route[] | undefined,
  endings: Readonly<Record<string, readonly (readonly string[])[]>>,
): readonly string[] | undefined {
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
