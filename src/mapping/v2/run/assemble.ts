/** The resources that a message made → the resources to store: one for each identity, whole, with their source. */
import { parseExactObject, type JsonObject } from '../../../kernel/json.ts'
import { addTranslations, type TranslateCodes } from './add-translations.ts'
import type { Program } from '../program.ts'
import type { Identities } from './identity.ts'
import { setTargets } from './provenance.ts'
import { present, type TraceEntry } from './trace.ts'
import { mergeInto, objectsIn, type Obj, type ResourceNode } from './tree.ts'
import { addDefaults, defaultEntry, missingOf, objectJson, writeResource, type WriteInput } from './write.ts'

export interface MappedResource {
  readonly type: string
  readonly id: string
  /** Plain numbers, to read. */
  readonly resource: JsonObject
  /** The same with every decimal as it was sent, to write. */
  readonly exact: JsonObject
  /** Elements that the sender deletes (`""`). */
  readonly cleared: readonly string[]
  /** Elements that only count where nothing is stored yet. */
  readonly fallbacks: readonly string[]
  /** `merge`: what the message does not say stays. `replace`: the message says all. `keep`: what is stored is the same already. */
  readonly mode: 'merge' | 'replace' | 'keep'
  /** When what it says happened, epoch ms. */
  readonly at: number
  /** Which rows of the tables wrote each element; empty unless it was asked for. */
  readonly trace: readonly TraceEntry[]
}

export interface AssembleInput extends Omit<WriteInput, 'isWritten' | 'patientReference'> {
  readonly program: Program
  readonly identities: Identities
  readonly source: string
  readonly timeOf: (resource: ResourceNode) => number
  readonly cleared: ReadonlyMap<Obj, ReadonlySet<string>>
  /** The Patient that is meant where a resource needs one and names none. */
  readonly patient: ResourceNode | undefined
  /** Types whose stored resources the message only completes: it is not the source of record for them. */
  readonly completed: ReadonlySet<string>
  /** Gets everything else as its targets; without any there is none. */
  readonly provenance: ResourceNode
  /** The tenant's translations of codes; undefined: it has none. */
  readonly translationsOf: TranslateCodes['translationsOf'] | undefined
}

/** A message says all of a result; of people, places, visits, orders and diagnoses it tells what it knows. */
const REPLACED: ReadonlySet<string> = new Set(['MessageHeader', 'Observation', 'Provenance'])

export interface Assembled {
  readonly resources: readonly MappedResource[]
  /** What changes a stored resource and is none by itself: the answer to an order names no patient. */
  readonly updates: readonly MappedResource[]
}

export function assemble(resources: readonly ResourceNode[], input: AssembleInput): Assembled {
  const stored = mergeTwins(collect(resources, input.identities), input)
  const incomplete = leaveOutPatientless(stored, input)
  const own = keyOf(input.provenance, input.identities)!
  const others = [...stored.keys()].filter((key) => key !== own)
  if (others.length > 0) setTargets(input.provenance, others)
  const { translationsOf } = input
  if (translationsOf !== undefined) {
    for (const { resource } of stored.values()) addTranslations(resource.root, { ...input, translationsOf })
  }
  const whole = others.length === 0 ? [] : writeWhole(stored, input)
  const written = new Set(whole.map(({ type, id }) => `${type}/${id}`))
  const isWritten = (resource: ResourceNode): boolean => written.has(keyOf(resource, input.identities) ?? '')
  const updates = incomplete.map(({ resource, cleared }) =>
    toMapped(resource, cleared, { ...input, isWritten, patientReference: () => undefined }),
  )
  return { resources: whole, updates }
}

/** Orders are known by their numbers: who answers one need not say whose it is. */
const UPDATED: ReadonlySet<string> = new Set(['ServiceRequest', 'MedicationRequest'])

/**
 * Writes all of them. What R4 does not allow as it is, something mandatory being unknown, is left out, and then all are
 * written anew: the others must not refer to it.
 */
function writeWhole(stored: Map<string, Stored>, input: AssembleInput): MappedResource[] {
  const written = new Set(stored.keys())
  const isWritten = (resource: ResourceNode): boolean => written.has(keyOf(resource, input.identities) ?? '')
  const patientReference = (): string | undefined =>
    input.patient && isWritten(input.patient) ? keyOf(input.patient, input.identities) : undefined
  const mapped = [...stored.values()].map(({ resource, cleared }) =>
    toMapped(resource, cleared, { ...input, isWritten, patientReference }),
  )
  const incomplete = mapped.filter(({ type, resource }) => {
    const missing = missingOf(type, new Set(Object.keys(resource)), input.program)
    if (missing !== undefined) input.warn('resource-incomplete', `${type}.${missing}`)
    return missing !== undefined
  })
  if (incomplete.length === 0) return mapped
  for (const { type, id } of incomplete) stored.delete(`${type}/${id}`)
  const provenance = keyOf(input.provenance, input.identities)!
  const others = [...stored.keys()].filter((key) => key !== provenance)
  setTargets(input.provenance, others)
  return others.length === 0 ? [] : writeWhole(stored, input)
}

