/**
 * The elements of a StructureDefinition as a tree: its snapshot, or its differential laid over the tree of the profile
 * that it is made from. https://hl7.org/fhir/R4/profiling.html#snapshot
 */
import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { Definitions, Property } from '../definitions/index.ts'
import { cloneNode, type Discriminator, type ElementNode, makeNode, type SlicingRule } from './element.ts'
import { applyDefinition } from './read-rules.ts'

/** Deeper than any element of a resource that can be sent. */
const MAX_DEPTH = 64

interface Step {
  readonly name: string
  readonly sliceName?: string
  /** The step names a choice with its type, `valueQuantity`. */
  readonly named?: true
}

/** What goes for all elements of one StructureDefinition. */
interface Layer {
  readonly definitions: Definitions
  /** By path, the element that was said something of last: what follows below the path belongs to it. */
  readonly latest: Map<string, ElementNode>
  /** Of choices that are named with their type and sliced no other way. */
  readonly bySuffix: SlicingRule
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
  const bySuffix: SlicingRule = { discriminators: BY_TYPE, rules: 'closed', ordered: false }
  const layer: Layer = { definitions, latest: new Map(), bySuffix }
  for (const element of elements) {
    if (!isObject(element) || typeof element.path !== 'string') continue
    if (element.path.split('.').length > MAX_DEPTH) continue
    const node = placeOf(layer, root, element as JsonObject & { path: string })
    applyDefinition(node.rules, element)
  }
  return root
}

const BY_TYPE: readonly Discriminator[] = [{ type: 'type', path: '$this' }]

function placeOf(layer: Layer, root: ElementNode, element: JsonObject & { path: string }): ElementNode {
  const { definitions, latest } = layer
  const { path, id, sliceName } = element
  const [, ...names] = path.split('.')
  const slices = slicesOfId(id, names)
  let node = root
  let type: string | undefined = root.name
  let at = ''
  for (const [i, name] of names.entries()) {
    at += `.${name}`
    const isLast = i === names.length - 1
    const property: Property | undefined =
      type === undefined ? undefined : propertyOf(definitions, type, name)
    const slice = slices ? slices[i] : isLast ? textOf(sliceName) : undefined
    const before = slices || isLast ? undefined : latest.get(at)
    node = before ?? goTo(layer, node, stepOf(name, property, slice))
    type = property?.type
  }
  for (const key of latest.keys()) if (key.startsWith(`${at}.`)) latest.delete(key)
  latest.set(at, node)
  return node
}

/** In a differential a choice may be named with its type: `Observation.valueQuantity` is a slice of `value[x]`. */
function stepOf(name: string, property: Property | undefined, slice: string | undefined): Step {
  if (property && property.element !== name)
    return { name: property.element, sliceName: slice ?? name, named: true }
  return { name: withoutX(name), ...(slice !== undefined && { sliceName: slice }) }
}

/**
 * What `Patient.identifier:ins.value[x]` says beyond the path: the slice of each step. undefined when it doesn't go with
 * the path: ids need not say anything.
 */
function slicesOfId(id: Json | undefined, names: readonly string[]): (string | undefined)[] | undefined {
  if (typeof id !== 'string') return undefined
  const [, ...parts] = id.split('.')
  if (parts.length !== names.length) return undefined
  const slices: (string | undefined)[] = []
  for (const [i, part] of parts.entries()) {
    const [named, slice] = splitOnce(part, ':')
    const isType = named.endsWith('[x]') && names[i]!.startsWith(withoutX(named))
    if (named !== names[i] && !isType) return undefined
    slices.push(slice)
  }
  return slices
}

function propertyOf(definitions: Definitions, type: string, name: string): Property | undefined {
  return definitions.type(type)?.properties.get(name)
}

function goTo(layer: Layer, parent: ElementNode, step: Step): ElementNode {
  const { name, sliceName } = step
  const element = getOrMake(parent.children, name, () => makeNode(name, `${parent.id}.${name}`))
  if (sliceName === undefined) return element
  if (step.named) leaveOnly(layer, element, sliceName)
  // `a/b` is a slice of the slice `a`.
  const cut = sliceName.lastIndexOf('/')
  const owner = cut < 0 ? element : goTo(layer, parent, { name, sliceName: sliceName.slice(0, cut) })
  return getOrMake(owner.slices, sliceName, () =>
    makeNode(name, `${parent.id}.${name}:${sliceName}`, sliceName),
  )
}

/**
 * A choice that is only named with its type, `valueQuantity`, has no other: "the element is constrained to this type".
 * https://hl7.org/fhir/R4/profiling.html#slicing
 */
function leaveOnly({ definitions, bySuffix }: Layer, { name, rules }: ElementNode, sliceName: string): void {
  if (rules.slicing !== undefined && rules.slicing !== bySuffix) return
  const suffix = sliceName.slice(name.length)
  const code = definitions.type(suffix) ? suffix : suffix[0]?.toLowerCase() + suffix.slice(1)
  const others = rules.slicing === bySuffix ? (rules.types ?? []) : []
  rules.slicing = bySuffix
  if (!others.some((type) => type.code === code))
    rules.types = [...others, { code, profiles: [], targets: [] }]
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

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}
