/**
 * The elements of a StructureDefinition as a tree: its snapshot, or its differential laid over the tree of the profile
 * that it is made from. https://hl7.org/fhir/R4/profiling.html#snapshot
 */
import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { Definitions, Property } from '../definitions/index.ts'
import { cloneNode, type ElementNode, makeNode } from './element.ts'
import { applyDefinition } from './read-rules.ts'

/** Deeper than any element of a resource that can be sent. */
const MAX_DEPTH = 64

interface Step {
  readonly name: string
  readonly sliceName?: string
}

/**
 * @param elements of a snapshot or differential
 * @param base what a differential is laid over; left out for a snapshot and where R4 itself is the base
 */
export function elementTree(
  definitions: Definitions,
  type: string,
  elements: readonly Json[],
  base?: ElementNode,
): ElementNode {
  const root = base ? cloneNode(base) : makeNode(type, type)
  // By path, the element that was said something of last: what follows below the path belongs to it.
  const latest = new Map<string, ElementNode>()
  for (const element of elements) {
    if (!isObject(element) || typeof element.path !== 'string') continue
    if (element.path.split('.').length > MAX_DEPTH) continue
    const node = placeOf(definitions, root, element as JsonObject & { path: string }, latest)
    applyDefinition(node.rules, element)
  }
  return root
}

function placeOf(
  definitions: Definitions,
  root: ElementNode,
  element: JsonObject & { path: string },
  latest: Map<string, ElementNode>,
): ElementNode {
  const { path, id, sliceName } = element
  const steps = stepsOfId(id, path)
  if (steps) return steps.reduce(goTo, root)
  const [, ...names] = path.split('.')
  let node = root
  let type: string | undefined = root.name
  let at = ''
  for (const [i, name] of names.entries()) {
    at += `.${name}`
    const isLast = i === names.length - 1
    const property: Property | undefined = propertyNamed(definitions, type, name)
    const step = {
      name: property?.element ?? withoutX(name),
      ...sliceOf(property, name, isLast ? sliceName : undefined),
    }
    node = (isLast ? undefined : latest.get(at)) ?? goTo(node, step)
    type = property?.type
  }
  for (const key of latest.keys()) if (key.startsWith(`${at}.`)) latest.delete(key)
  latest.set(at, node)
  return node
}

/** `Patient.identifier:ins.value[x]`, when it says the same as the path and more; ids need not. */
function stepsOfId(id: Json | undefined, path: string): Step[] | undefined {
  if (typeof id !== 'string') return undefined
  const [, ...parts] = id.split('.')
  const [, ...names] = path.split('.')
  if (parts.length !== names.length) return undefined
  const steps: Step[] = []
  for (const [i, part] of parts.entries()) {
    const name = names[i]!
    const [named, sliceName] = splitOnce(part, ':')
    if (named === name) steps.push({ name: withoutX(name), ...(sliceName !== undefined && { sliceName }) })
    else if (named.endsWith('[x]') && name.startsWith(withoutX(named)))
      steps.push({ name: withoutX(named), sliceName: sliceName ?? name })
    else return undefined
  }
  return steps
}

function propertyNamed(
  definitions: Definitions,
  type: string | undefined,
  name: string,
): Property | undefined {
  const properties = type === undefined ? undefined : definitions.type(type)?.properties
  return properties?.get(name)
}

/** In a differential a choice may be named with its type: `Observation.valueQuantity` is a slice of `value[x]`. */
function sliceOf(
  property: Property | undefined,
  name: string,
  sliceName: Json | undefined,
): { sliceName?: string } {
  if (property && property.element !== name) return { sliceName: name }
  return typeof sliceName === 'string' ? { sliceName } : {}
}

function goTo(parent: ElementNode, { name, sliceName }: Step): ElementNode {
  const element = getOrMake(parent.children, name, () => makeNode(name, `${parent.id}.${name}`))
  if (sliceName === undefined) return element
  // `a/b` is a slice of the slice `a`.
  const cut = sliceName.lastIndexOf('/')
  const owner = cut < 0 ? element : goTo(parent, { name, sliceName: sliceName.slice(0, cut) })
  return getOrMake(owner.slices, sliceName, () =>
    makeNode(name, `${parent.id}.${name}:${sliceName}`, sliceName),
  )
}

function getOrMake<V>(map: Map<string, V>, key: string, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}

function withoutX(name: string): string {
  return name.endsWith('[x]') ? name.slice(0, -3) : name
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}
