/** Walks to the target of a rule, making what is not there yet. */
import type { Step } from '../compile/resolve.ts'
import type { CompiledRule } from '../program.ts'
import type { Application } from './application.ts'
import type { Why } from './trace.ts'
import { textOf } from './value.ts'
import {
  leafAt,
  makeObject,
  makeResource,
  objectAt,
  slotOf,
  type Obj,
  type ResourceNode,
  type Slot,
} from './tree.ts'

export interface Place {
  /** The object at the target; undefined when the target is a primitive. */
  readonly node: Obj | undefined
  readonly slot: Slot | undefined
}

/** The place that a rule writes to for one repetition of its source. */
export function locate(application: Application, rule: CompiledRule, repetition: number, why?: Why): Place {
  const start = startOf(application, rule)
  if (rule.self !== undefined) return { node: application.node, slot: application.slot }
  let node = start
  let slot: Slot | undefined
  const { steps, repeatAt } = rule
  for (let at = 0; at < steps.length; at += 1) {
    const step = steps[at]!
    // Only the items of a list have keys.
    const key = step.list ? keyOf(application, step, at === repeatAt ? repetition : 0) : ''
    slot = slotOf(node, step, key)
    if (step.primitive) {
      if (at === steps.length - 1) return { node: undefined, slot }
      const leaf = leafAt(slot)
      node = leaf.extensions ??= makeObject('Element')
      continue
    }
    node = objectAt(slot)
    if (step.url !== undefined) setUrl(node, step.url, rule.id)
    if (step.into !== undefined) {
      node.why ??= why
      node = targetOf(node, step.into).root
    }
  }
  return { node, slot }
}

/**
 * The resource that a reference leads to. Where one row makes the role of a person and another the person, both mean
 * the same one; of other types the first stays what it is, and the row's own is left alone.
 */
function targetOf(reference: Obj, type: string): ResourceNode {
  const present = reference.resource
  if (present === undefined || present.type === type)
    return (reference.resource = present ?? makeResource(type))
  if (present.type === 'PractitionerRole' && type === 'Practitioner') return personOf(present)
  const made = makeResource(type)
  if (present.type === 'Practitioner' && type === 'PractitionerRole') {
    personSlot(made).resource = present
    reference.resource = made
  }
  return made
}

function personOf(role: ResourceNode): ResourceNode {
  return (personSlot(role).resource ??= makeResource('Practitioner'))
}

function personSlot({ root }: ResourceNode): Obj {
  return objectAt({ parent: root, name: 'practitioner', list: false, primitive: false, key: '' })
}

function keyOf({ number, turn, scope }: Application, step: Step, item: number): string {
  if (step.shared) return `shared/${turn}`
  if (step.by === undefined) return itemKey(number, step, item)
  const [value] = scope.read(scope.segment, step.by)
  return `by ${step.label}/${(value && textOf(value)) ?? ''}`
}

/** What an item of a list is known by inside one application of a table. */
export function itemKey(application: number, { url, label, into }: Step, repetition: number): string {
  return `${application}/${url ?? label}/${repetition}${into === undefined ? '' : `>${into}`}`
}

/** `[2].given` starts at the item beside the one that the table fills; a level of a place at its own resource. */
function startOf(application: Application, rule: CompiledRule): Obj {
  const { node, slot, map } = application
  if (rule.sibling === undefined) return node
  if (map.rules.some(({ self }) => self === 'levels')) {
    const known = application.levels.get(rule.sibling)
    if (known) return known.root
    const level = makeResource(map.base)
    application.levels.set(rule.sibling, level)
    return level.root
  }
  if (rule.sibling === '1' || slot === undefined || !slot.list) return node
  return objectAt({ ...slot, key: `${slot.key}~${rule.sibling}` })
}

export function setUrl(extension: Obj, url: string, row: string): void {
  const leaf = leafAt({ parent: extension, name: 'url', list: false, primitive: true, key: '' })
  leaf.json = JSON.stringify(url)
  leaf.row = row
}
