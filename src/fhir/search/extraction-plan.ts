/** All search parameters of a type merged into one tree of JSON steps. */
import { evalFhirPathTyped, parseFhirPath, toTypedValue } from '@medplum/core'
import type { JsonObject } from '../../kernel/json.ts'
import type { Definitions, SearchParameterType } from '../definitions/index.ts'
import { compilePath, typedPath, type TypedValue, Uncompilable } from '../path/index.ts'
import { coverCode, wholeRoutes } from './components.ts'
import { type CompositeReader, makeCompositeReader } from './composites.ts'
import type { SearchParameter, SearchParameters } from './parameters.ts'
import { compileRoutes, type Route } from './routes.ts'
import { hasContent, makeEmit, type Emit } from './emit/index.ts'
import { addRoute as addTo, makeNode, type TreeNode } from './walk.ts'

export interface ExtractionPlan {
  readonly root: TreeNode
  /** Parameters whose expression is more than paths; they take the whole resource. */
  readonly computed: readonly Emit[]
  readonly composites: readonly CompositeReader[]
  /** Parameters that put a resource into a Patient's compartment. https://hl7.org/fhir/R4/compartmentdefinition-patient.html */
  readonly patientParams: ReadonlySet<string>
}

export function makePlan(
  definitions: Definitions,
  parameters: SearchParameters,
  type: string,
  of: Iterable<SearchParameter> = parameters.of(type).values(),
): ExtractionPlan {
  const root = makeNode({ name: type })
  const computed: Emit[] = []
  const composites: CompositeReader[] = []
  for (const parameter of of) {
    if (parameter.expression === undefined) continue
    if (parameter.type === 'composite') {
      composites.push(makeCompositeReader(definitions, parameters, parameter))
      for (const { param, routes } of coversOf(definitions, parameters, parameter))
        for (const route of routes) addRoute(root, route, param, definitions)
      continue
    }
    try {
      for (const route of compileRoutes(definitions, parameter.expression, type)) {
        addRoute(root, route, parameter, definitions)
      }
    } catch (error) {
      if (!(error instanceof Uncompilable)) throw error
      computed.push(computedEmit(definitions, parameter, parameter.expression, type))
    }
  }
  return {
    root,
    computed,
    composites,
    patientParams: new Set(definitions.compartments['Patient']?.[type] ?? []),
  }
}

/** The components that only the composite itself has in the index. */
function coversOf(definitions: Definitions, parameters: SearchParameters, composite: SearchParameter) {
  return parameters.components(composite).flatMap((component, i) => {
    const { cover } = component
    return cover?.code === coverCode(composite, i)
      ? [{ param: cover, routes: wholeRoutes(definitions, composite, component) }]
      : []
  })
}

function addRoute(root: TreeNode, route: Route, parameter: SearchParameter, definitions: Definitions): void {
  const emit = makeEmit(parameter.type, {
    param: parameter.code,
    type: route.type,
    element: route.steps.at(-1)?.name,
    targets: parameter.targets,
    resolvesTo: route.resolvesTo,
    codes: route.required === undefined ? undefined : definitions.codeSet(route.required),
    required: route.required,
  })
  if (!emit) return
  addTo(root, route, parameter.type === 'reference' ? emit : marking(parameter.code, emit), definitions)
}

/** References know by themselves whether they are of the parameter. */
function marking(param: string, emit: Emit): Emit {
  return (value, into, context) => {
    if (hasContent(value)) into.present.add(param)
    emit(value, into, context)
  }
}

/** A true or false about the resource, like `deceased`; else whatever the general evaluator finds. */
function computedEmit(
  definitions: Definitions,
  { code, type: kind, own }: SearchParameter,
  expression: string,
  resourceType: string,
): Emit {
  if (own !== undefined) return engineEmit(definitions, code, kind, typedPath(expression, resourceType))
  const specOf = (type: string) => ({ param: code, type, resolvesTo: undefined, codes: undefined })
  const emitBoolean = makeEmit(kind, specOf('boolean'))
  if (emitBoolean) {
    try {
      const run = compilePath(definitions, expression, [resourceType])
      return (resource, into, context) => {
        for (const value of run([resource], { resource, rootResource: resource })) {
          if (typeof value === 'boolean') emitBoolean(value, into, context)
        }
      }
    } catch (error) {
      if (!(error instanceof Uncompilable)) throw error
    }
  }
  const parsed = parseFhirPath(expression)
  return (resource, into, context) => {
    for (const { type, value } of evalFhirPathTyped(parsed, [toTypedValue(resource)])) {
      makeEmit(kind, specOf(type))?.(value, into, context)
    }
  }
}

/** A tenant's expression may fail on a resource (`single()` of several): then the resource has no value for it. */
function engineEmit(
  definitions: Definitions,
  param: string,
  kind: SearchParameterType,
  valuesOf: ReturnType<typeof typedPath>,
): Emit {
  const emits = new Map<string, Emit | undefined>()
  const emitOf = (type: string) => {
    if (!emits.has(type))
      emits.set(type, makeEmit(kind, { param, type, resolvesTo: undefined, codes: undefined }))
    return emits.get(type)
  }
  return (resource, into, context) => {
    for (const { type, value } of valuesOrNone(valuesOf, resource as JsonObject)) {
      // A primitive without a value, which only has extensions, says nothing.
      const isPrimitive = definitions.type(type)?.kind === 'primitive'
      if (value !== null && isPrimitive === (typeof value !== 'object')) emitOf(type)?.(value, into, context)
    }
  }
}

function valuesOrNone(valuesOf: ReturnType<typeof typedPath>, resource: JsonObject): readonly TypedValue[] {
  try {
    return valuesOf(resource)
  } catch {
    return []
  }
}
