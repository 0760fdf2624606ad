/** What stands together in each base of a composite parameter. https://hl7.org/fhir/R4/search.html#combining */
import type { JsonObject } from '../../kernel/json.ts'
import type { Definitions } from '../definitions/index.ts'
import { type Component, rootsOf } from './components.ts'
import type { CompositeEntry, ValueEntries } from './entries.ts'
import { hasAny, noEntries } from './entries.ts'
import { makeEmit, type WalkContext } from './emit/index.ts'
import type { SearchParameter, SearchParameters } from './parameters.ts'
import { addRoute, makeNode, type TreeNode, visitChildren } from './walk.ts'

export type CompositeReader = (resource: JsonObject, context: WalkContext) => readonly CompositeEntry[]

export function makeCompositeReader(
  definitions: Definitions,
  parameters: SearchParameters,
  composite: SearchParameter,
): CompositeReader {
  const { code: param, base: type } = composite
  const bases = makeNode({ name: type })
  const roots = rootsOf(definitions, composite)
  const isRoot = roots.some(({ steps }) => steps.length === 0)
  let found: JsonObject[] = []
  for (const root of roots) {
    if (root.steps.length > 0)
      addRoute(bases, root, (value) => void found.push(value as JsonObject), definitions)
  }
  const trees = parameters.components(composite).map((component) => treesOf(definitions, component, param))

  return (resource, context) => {
    found = isRoot ? [resource] : []
    visitChildren(bases, resource, noEntries(), context)
    const standing = found
    return standing.flatMap((base) => {
      const parts: ValueEntries[] = []
      for (const { below, ofResource } of trees) {
        const entries = noEntries()
        visitChildren(below, base, entries, context)
        visitChildren(ofResource, resource, entries, context)
        if (!hasAny(entries)) return []
        parts.push(entries)
      }
      return [{ param, bases: standing.length, parts }]
    })
  }
}

interface ComponentTrees {
  readonly below: TreeNode
  readonly ofResource: TreeNode
}

function treesOf(definitions: Definitions, component: Component, param: string): ComponentTrees {
  const [below, ofResource] = [makeNode({ name: '' }), makeNode({ name: '' })]
  for (const { route, ofResource: whole } of component.routes) {
    const codes = route.required === undefined ? undefined : definitions.codeSet(route.required)
    const emit = makeEmit(component.type, { param, type: route.type, resolvesTo: route.resolvesTo, codes })
    if (emit) addRoute(whole ? ofResource : below, route, emit, definitions)
  }
  return { below, ofResource }
}
