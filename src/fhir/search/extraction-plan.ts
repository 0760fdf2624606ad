/** All search parameters of a type merged into one tree of JSON steps. */
import { evalFhirPathTyped, parseFhirPath, toTypedValue } from '@medplum/core'
import type { Definitions } from '../definitions/index.ts'
import { compilePath, Uncompilable } from '../path/index.ts'
import type { SearchParameter } from './parameters.ts'
import { compileRoutes, type Route, type RouteStep } from './routes.ts'
import { makeEmit, type Emit } from './emit/index.ts'

export interface TreeNode {
  readonly step: RouteStep
  /** The value is an object; anything else there is not what R4 has and says nothing. */
  complex: boolean
  readonly emits: Emit[]
  readonly children: TreeNode[]
}

export interface ExtractionPlan {
  readonly root: TreeNode
  /** Parameters whose expression is more than paths; they take the whole resource. */
  readonly computed: readonly Emit[]
  /** Parameters that put a resource into a Patient's compartment. https://hl7.org/fhir/R4/compartmentdefinition-patient.html */
  readonly patientParams: ReadonlySet<string>
}

export function makePlan(
  definitions: Definitions,
  parameters: ReadonlyMap<string, SearchParameter>,
  type: string,
): ExtractionPlan {
  const root = makeNode({ name: type })
  const computed: Emit[] = []
  for (const parameter of parameters.values()) {
    if (parameter.expression === undefined) continue
    try {
      for (const route of compileRoutes(definitions, parameter.expression, type)) {
        addRoute(root, route, parameter, definitions)
      }
    } catch (error) {
      if (!(error instanceof Uncompilable)) throw error
      computed.push(computedEmit(definitions, parameter, parameter.expression, type))
    }
  }
  return { root, computed, patientParams: new Set(definitions.compartments['Patient']?.[type] ?? []) }
}

function makeNode(step: RouteStep): TreeNode {
  return { step, complex: false, emits: [], children: [] }
}

function addRoute(root: TreeNode, route: Route, parameter: SearchParameter, definitions: Definitions): void {
  const emit = makeEmit(parameter.type, {
    param: parameter.code,
    type: route.type,
    resolvesTo: route.resolvesTo,
    codes: route.required === undefined ? undefined : definitions.codeSet(route.required),
  })
  if (!emit) return
  let node = root
  for (const step of route.steps) {
    let child = node.children.find((each) => sameStep(each.step, step))
    if (!child) {
      child = makeNode(step)
      node.children.push(child)
    }
    if (node !== root) node.complex = true
    node = child
  }
  if (definitions.type(route.type)?.kind !== 'primitive') node.complex = true
  node.emits.push(emit)
}

function sameStep(a: RouteStep, b: RouteStep): boolean {
  return a.name === b.name && a.index === b.index && a.filter?.key === b.filter?.key
}

/** A true or false about the resource, like `deceased`; else whatever the general evaluator finds. */
function computedEmit(
  definitions: Definitions,
  { code, type: kind }: SearchParameter,
  expression: string,
  resourceType: string,
): Emit {
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
