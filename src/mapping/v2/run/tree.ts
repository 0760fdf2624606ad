/**
 * The resources while they are built: objects whose list items have keys, so that rows about the same item meet in it,
 * and whose leaves are JSON text (a decimal keeps its digits) with the row that wrote them.
 */
import type { Step } from '../compile/resolve.ts'
import type { Why } from './trace.ts'

export interface Leaf {
  readonly kind: 'leaf'
  /** JSON text; undefined: only extensions so far. */
  json: string | undefined
  row: string
  /** A constant that stands beside a value: not worth an element of its own. */
  weak: boolean
  /** A constant of the table: no message said it. */
  constant: boolean
  fallback: boolean
  extensions: Obj | undefined
  /** Only where a trace is asked for. */
  why?: Why | undefined
}

export interface Obj {
  readonly kind: 'object'
  readonly fields: Map<string, Field>
  /** Data type or path of the backbone element; '' where no rule named it. */
  type: string
  /** Of a reference: the resource that it refers to. */
  resource: ResourceNode | undefined
  /** The reference was set by the message table: it says how things hang together, not that there is something. */
  linked: boolean
  /** Of a reference, only where a trace is asked for. */
  why?: Why | undefined
}

export interface Field {
  readonly list: boolean
  /** The choice that it is one of. */
  readonly choice: string | undefined
  readonly items: Map<string, Leaf | Obj>
}

export interface ResourceNode {
  readonly type: string
  readonly root: Obj
}

export function makeObject(type = ''): Obj {
  return { kind: 'object', fields: new Map(), type, resource: undefined, linked: false }
}

export function makeResource(type: string): ResourceNode {
  return { type, root: makeObject(type) }
}

/** Where an item stands, to reach what stands beside it. */
export interface Slot {
  readonly parent: Obj
  readonly name: string
  readonly list: boolean
  readonly primitive: boolean
  readonly key: string
  readonly type?: string
  readonly choice?: string | undefined
}

export function fieldOf(parent: Obj, name: string, list: boolean, choice?: string): Field {
  const known = parent.fields.get(name)
  if (known) return known
  const field: Field = { list, choice, items: new Map() }
  parent.fields.set(name, field)
  return field
}

export function objectAt({ parent, name, list, key, type, choice }: Slot): Obj {
  const { items } = fieldOf(parent, name, list, choice)
  const known = items.get(key)
  if (known?.kind === 'object') return known
  const made = makeObject(type)
  items.set(key, made)
  return made
}

export function leafAt({ parent, name, list, key, choice }: Slot): Leaf {
  const { items } = fieldOf(parent, name, list, choice)
  const known = items.get(key)
  if (known?.kind === 'leaf') return known
  const made: Leaf = {
    kind: 'leaf',
    json: undefined,
    row: '',
    weak: true,
    constant: true,
    fallback: false,
    extensions: undefined,
  }
  items.set(key, made)
  return made
}

/** The slot of one step; `key` tells the items of a list apart. */
export function slotOf(parent: Obj, step: Step, key: string): Slot {
  return {
    parent,
    name: step.name,
    list: step.list,
    primitive: step.primitive,
    type: step.type,
    choice: step.choice,
    key: step.list ? key : '',
  }
}

/** The text of a leaf at a path of singular elements or first items: `code.coding.code`. */
export function textAt(from: Obj, path: string): string | undefined {
  let at: Obj | Leaf | undefined = from
  for (const name of path.includes('.') ? path.split('.') : [path]) {
    if (at?.kind !== 'object') return undefined
    at = at.fields.get(name)?.items.values().next().value
  }
  return at?.kind === 'leaf' && at.json !== undefined ? textIn(at.json) : undefined
}

/** The text that a JSON text stands for; of anything but a string itself. */
export function textIn(json: string): string {
  if (!json.startsWith('"')) return json
  return json.includes('\\') ? (JSON.parse(json) as string) : json.slice(1, -1)
}

/** All items of a list element that are objects. */
export function objectsIn(from: Obj, name: string): Obj[] {
  const found: Obj[] = []
  const field = from.fields.get(name)
  if (field !== undefined)
    for (const item of field.items.values()) if (item.kind === 'object') found.push(item)
  return found
}

/** Writes a text where nothing is yet. */
export function setText(parent: Obj, name: string, text: string, row: string): void {
  const leaf = leafAt({ parent, name, list: false, primitive: true, key: '' })
  leaf.json = JSON.stringify(text)
  leaf.row = row
  leaf.weak = false
  leaf.constant = false
}

/** Adds what the other object says and this one does not; lists hold the items of both. */
export function mergeInto(to: Obj, from: Obj): void {
  let number = 0
  for (const [name, field] of from.fields) {
    const present = fieldOf(to, name, field.list, field.choice)
    for (const [key, item] of field.items) {
      const known = present.items.get(key)
      if (field.list) {
        while (present.items.has(`twin/${number}`)) number += 1
        present.items.set(`twin/${number}`, item)
      } else if (known === undefined) present.items.set(key, item)
      else if (known.kind === 'object' && item.kind === 'object') mergeInto(known, item)
    }
  }
  to.resource ??= from.resource
}