/** The given resources and those that they refer to, each once, those that hold no text left out. */
function collect(resources: readonly ResourceNode[], identities: Identities): ResourceNode[] {
  const found = new Set<ResourceNode>()
  const visit = (named: ResourceNode): void => {
    const resource = identities.standsFor(named)
    if (found.has(resource)) return
    if (identities.of(resource) === 'omitted') return
    found.add(resource)
    visitReferences(resource.root, visit)
  }
  resources.forEach(visit)
  return [...found].filter(
    (resource) => typeof identities.of(resource) === 'object' && holdsText(resource.root),
  )
}

export function visitReferences(object: Obj, visit: (resource: ResourceNode) => void): void {
  if (object.resource) visit(object.resource)
  for (const { items } of object.fields.values()) {
    for (const item of items.values()) if (item.kind === 'object') visitReferences(item, visit)
  }
}

/** Something in it was sent: a value, or something else that holds one. */
function holdsText({ fields, resource, linked }: Obj): boolean {
  if (resource !== undefined && !linked) return holdsText(resource.root)
  return [...fields.values()].some(({ items }) =>
    [...items.values()].some((item) =>
      item.kind === 'leaf' ? item.json !== undefined && !item.constant : holdsText(item),
    ),
  )
}

function keyOf(resource: ResourceNode, identities: Identities): string | undefined {
  const identity = identities.of(resource)
  return typeof identity === 'object' ? `${resource.type}/${identity.id}` : undefined
}

/**
 * What R4 does not allow without a patient is not written when the message names none. Gives those that can change what
 * is stored all the same.
 */
function leaveOutPatientless(
  stored: Map<string, Stored>,
  { program, patient, identities, warn }: AssembleInput,
): Stored[] {
  const updates: Stored[] = []
  const isWritten = (resource: ResourceNode): boolean => stored.has(keyOf(resource, identities) ?? '')
  if (patient !== undefined && isWritten(patient)) return updates
  for (const [key, entry] of stored) {
    const { resource } = entry
    const needs = (program.defaults.get(resource.type) ?? []).filter(
      ({ json, mandatory }) => mandatory && json.includes('@patient'),
    )
    const lacks = needs.some(
      ({ element }) => !objectsIn(resource.root, element).some((each) => refersTo(each, isWritten)),
    )
    if (!lacks) continue
    stored.delete(key)
    if (UPDATED.has(resource.type) && objectsIn(resource.root, 'identifier').length > 0) updates.push(entry)
    else warn('without-patient', resource.type)
  }
  return updates
}

/** Of an appointment's participants one is enough, patient or not: a room may be blocked for nobody. */
function refersTo(object: Obj, isMeant: (resource: ResourceNode) => boolean): boolean {
  let found = false
  visitReferences(object, (resource) => {
    found ||= isMeant(resource)
  })
  return found
}

interface Stored {
  readonly key: string
  readonly resource: ResourceNode
  readonly cleared: ReadonlySet<string>
}

/** What has one identity is one resource: the doctor who is named five times. */
function mergeTwins(
  resources: readonly ResourceNode[],
  { identities, cleared }: AssembleInput,
): Map<string, Stored> {
  const stored = new Map<string, Stored>()
  for (const resource of resources) {
    const key = keyOf(resource, identities)!
    const first = stored.get(key)
    const own = cleared.get(resource.root) ?? new Set()
    if (first) mergeInto(first.resource.root, resource.root)
    stored.set(key, {
      key,
      resource: first?.resource ?? resource,
      cleared: first ? new Set([...first.cleared, ...own]) : own,
    })
  }
  return stored
}

function toMapped(
  resource: ResourceNode,
  cleared: ReadonlySet<string>,
  input: AssembleInput & WriteInput,
): MappedResource {
  const { identities, source } = input
  const identity = identities.of(resource)
  const id = typeof identity === 'object' ? identity.id : ''
  const { elements, fallbacks, trace } = writeResource(resource, input)
  const defaults: TraceEntry[] = []
  const all = new Map([
    ['resourceType', JSON.stringify(resource.type)],
    ['id', JSON.stringify(id)],
    ['meta', withSource(elements.get('meta'), source)],
    ...[...elements].filter(([name]) => name !== 'meta'),
  ])
  const optional = new Set(fallbacks)
  for (const element of addDefaults(resource.type, all, input).added) {
    optional.add(element)
    if (input.isTraced) defaults.push(defaultEntry(resource.type, element))
  }
  const isCompleted = input.completed.has(resource.type)
  if (isCompleted) for (const name of all.keys()) if (name !== 'identifier') optional.add(name)
  const { value, exact } = parseExactObject(objectJson(all))
  return {
    type: resource.type,
    id,
    resource: value,
    exact,
    cleared: isCompleted ? [] : [...cleared].filter((element) => !all.has(element) || optional.has(element)),
    fallbacks: [...optional],
    mode: REPLACED.has(resource.type) ? 'replace' : 'merge',
    at: input.timeOf(resource),
    trace: input.isTraced ? present([...trace, ...defaults], value) : [],
  }
}

function withSource(meta: string | undefined, source: string): string {
  const text = `"source":${JSON.stringify(source)}`
  return meta === undefined ? `{${text}}` : `{${text},${meta.slice(1)}`
}
