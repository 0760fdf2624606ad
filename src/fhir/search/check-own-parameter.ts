/**
 * Whether a SearchParameter that a tenant stores can work here. https://hl7.org/fhir/R4/searchparameter.html
 *
 * Its expression is a tenant's program that runs at every write, so it may only call what ends soon whatever the
 * resource is, and gives the same for the same resource tomorrow.
 */
import { Failure } from '../../kernel/failure.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { Definitions, SearchParameterEntry } from '../definitions/index.ts'
import { namesIn, typedPath, Uncompilable } from '../path/index.ts'
import { rootsOf } from './components.ts'
import { emits } from './emit/index.ts'
import {
  type OwnDefinition,
  ownDefinition,
  ownParameter,
  ownTypesOf,
  typesOf,
  withOwnParameters,
} from './own-parameters.ts'
import type { SearchParameter, SearchParameters } from './parameters.ts'
import { compileRoutes } from './routes.ts'

export interface OwnParameterDeps {
  readonly definitions: Definitions
  readonly standard: SearchParameters
}

/** As R4 has them: a name of letters, digits and hyphens; those with an underscore in front are of all resources. */
const CODE = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/
/** R4's longest has 1,900 characters. */
const MAX_EXPRESSION = 4000
/** Of one tenant: each costs a little at every write. */
const MAX_PARAMETERS = 500

/** A SearchParameter that is going to be stored, or deleted. */
export interface OwnParameterChange {
  readonly id: string
  /** One that R4's own rules find right; undefined: it goes. */
  readonly resource: JsonObject | undefined
}

/**
 * @param inForce what the tenant has, by id
 * @param changes that happen together, so that a composite may come with its components
 * @throws Failure `invalid`/`search-definition-…`; `conflict`/`search-definition-in-use`
 */
export function checkOwnParameters(
  deps: OwnParameterDeps,
  inForce: ReadonlyMap<string, OwnDefinition>,
  changes: readonly OwnParameterChange[],
): void {
  const after = new Map(inForce)
  for (const { id, resource } of changes) {
    if (resource?.['status'] === 'active') after.set(id, ownDefinition(resource))
    else after.delete(id)
  }
  for (const { id, resource } of changes) {
    const status = resource?.['status']
    if (!resource || (status !== 'active' && status !== 'draft')) continue
    const others = [...after].filter(([other]) => other !== id).map(([, definition]) => definition)
    checkDefinition(deps, ownDefinition(resource), others)
  }
  for (const [id, { code, components = [] }] of after) {
    if (!inForce.has(id)) continue
    // What a composite has in the index was made by the types that its components had.
    const isSame = components.every(({ definition }) => {
      const [before, now] = [inForce, after].map((all) =>
        componentIn(deps.definitions, definition, [...all.values()]),
      )
      return before?.type === now?.type
    })
    if (!isSame) throw new Failure('conflict', 'search-definition-in-use', { code })
  }
}

/** A component is a parameter that is itself no composite. */
function componentIn(
  { searchParameters }: Definitions,
  url: string,
  others: readonly SearchParameterEntry[],
): SearchParameterEntry | undefined {
  const named = [...searchParameters, ...others].find((one) => one.url === url)
  return named?.type === 'composite' || named?.type === 'special' ? undefined : named
}

/** @throws Failure `invalid`/`search-definition-…` */
export function checkDefinition(
  { definitions, standard }: OwnParameterDeps,
  definition: OwnDefinition,
  others: readonly SearchParameterEntry[],
): void {
  const { code, url } = definition
  if (definition.type === 'special') throw refusal('type-special', 'type')
  if (!CODE.test(code)) throw refusal('code', 'code')
  if (typesOf(definitions, definition).length === 0) throw refusal('base', 'base')
  refuseRedefinition(definitions, standard, definition)
  const types = ownTypesOf(definitions, standard, definition)
  if (types.length === 0) return
  if (others.length >= MAX_PARAMETERS) throw refusal('too-many', undefined, { max: MAX_PARAMETERS })
  if (others.some((other) => other.url === url)) throw refusal('url-taken', 'url')
  for (const other of others) {
    if (other.code !== code) continue
    const shared = ownTypesOf(definitions, standard, other).find((each) => types.includes(each))
    if (shared !== undefined) throw refusal('code-taken', 'code', { code, type: shared })
  }
  checkExpressions({ definitions, standard }, definition, others)
}

/**
 * Whether the definition's expressions lead to something of its type.
 * @param others that its components may name
 * @throws Failure `invalid`/`search-definition-…`
 */
export function checkExpressions(
  { definitions, standard }: OwnParameterDeps,
  definition: OwnDefinition,
  others: readonly SearchParameterEntry[],
): void {
  refuseUnsafe(definition.expression, 'expression')
  const types = ownTypesOf(definitions, standard, definition)
  if (definition.type === 'composite') checkComposite({ definitions, standard }, definition, types, others)
  else for (const each of types) checkExpression(definitions, ownParameter(definition, each, ''))
}

