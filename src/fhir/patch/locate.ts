/**
 * Where in a resource the elements are that a FHIRPath selects. fhirpath.js keeps with each node the way to it.
 * https://hl7.org/fhir/R4/fhirpatch.html, https://hl7.org/fhirpath/N1/
 */
import fhirpath, { type ResourceNode } from 'fhirpath'
import r4 from 'fhirpath/fhir-context/r4'

import { Failure } from '../../kernel/failure.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { inside, type Place, read, type Step } from './element.ts'

/** No path that somebody wrote is longer. */
const MAX_EXPRESSION = 2000

/**
 * The places of what the expression selects, in its order.
 * @throws Failure `invalid`/`patch-expression` when it is no FHIRPath, or selects what isn't an element of the resource
 */
export function locate(resource: JsonObject, expression: string): Place[] {
  return evaluate(resource, expression).map((node) => {
    const steps = isNode(node) ? stepsTo(node, resource) : undefined
    if (steps === undefined) throw noPath()
    return steps
  })
}

function noPath(): Failure {
  return new Failure('invalid', 'patch-expression')
}

function evaluate(resource: JsonObject, expression: string): readonly unknown[] {
  if (expression.length > MAX_EXPRESSION) throw noPath()
  try {
    return fhirpath.evaluate(
      resource,
      withDelimitedDiv(expression),
      { resource, rootResource: resource },
      r4,
      {
        async: false,
        resolveInternalTypes: false,
        // trace() would print what it is given.
        traceFn: () => {},
        userInvocationTable: {
          resolve: { fn: resolveContained, arity: { 0: [] }, internalStructures: true },
        },
      },
    )
  } catch {
    // What it says may quote the resource.
    throw noPath()
  }
}

/** Narratives have a `div`, which is an operator of FHIRPath; HL7's own patches write `Patient.text.div` all the same. */
function withDelimitedDiv(expression: string): string {
  const literalOrDiv = /'(?:\\.|[^'])*'|`[^`]*`|\.div\b/g
  return expression.replaceAll(literalOrDiv, (found) => (found === '.div' ? '.`div`' : found))
}

function isNode(value: unknown): value is ResourceNode {
  return typeof value === 'object' && value !== null && 'parentResNode' in value
}

/** "resolve() SHALL only be used to refer to contained resource within the resource being patched" */
function resolveContained(nodes: readonly ResourceNode[]): ResourceNode[] {
  return nodes.flatMap((node) => {
    const target: unknown = typeof node.data === 'string' ? node.data : node.data?.reference
    if (typeof target !== 'string' || !target.startsWith('#')) return []
    const root = rootOf(node)
    if (target === '#') return [root]
    const contained = fhirpath.util['makeChildResNodes'](root.ctx, root, 'contained', r4) as ResourceNode[]
    return contained.filter(({ data }) => data?.id === target.slice(1))
  })
}

function rootOf(node: ResourceNode): ResourceNode & { ctx?: unknown } {
  let root = node
  while (root.parentResNode) root = root.parentResNode
  return root
}

/** undefined: the node is of another tree, one that the expression made. */
function stepsTo(node: ResourceNode, resource: JsonObject): Place | undefined {
  const chain: ResourceNode[] = []
  for (let at = node; at.parentResNode; at = at.parentResNode) chain.unshift(at)
  if (rootOf(node).data !== resource) return undefined
  let owner = resource
  const steps: Step[] = []
  for (const each of chain) {
    const name = jsonName(owner, each)
    if (name === undefined) return undefined
    const step = { name, index: each.index ?? undefined }
    steps.push(step)
    owner = inside(read(owner, step))
  }
  return steps
}

/** `value` of an Observation with a Quantity stands under `valueQuantity`. */
function jsonName(owner: JsonObject, { propName, fhirNodeDataType }: ResourceNode): string | undefined {
  if (propName === undefined || propName === null) return undefined
  const has = (name: string) => Object.hasOwn(owner, name) || Object.hasOwn(owner, `_${name}`)
  if (has(propName)) return propName
  const type = fhirNodeDataType ?? ''
  const branch = `${propName}${type.slice(0, 1).toUpperCase()}${type.slice(1)}`
  return has(branch) ? branch : undefined
}
