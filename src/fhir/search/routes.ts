/**
 * A search parameter's expression as routes: the JSON steps from a resource to each place where its values stand, with
 * the FHIR type they have there. A choice is one route for each type. https://hl7.org/fhir/R4/searchparameter-definitions.html
 */
import {
  DotAtom,
  FhirPathAtom,
  FunctionAtom,
  IndexerAtom,
  InfixOperatorAtom,
  LiteralAtom,
  parseFhirPath,
  SymbolAtom,
  type Atom,
} from '@medplum/core'
import type { JsonObject } from '../../kernel/json.ts'
import type { Definitions } from '../definitions/index.ts'
import { compileCriteria, Uncompilable } from '../path/index.ts'

export interface RouteStep {
  /** JSON property. */
  readonly name: string
  /** Only this item of an array. */
  readonly index?: number
  /** Only items that meet `where(…)`. */
  readonly filter?: StepFilter
  /** There may be several. */
  readonly many?: boolean
}

interface StepFilter {
  /** Its text. */
  readonly key: string
  test(item: unknown): boolean
  /** When it asks for no more than that an element has this text. */
  readonly equals?: { readonly name: string; readonly value: string }
}

export interface Route {
  readonly steps: readonly RouteStep[]
  /** FHIR type of the values. */
  readonly type: string
  /** `where(resolve() is Patient)`: only references to this type. */
  readonly resolvesTo?: string
  /** Value set of a required binding, which gives a `code` its system. */
  readonly required?: string
}

/**
 * The routes of an expression in one resource type; alternatives for other types are left out.
 * @throws Uncompilable when the expression is not only paths
 */
export function compileRoutes(
  definitions: Definitions,
  expression: string,
  resourceType: string,
): readonly Route[] {
  return routesOf(parseFhirPath(expression), [{ steps: [], type: resourceType }], definitions)
}

function routesOf(atom: Atom, from: readonly Route[], definitions: Definitions): readonly Route[] {
  if (atom instanceof FhirPathAtom) return routesOf(atom.child, from, definitions)
  if (atom instanceof SymbolAtom) return symbol(atom.name, from, definitions)
  if (atom instanceof DotAtom)
    return routesOf(atom.right, routesOf(atom.left, from, definitions), definitions)
  if (atom instanceof FunctionAtom) return call(atom, from, definitions)
  if (atom instanceof IndexerAtom) {
    return pick(routesOf(atom.left, from, definitions), numberIn(atom.expr))
  }
  if (atom instanceof InfixOperatorAtom) {
    const left = routesOf(atom.left, from, definitions)
    if (atom.operator === '|') return [...left, ...routesOf(atom.right, from, definitions)]
    if (atom.operator === 'as' && atom.right instanceof SymbolAtom) return ofType(left, atom.right.name)
  }
  throw new Uncompilable('not a path')
}

function symbol(name: string, from: readonly Route[], definitions: Definitions): readonly Route[] {
  if (name.startsWith('%') || name.startsWith('$')) throw new Uncompilable(name)
  // An expression starts with a type's name: Patient.name, Resource.meta; those of other types don't apply here.
  const isRoot = from.length === 1 && from[0]!.steps.length === 0
  if (isRoot && /^[A-Z]/.test(name)) return definitions.isA(from[0]!.type, name) ? from : []
  return from.flatMap((route) => extend(route, name, definitions))
}

function extend(route: Route, name: string, definitions: Definitions): Route[] {
  const owner = definitions.type(route.type)
  const steps = owner?.kind === 'primitive' ? besidePrimitive(route) : route.steps
  return [...(owner?.properties.values() ?? [])]
    .filter((property) => property.element === name)
    .map((property) => ({
      steps: [...steps, { name: property.name, many: property.many }],
      type: property.type,
      ...(property.entry.required && { required: property.entry.required }),
    }))
}

/** Id and extensions of `birthDate` stand in `_birthDate`. https://hl7.org/fhir/R4/json.html#primitive */
function besidePrimitive({ steps }: Route): readonly RouteStep[] {
  const last = steps.at(-1)
  if (!last || last.filter) throw new Uncompilable('element of a primitive')
  return [...steps.slice(0, -1), { ...last, name: `_${last.name}` }]
}

function call(atom: FunctionAtom, from: readonly Route[], definitions: Definitions): readonly Route[] {
  const { name, args } = atom
  const [argument] = args
  if (name === 'first' && args.length === 0) return pick(from, 0)
  if ((name === 'as' || name === 'ofType') && argument instanceof SymbolAtom) {
    return ofType(from, argument.name)
  }
  if (name === 'where' && argument) {
    const target = resolvedType(argument)
    if (target) return from.map((route) => ({ ...route, resolvesTo: target }))
    return from.map((route) => where(route, argument, definitions))
  }
  if (name === 'extension' && argument instanceof LiteralAtom) {
    const filter = equality('url', String(argument.value.value))
    return from
      .flatMap((route) => extend(route, 'extension', definitions))
      .map(({ steps, type }) => ({ steps: [...steps.slice(0, -1), { ...steps.at(-1)!, filter }], type }))
  }
  throw new Uncompilable(name)
}

/** `resolve() is Patient`, which says what a reference points to. */
function resolvedType(atom: Atom): string | undefined {
  if (!(atom instanceof InfixOperatorAtom) || atom.operator !== 'is') return undefined
  const { left, right } = atom
  const resolves = left instanceof FunctionAtom && left.name === 'resolve'
  return resolves && right instanceof SymbolAtom ? right.name : undefined
}

function where(route: Route, criteria: Atom, definitions: Definitions): Route {
  const test = compileCriteria(definitions, criteria, route.type)
  const last = route.steps.at(-1)
  if (!last || last.filter || last.index !== undefined) throw new Uncompilable('where')
  const filter = equalityIn(route.type, criteria, definitions) ?? { key: String(criteria), test }
  return { ...route, steps: [...route.steps.slice(0, -1), { ...last, filter }] }
}

function equality(name: string, value: string): StepFilter {
  return {
    key: `${name} = ${JSON.stringify(value)}`,
    test: (item) => (item as JsonObject | null)?.[name] === value,
    equals: { name, value },
  }
}

/** `url = 'http://…'`, of an element that is one text. */
function equalityIn(type: string, criteria: Atom, definitions: Definitions): StepFilter | undefined {
  if (!(criteria instanceof InfixOperatorAtom) || criteria.operator !== '=') return undefined
  const { left, right } = criteria
  if (!(left instanceof SymbolAtom) || !(right instanceof LiteralAtom)) return undefined
  const property = definitions.type(type)?.properties.get(left.name)
  const value: unknown = right.value.value
  return property?.primitive && !property.many && typeof value === 'string'
    ? equality(left.name, value)
    : undefined
}

/** The branch of a choice with just this type: `source as uri` does not mean the canonical. */
function ofType(routes: readonly Route[], type: string): readonly Route[] {
  return routes.filter((route) => route.type === type)
}

/** One of all, which is one of an array only where no step before leads to several. */
function pick(routes: readonly Route[], index: number): readonly Route[] {
  return routes.map((route) => {
    const last = route.steps.at(-1)
    const before = route.steps.slice(0, -1)
    const several = before.some((step) => step.many && step.index === undefined)
    if (!last || several || last.filter || last.index !== undefined) throw new Uncompilable('index')
    return { ...route, steps: [...before, { ...last, index }] }
  })
}

function numberIn(atom: Atom): number {
  const value: unknown = atom instanceof LiteralAtom ? atom.value.value : undefined
  if (typeof value !== 'number') throw new Uncompilable('index')
  return value
}
