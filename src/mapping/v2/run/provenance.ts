/**
 * The one Provenance of a message: who sent it, what it was, what came of it. Its id comes from channel and control id,
 * so a message that is sent twice has one. https://hl7.org/fhir/R4/provenance.html
 */
import type { Hl7Message } from '../../../hl7/index.ts'
import { toInstant as instantOf } from '../../../kernel/clock.ts'
import type { MappingContext } from './context.ts'
import { toInstant, type OffsetAt } from './dates.ts'
import {
  fieldOf,
  leafAt,
  makeObject,
  objectAt,
  objectsIn,
  setText,
  type Obj,
  type ResourceNode,
} from './tree.ts'

const ROW = 'Provenance'

/** Completes what the message's own rows made of the Provenance. */
export function completeProvenance(
  { root }: ResourceNode,
  message: Hl7Message,
  context: MappingContext,
  offsetAt: OffsetAt,
): void {
  const sent = message.get('MSH-7.1')
  const recorded = (sent ? toInstant(sent, offsetAt) : undefined) ?? instantOf(context.receivedAt)
  setText(root, 'recorded', recorded, ROW)
  setActivity(root, message)
  if (!objectsIn(root, 'agent').some(({ fields }) => fields.has('who'))) setSender(root, message)
  setEntity(root, message, context)
}

/** Names what the message made: `Type/id` of each. */
export function setTargets({ root }: ResourceNode, references: readonly string[]): void {
  const target = fieldOf(root, 'target', true)
  target.items.clear()
  for (const reference of references) target.items.set(reference, referenceObject(reference))
}

function referenceObject(reference: string): Obj {
  const object = makeObject('Reference')
  setText(object, 'reference', reference, ROW)
  return object
}

/** The trigger event, table 0003. */
function setActivity(root: Obj, message: Hl7Message): void {
  const event = message.get('MSH-9.2')?.trim()
  if (!event) return
  const activity = objectAt({ parent: root, name: 'activity', list: false, primitive: false, key: '' })
  const coding = objectAt({ parent: activity, name: 'coding', list: true, primitive: false, key: 'event' })
  setText(coding, 'system', 'http://terminology.hl7.org/CodeSystem/v2-0003', ROW)
  setText(coding, 'code', event, ROW)
  setText(
    activity,
    'text',
    [1, 2]
      .map((n) => message.get(`MSH-9.${n}`)?.trim())
      .filter(Boolean)
      .join('^'),
    ROW,
  )
}

/** The sending application and facility. They are names, not resources of ours, unless MSH-4 or MSH-22 made one. */
function setSender(root: Obj, message: Hl7Message): void {
  const agent = objectAt({
    parent: root,
    name: 'agent',
    list: true,
    primitive: false,
    key: 'sender',
    type: 'Provenance.agent',
  })
  const who = objectAt({ parent: agent, name: 'who', list: false, primitive: false, key: '' })
  const name = ['MSH-3.1', 'MSH-4.1']
    .map((path) => message.get(path)?.trim())
    .filter(Boolean)
    .join(' / ')
  setText(who, 'display', name || 'unknown', ROW)
}

/** The message itself, by channel and control id, as the journal knows it. */
function setEntity(root: Obj, message: Hl7Message, { channel }: MappingContext): void {
  const entity = objectAt({ parent: root, name: 'entity', list: true, primitive: false, key: 'message' })
  setText(entity, 'role', 'source', ROW)
  const what = objectAt({ parent: entity, name: 'what', list: false, primitive: false, key: '' })
  const identifier = objectAt({ parent: what, name: 'identifier', list: false, primitive: false, key: '' })
  setText(identifier, 'system', `urn:passerelle:channel:${encodeURIComponent(channel)}`, ROW)
  setText(identifier, 'value', message.get('MSH-10') ?? '', ROW)
  // An empty control id would make an empty string, which FHIR does not know.
  const value = leafAt({ parent: identifier, name: 'value', list: false, primitive: true, key: '' })
  if (value.json === '""') identifier.fields.delete('value')
}
