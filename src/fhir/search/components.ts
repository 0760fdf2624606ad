/**
 * The components of a composite parameter. https://hl7.org/fhir/R4/search.html#combining
 *
 * Nearly always another parameter of the type looks at just the places that a component looks at: `code` and
 * `value-quantity` are the components of `code-value-quantity`. A resource where the composite's base stands once meets
 * the composite when it meets these; only where it stands several times (the components of a blood pressure) does the
 * index need to know what stands together.
 */
import type { Definitions, SearchParameterEntry, SearchParameterType } from '../definitions/index.ts'
import { emits } from './emit/index.ts'
import type { SearchParameter } from './parameters.ts'
import { Uncompilable } from '../path/index.ts'
import { compileRoutes, type Route } from './routes.ts'
import { placeOf } from './sharing.ts'

export interface Component {
  readonly type: SearchParameterType
  readonly targets: readonly string[]
  /** Below the composite's base, or of the whole resource. */
  readonly routes: readonly { readonly route: Route; readonly ofResource: boolean }[]
  /** The parameter that finds what meets the component; undefined: none does. */
  readonly cover: SearchParameter | undefined
}

const OF_RESOURCE = '%resource.'

export function componentsOf(
  definitions: Definitions,
  composite: SearchParameter,
  siblings: ReadonlyMap<string, SearchParameter>,
  parameterNamed: (url: string) => Pick<SearchParameterEntry, 'type' | 'targets'> | undefined,
): readonly Component[] {
  const { base } = composite
  const roots = rootsOf(definitions, composite)
  const parts = composite.components.map(({ definition, expression }): Part => {
    const ofResource = expression.startsWith(OF_RESOURCE)
    const below = ofResource
      ? compileRoutes(definitions, `${base}.${expression.slice(OF_RESOURCE.length)}`, base)
      : distinctTypes(roots).flatMap((type) => compileRoutes(definitions, expression, type))
    return { named: parameterNamed(definition), ofResource, below }
  })
  return withOwnPlaces(parts).map(({ named, ofResource, below }, i) => {
    const type = kindFor(kindOf({ named }), below)
    const routes = below.filter((route) => emits(type, route.type)).map((route) => ({ route, ofResource }))
    const places = ofResource
      ? routes.map(({ route }) => placeOf(route))
      : roots.flatMap((root) => routes.map(({ route }) => placeOf(joined(root, route))))
    const known = coverOf(definitions, siblings, type, places)
    if (known || composite.own === undefined)
      return { type, targets: known?.targets ?? [], routes, cover: known }
    const targets = named?.targets ?? []
    return { type, targets, routes, cover: { ...composite, code: coverCode(composite, i), type, targets } }
  })
}

interface Part {
  readonly named: Pick<SearchParameterEntry, 'type' | 'targets'> | undefined
  readonly ofResource: boolean
  readonly below: readonly Route[]
}

function kindOf({ named }: Pick<Part, 'named'>): SearchParameterType {
  return named?.type ?? 'token'
}

/**
 * "The matching parameter of each component … is documented in the definition of the parameter": its order counts. Where
 * the expressions stand in another one (DocumentReference.relationship), each component takes the place that it can read.
 */
function withOwnPlaces(parts: readonly Part[]): readonly Part[] {
  const reads = (part: Part, { below }: Part) => below.some((route) => emits(kindOf(part), route.type))
  return parts.map((part) => {
    if (reads(part, part)) return part
    const other = parts.find((one) => reads(part, one) && !reads(one, one))
    return other ? { ...other, named: part.named } : part
  })
}

/**
 * A component of a tenant's own composite that R4 has no parameter for is in the index under this name, which nobody can
 * ask for. Not under another parameter of the tenant's: that one may go away.
 */
export function coverCode({ code }: SearchParameter, component: number): string {
  return `${code}$${component}`
}

/** Where a component's values stand in the resource. */
export function wholeRoutes(
  definitions: Definitions,
  composite: SearchParameter,
  { routes }: Component,
): readonly Route[] {
  const roots = rootsOf(definitions, composite)
  return routes.flatMap(({ route, ofResource }) =>
    ofResource ? [route] : roots.map((root) => joined(root, route)),
  )
}

/** Where a composite's base stands. */
export function rootsOf(definitions: Definitions, { expression, base }: SearchParameter): readonly Route[] {
  return compileRoutes(definitions, expression ?? base, base)
}

/** What R4 says of a component's kind, unless its values can't be of it. */
function kindFor(named: SearchParameterType, routes: readonly Route[]): SearchParameterType {
  if (routes.some((route) => emits(named, route.type))) {
    const references = routes.every(({ type }) => type === 'Reference')
    return references ? 'reference' : named
  }
  const kinds = ['token', 'reference', 'quantity', 'number', 'date', 'string', 'uri'] as const
  return kinds.find((kind) => routes.some((route) => emits(kind, route.type))) ?? named
}

/**
 * The parameter that looks at these places and at the fewest others. Others there are in value-quantity, which looks at
 * samples beside quantities: then a sample meets the composite as well.
 */
function coverOf(
  definitions: Definitions,
  siblings: ReadonlyMap<string, SearchParameter>,
  type: SearchParameterType,
  places: readonly string[],
): SearchParameter | undefined {
  let best: SearchParameter | undefined
  let fewest = Infinity
  for (const one of siblings.values()) {
    if (one.type !== type || one.expression === undefined) continue
    const own = placesOf(definitions, one)
    if (own.size < fewest && places.length > 0 && places.every((place) => own.has(place))) {
      best = one
      fewest = own.size
    }
  }
  return best
}

/** None, when its expression is more than paths. */
function placesOf(
  definitions: Definitions,
  { expression, base, type }: SearchParameter,
): ReadonlySet<string> {
  try {
    const routes = compileRoutes(definitions, expression!, base)
    return new Set(routes.filter((route) => emits(type, route.type)).map(placeOf))
  } catch (error) {
    if (error instanceof Uncompilable) return new Set()
    throw error
  }
}

function joined(root: Route, route: Route): Route {
  return { ...route, steps: [...root.steps, ...route.steps] }
}

function distinctTypes(roots: readonly Route[]): string[] {
  return [...new Set(roots.map(({ type }) => type))]
}