/** R4's parameters mean what R4 says. */
function refuseRedefinition(
  definitions: Definitions,
  standard: SearchParameters,
  definition: OwnDefinition,
): void {
  const { code, type, url, derivedFrom } = definition
  const same = definitions.searchParameters.find((one) => one.url === url)
  if (same && (same.code !== code || same.type !== type))
    throw refusal('redefines', 'url', { code: same.code })
  for (const each of typesOf(definitions, definition)) {
    const known = standard.of(each).get(code)
    if (!known) continue
    if (known.url !== url && known.url !== derivedFrom)
      throw refusal('code-taken', 'code', { code, type: each })
    if (known.type !== type) throw refusal('redefines', 'type', { code })
  }
}

/**
 * Functions that take time in proportion to what they are called on, and depend on nothing else. Not `matches` (patterns
 * that never end), `select` (each in a row may double the result), sets that are compared each with each, `today`.
 */
const FUNCTIONS: ReadonlySet<string> = new Set(
  `abs all allFalse allTrue anyFalse anyTrue as ceiling coalesce combine contains convertsToBoolean convertsToDate
  convertsToDateTime convertsToDecimal convertsToInteger convertsToQuantity convertsToString count distinct empty
  endsWith exists extension first floor getValue hasValue highBoundary iif indexOf is join last length lower
  lowBoundary max min not ofType resolve round single skip split startsWith substring sum tail take toBoolean toDate
  toDateTime toDecimal toInteger toQuantity toString trim truncate union upper where`.split(/\s+/),
)

const VARIABLES: ReadonlySet<string> = new Set(['ucum', 'sct', 'loinc'])

function refuseUnsafe(expression: string | undefined, element: string, variables = VARIABLES): void {
  if (expression === undefined) return
  if (expression.length > MAX_EXPRESSION) throw refusal('expression-long', element, { max: MAX_EXPRESSION })
  const names = readNames(expression)
  if (!names) throw refusal('expression', element)
  const wrong =
    [...names.functions].find((name) => !FUNCTIONS.has(name)) ??
    [...names.variables].find((name) => !variables.has(name))
  if (wrong !== undefined) throw refusal('function', element, { name: printable(wrong) })
}

function readNames(expression: string): ReturnType<typeof namesIn> | undefined {
  try {
    return namesIn(expression)
  } catch {
    return undefined
  }
}

function checkExpression(definitions: Definitions, { expression, type, base }: SearchParameter): void {
  if (expression === undefined) throw refusal('expression-missing', 'expression')
  const routes = routesIn(definitions, expression, base)
  if (routes === undefined) return checkEvaluation(expression, base)
  if (routes.length === 0) throw refusal('nowhere', 'expression', { type: base })
  if (!routes.some((route) => emits(type, route.type))) throw refusal('kind', 'type', { type })
}

/** undefined: it is more than paths. */
function routesIn(definitions: Definitions, expression: string, type: string) {
  try {
    return compileRoutes(definitions, expression, type)
  } catch (error) {
    if (error instanceof Uncompilable) return undefined
    // One parser may not read what the other did.
    return undefined
  }
}

/** What the expression gives is known with each resource only; that it can be asked is known now. */
function checkEvaluation(expression: string, type: string): void {
  try {
    typedPath(expression, type)({ resourceType: type })
  } catch {
    throw refusal('expression', 'expression')
  }
}

function checkComposite(
  { definitions, standard }: OwnParameterDeps,
  definition: OwnDefinition,
  types: readonly string[],
  others: readonly SearchParameterEntry[],
): void {
  const { components = [] } = definition
  if (components.length === 0) throw refusal('components', 'component')
  for (const [i, component] of components.entries()) {
    const element = `component[${i}]`
    if (!componentIn(definitions, component.definition, others))
      throw refusal('component-unknown', `${element}.definition`)
    refuseUnsafe(component.expression, `${element}.expression`, COMPONENT_VARIABLES)
  }
  const own = new Map(types.map((type) => [type, [ownParameter(definition, type, '')]]))
  const names = new Map([['', others.map((other) => ownParameter(other, '', ''))]])
  const parameters = withOwnParameters(definitions, standard, own, names)
  for (const [parameter] of own.values()) {
    if (rootsIn(definitions, parameter!).length === 0)
      throw refusal('nowhere', 'expression', { type: parameter!.base })
    const wrong = componentsIn(parameters, parameter!).findIndex(({ routes }) => routes.length === 0)
    if (wrong >= 0) throw refusal('component', `component[${wrong}].expression`)
  }
}

const COMPONENT_VARIABLES: ReadonlySet<string> = new Set([...VARIABLES, 'resource'])

/** What stands together must be found by paths: https://hl7.org/fhir/R4/search.html#combining */
function rootsIn(definitions: Definitions, parameter: SearchParameter) {
  try {
    return rootsOf(definitions, parameter)
  } catch {
    throw refusal('composite-path', 'expression')
  }
}

function componentsIn(parameters: SearchParameters, parameter: SearchParameter) {
  try {
    return parameters.components(parameter)
  } catch {
    throw refusal('composite-path', 'component')
  }
}

/** @param element of the SearchParameter */
function refusal(
  code: string,
  element: string | undefined,
  params: Readonly<Record<string, string | number>> = {},
): Failure {
  const expression = element === undefined ? ['SearchParameter'] : [`SearchParameter.${element}`]
  return new Failure('invalid', `search-definition-${code}`, params, { expression })
}

function printable(name: string): string {
  return /^[A-Za-z]\w{0,40}$/.test(name) ? name : '?'
}
