/** One v2 message → the FHIR resources that it makes. Pure: the same message in the same context gives the same result. */
import type { Hl7Message, Hl7Segment } from '../../../hl7/index.ts'
import { Failure } from '../../../kernel/failure.ts'
import { tenantNamespace } from '../../../kernel/ids.ts'
import type { MessageRule, Program, Structure } from '../program.ts'
import { applySegmentMap, itemKey, type RunContext } from './apply.ts'
import { assemble, visitReferences, type MappedResource } from './assemble.ts'
import { sourceOf, type MappingContext, type Warning } from './context.ts'
import { groupSegments, type Grouped, type GroupNode, type SegmentNode } from './groups.ts'
import { makeIdentities, type Origin } from './identity.ts'
import { completeProvenance } from './provenance.ts'
import { holds, scopeOf } from './scope.ts'
import { makeResource, objectAt, slotOf, type Obj, type ResourceNode } from './tree.ts'
import { makeFieldReader } from './value.ts'

export interface Mapped {
  readonly resources: readonly MappedResource[]
  readonly warnings: readonly Warning[]
}

/** Name of the message table for a message; undefined when there is none. */
export function structureOf(program: Program, message: Hl7Message): string | undefined {
  const type = message.get('MSH-9.1')?.trim() ?? ''
  const event = message.get('MSH-9.2')?.trim() ?? ''
  const name = program.events.get(`${type}^${event}`) ?? message.get('MSH-9.3')?.trim()
  return name !== undefined && program.structures.has(name) ? name : undefined
}

/** @throws Failure `unsupported`/`message-not-mapped` when no table exists for the message's type and event */
export function mapMessage(program: Program, message: Hl7Message, context: MappingContext): Mapped {
  const name = structureOf(program, message)
  if (name === undefined) {
    const code = /^[A-Z0-9]{1,10}$/
    const [type, event] = ['MSH-9.1', 'MSH-9.2'].map((path) => message.get(path) ?? '')
    throw new Failure('unsupported', 'message-not-mapped', {
      type: code.test(type!) ? type : '?',
      event: code.test(event!) ? event : '?',
    })
  }
  const structure = program.structures.get(name)!
  const warnings = makeWarnings()
  const grouped = groupSegments(structure, message.segments())
  warnAboutSegments(grouped, warnings.warn)
  const cleared = new Map<Obj, Set<string>>()
  const run = makeRunContext(program, message, context, warnings.warn, cleared)
  const instances = runRules(structure, grouped.root, run)
  const provenance = instances.find(({ resource }) => resource.type === 'Provenance')?.resource ?? makeResource('Provenance')
  completeProvenance(provenance, message, context, run.offsetAt)
  const made = instances.map(({ resource }) => resource).filter((resource) => resource !== provenance)
  const origins = new Map(instances.map(({ resource, origin }) => [resource, origin]))
  const parents = parentsIn([...made, provenance])
  const identities = makeIdentities({
    namespace: tenantNamespace(context.tenantKey),
    message: `${context.channel}|${message.get('MSH-10') ?? ''}`,
    sender: senderOf(message),
    patientIdentifier: context.patientIdentifier ?? ['PI', 'MR'],
    encounterOfMessage: run.switches.get('encounter-without-number') === 'message',
    originOf: (resource) => origins.get(resource),
    parentOf: (resource) => parents.get(resource),
  })
  const resources = assemble([...made, provenance], {
    program,
    required: program.required,
    identities,
    source: sourceOf(message, context),
    cleared,
    patient: made.find(({ type }) => type === 'Patient'),
    warn: warnings.warn,
    provenance,
  })
  return { resources, warnings: warnings.all() }
}

/** Who refers first to each resource that has no segment of its own. */
function parentsIn(resources: readonly ResourceNode[]): Map<ResourceNode, ResourceNode> {
  const parents = new Map<ResourceNode, ResourceNode>()
  const seen = new Set<ResourceNode>()
  const visit = (resource: ResourceNode): void => {
    if (seen.has(resource)) return
    seen.add(resource)
    visitReferences(resource.root, (child) => {
      if (!parents.has(child)) parents.set(child, resource)
      visit(child)
    })
  }
  resources.forEach(visit)
  return parents
}

function senderOf(message: Hl7Message): string {
  const [application, facility] = ['MSH-3.1', 'MSH-4.1'].map((path) => message.get(path)?.trim() ?? '')
  return `urn:passerelle:sender:${encodeURIComponent(application!)}:${encodeURIComponent(facility!)}`
}

