/**
 * Parameters that look at the same places share the index. Observation.patient looks where Observation.subject looks,
 * and combo-code where code and component-code look: what these have in the index answers for it, so it needs no
 * entries of its own. https://hl7.org/fhir/R4/searchparameter-registry.html
 */
import type { Definitions } from '../definitions/index.ts'
import { Uncompilable } from '../path/index.ts'
import { emits } from './emit/index.ts'
import type { SearchParameter } from './parameters.ts'
import { compileRoutes, type Route, type RouteStep } from './routes.ts'

/** Whose entries answer for a parameter. */
export interface Sharing {
  /** The parameter itself, when it has entries of its own. */
  readonly sources: readonly SearchParameter[]
  /** Only references to this type: `subject.where(resolve() is Patient)`. */
  readonly only?: string
}

/** What sharing does for the kinds whose entries are one place's and no more. */
const SHARABLE: ReadonlySet<string> = new Set(['token', 'reference', 'string', 'quantity', 'date', 'number'])

/** By the code of each parameter that has no entries of its own. */
export function sharingOf(
  definitions: Definitions,
  parameters: Iterable<SearchParameter>,
): ReadonlyMap<string, Sharing> {
  const known = [...parameters]
    .filter(({ type, expression }) => SHARABLE.has(type) && expression !== undefined)
    .flatMap((param) => lookAt(definitions, param) ?? [])
  const shared = new Map<string, Sharing>()
  for (const one of known) {
    const sharing = sharingFor(one, known, shared)
    if (sharing) shared.set(one.param.code, sharing)
  }
  return new Map([...shared].map(([code, sharing]) => [code, resolved(sharing, shared)]))
}

/** A source may itself have turned out to be answered for by others. */
function resolved(sharing: Sharing, shared: ReadonlyMap<string, Sharing>): Sharing {
  const sources = sharing.sources.flatMap((source) => shared.get(source.code)?.sources ?? [source])
  return { ...sharing, sources: [...new Set(sources)] }
}

interface Look {
  readonly param: SearchParameter
  readonly places: ReadonlySet<string>
  /** What all its references must be to. */
  readonly only: string | undefined
}

function sharingFor(
  one: Look,
  known: readonly Look[],
  shared: ReadonlyMap<string, Sharing>,
): Sharing | undefined {
  const others = known.filter(
    ({ param, only }) =>
      param !== one.param && param.type === one.param.type && only === undefined && !shared.has(param.code),
  )
  const same = others.find(({ places }) => places.size === one.places.size && isWithin(places, one.places))
  if (same) return { sources: [same.param], ...(one.only !== undefined && { only: one.only }) }
  if (one.only !== undefined) return undefined
  const parts = others.filter(({ places }) => isWithin(places, one.places))
  const covered = new Set(parts.flatMap(({ places }) => [...places]))
  return covered.size === one.places.size ? { sources: parts.map(({ param }) => param) } : undefined
}

function isWithin(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return [...a].every((place) => b.has(place))
}

/** undefined: not by paths alone, or to several types at once. */
function lookAt(definitions: Definitions, param: SearchParameter): Look | undefined {
  const routes = routesOf(definitions, param)?.filter((route) => emits(param.type, route.type))
  // Bundle.composition and Bundle.message look at the same place, each for a type of its own.
  if (routes === undefined || routes.length === 0 || routes.some(({ type }) => type === 'Resource'))
    return undefined
  const types = new Set(routes.map(({ resolvesTo }) => resolvesTo))
  if (types.size > 1) return undefined
  return { param, places: new Set(routes.map(placeOf)), only: [...types][0] }
}

function routesOf(
  definitions: Definitions,
  { expression, base }: SearchParameter,
): readonly Route[] | undefined {
  try {
    return compileRoutes(definitions, expression!, base)
  } catch (error) {
    if (error instanceof Uncompilable) return undefined
    throw error
  }
}

/** A place in the JSON, and what stands there. */
export function placeOf({ steps, type }: Route): string {
  return `${steps.map(stepText).join('.')}:${type}`
}

function stepText({ name, index, filter }: RouteStep): string {
  return `${name}[${index ?? ''}]{${filter?.key ?? ''}}`
}
