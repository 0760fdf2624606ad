/** A tree of JSON steps, and the walk of a resource along it. */
import type { JsonObject } from '../../kernel/json.ts'
import type { Definitions } from '../definitions/index.ts'
import type { Emit, WalkContext } from './emit/index.ts'
import type { ValueEntries } from './entries.ts'
import type { Route, RouteStep } from './routes.ts'

export interface TreeNode {
  readonly step: RouteStep
  /** The value is an object; anything else there is not what R4 has and says nothing. */
  complex: boolean
  readonly emits: Emit[]
  readonly children: TreeNode[]
}

export function makeNode(step: RouteStep): TreeNode {
  return { step, complex: false, emits: [], children: [] }
}

/** Adds a route below `root`, with what its values say. */
export function addRoute(root: TreeNode, route: Route, emit: Emit, definitions: Definitions): void {
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

export function visitChildren(
  node: TreeNode,
  owner: JsonObject,
  into: ValueEntries,
  context: WalkContext,
): void {
  for (const child of node.children) {
    const value = owner[child.step.name]
    if (value === undefined || value === null) continue
    const { index } = child.step
    if (!Array.isArray(value)) {
      if (index === undefined || index === 0) visit(child, value, into, context)
    } else if (index === undefined) {
      for (const item of value) visit(child, item, into, context)
    } else if (index < value.length) {
      visit(child, value[index], into, context)
    }
  }
}

function visit(node: TreeNode, value: unknown, into: ValueEntries, context: WalkContext): void {
  if (value === null) return
  if (node.step.filter && !node.step.filter.test(value)) return
  if (node.complex && (typeof value !== 'object' || Array.isArray(value))) return
  for (const emit of node.emits) emit(value, into, context)
  if (node.children.length > 0) visitChildren(node, value as JsonObject, into, context)
}