function makeRunContext(
  program: Program,
  message: Hl7Message,
  context: MappingContext,
  warn: Warn,
  cleared: Map<Obj, Set<string>>,
): RunContext {
  const switches = new Map([...program.switches].map(([name, { value }]) => [name, context.switches?.[name] ?? value]))
  let application = 0
  return {
    switches,
    decimalComma: switches.get('decimal-comma') === 'number',
    read: makeFieldReader(),
    offsetAt: program.offsetsOf(context.timeZone ?? 'Europe/Paris'),
    namespaces: new Map(Object.entries(context.namespaces ?? {})),
    codeSystems: program.codeSystems,
    sender: message.get('MSH-4.1')?.trim() || message.get('MSH-3.1')?.trim() || 'unknown',
    warn,
    nextApplication: () => (application += 1),
    clear: (root, element) => {
      const elements = cleared.get(root) ?? new Set()
      cleared.set(root, elements.add(element))
    },
  }
}

interface Instance {
  readonly label: string
  readonly resource: ResourceNode
  readonly origin: Origin
  /** The group whose iteration it belongs to. */
  readonly scope: GroupNode
}

/** References wait until all instances are there: a report may come before the visit that it names. */
interface Pending {
  readonly rule: MessageRule
  readonly own: Instance
  readonly application: number
  readonly segment: Hl7Segment
  readonly group: GroupNode
}

function runRules(structure: Structure, root: GroupNode, context: RunContext): Instance[] {
  const instances: Instance[] = []
  const pending: Pending[] = []
  const visit = (node: GroupNode | SegmentNode): void => {
    if (node.kind === 'group') {
      node.children.forEach(visit)
      return
    }
    const { segment, parent } = node
    for (const rule of node.place.rules) {
      if (!holds(rule.when, scopeOf(segment, parent, context.read), context)) continue
      const own = instanceFor(structure, rule, node, instances)
      const application = applySegmentMap(rule.map, segment, parent, own.resource, context)
      if (rule.references.length > 0) pending.push({ rule, own, application, segment, group: parent })
    }
  }
  visit(root)
  for (const each of pending) setReferences(each, instances)
  return instances
}

/** The instance that the label names here, or a new one. */
function instanceFor(structure: Structure, rule: MessageRule, { segment, parent }: SegmentNode, instances: Instance[]): Instance {
  const depth = structure.scopes.get(rule.label)!
  const scope = depth === 'each' ? parent : ancestorAt(parent, depth)
  const known = instances.find((each) => each.label === rule.label && each.scope === scope && (depth !== 'each' || each.origin.segment === segment))
  if (known) return known
  const made: Instance = { label: rule.label, resource: makeResource(rule.type), origin: { segment, group: parent }, scope }
  instances.push(made)
  return made
}

function ancestorAt(group: GroupNode, depth: number): GroupNode {
  const path: GroupNode[] = []
  for (let at: GroupNode | undefined = group; at; at = at.parent) path.unshift(at)
  return path[depth] ?? group
}

function setReferences({ rule, own, application, segment, group }: Pending, instances: readonly Instance[]): void {
  const find = (label: string): Instance | undefined =>
    own.label === label ? own : nearest(instances, label, segment, group)
  for (const { from, steps, to } of rule.references) {
    const source = find(from)
    const target = find(to)
    if (!source || !target) continue
    let node = source.resource.root
    for (const [index, step] of steps.entries()) {
      const isLast = index === steps.length - 1
      // Of its own resource a row means the item that it wrote itself; of another one a new item for each target.
      const key = source === own && !isLast ? itemKey(application, step, 0) : `reference/${instances.indexOf(target)}`
      node = objectAt(slotOf(node, { ...step, into: undefined }, key))
      if (isLast) node.resource ??= target.resource
    }
  }
}

/**
 * The instance that a label means: what the same segment made, else the only one in the group's own iteration, else in
 * the ones around it. Where several could be meant none is.
 */
function nearest(
  instances: readonly Instance[],
  label: string,
  segment: Hl7Segment,
  group: GroupNode,
): Instance | undefined {
  const candidates = instances.filter((each) => each.label === label)
  const same = candidates.find(({ origin }) => origin.segment === segment)
  if (same) return same
  for (let around: GroupNode | undefined = group; around; around = around.parent) {
    const found = candidates.filter(({ origin }) => isWithin(origin.group, around!))
    if (found.length > 0) return found.length === 1 ? found[0] : undefined
  }
  return undefined
}

function isWithin(group: GroupNode, outer: GroupNode): boolean {
  for (let at: GroupNode | undefined = group; at; at = at.parent) if (at === outer) return true
  return false
}

type Warn = (code: string, about: string) => void

function makeWarnings(): { warn: Warn; all: () => Warning[] } {
  const counts = new Map<string, { code: string; about: string; count: number }>()
  return {
    warn(code, about) {
      const key = `${code}\n${about}`
      const known = counts.get(key)
      if (known) known.count += 1
      else counts.set(key, { code, about, count: 1 })
    },
    all: () => [...counts.values()],
  }
}

function warnAboutSegments({ outOfOrder, unexpected }: Grouped, warn: Warn): void {
  for (const { name } of outOfOrder) warn('segment-out-of-order', name)
  for (const { name } of unexpected) warn(name.startsWith('Z') ? 'segment-not-mapped' : 'segment-unexpected', name)
}
