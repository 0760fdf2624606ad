/** One v2 message → the FHIR resources that it makes. Pure: the same message in the same context gives the same result. */
import type { Hl7Message } from '../../../hl7/index.ts'
import { Failure } from '../../../kernel/failure.ts'
import { tenantNamespace } from '../../../kernel/ids.ts'
import { identifiersOf } from '../../known.ts'
import { EMPTY_DICTIONARY, translationsOf } from '../dictionary.ts'
import type { Program } from '../program.ts'
import type { RunContext } from './application.ts'
import { assemble, visitReferences, type AssembleInput, type MappedResource } from './assemble.ts'
import { sourceOf, type MappingContext, type Warning } from './context.ts'
import { eventTimeOf, resultTimeOf, type EventTime } from './event-time.ts'
import { groupSegments, type Grouped } from './groups.ts'
import { joinTexts } from './joined-texts.ts'
import { type IdSystem, type IdSystems, makeIdSystems } from './id-systems.ts'
import { makeIdentities } from './identity.ts'
import { PATIENT_IDENTIFIER } from './patient-number.ts'
import { completeProvenance } from './provenance.ts'
import { runRules } from './instances.ts'
import { dropFormerTwins, type NamedResource, type Reassignment, settleReassignments } from './reassign.ts'
import { firstOf } from './systems.ts'
import { joinTwins } from './twins.ts'
import { makeResource, type Obj, type ResourceNode } from './tree.ts'
import { makeFieldReader } from './value.ts'

export interface Mapped {
  readonly resources: readonly MappedResource[]
  /** What changes a stored resource, where there is one: an answer to an order that names no patient. */
  readonly updates: readonly MappedResource[]
  readonly warnings: readonly Warning[]
  /** Records that are merged, called otherwise, moved or no longer linked. */
  readonly reassignments: readonly Reassignment[]
  readonly named: readonly NamedResource[]
  /** Identifier systems that ids were made for the first time, and of what. */
  readonly idSystems: readonly IdSystem[]
  /** Other systems under which what has an identifier of a system may be stored. */
  readonly systemTwins: ReadonlyMap<string, readonly string[]>
  /** What happened, and when. */
  readonly event: EventTime & { readonly type: string; readonly code: string }
  /** meta.source of them all. */
  readonly source: string
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
  const cleared = new Map<Obj, Set<string>>()
  const given = makeRunContext(program, message, context, warnings.warn, cleared)
  const { segments, read } = isJoined(message, given)
    ? joinTexts(message.segments(), given.read)
    : { segments: message.segments(), read: given.read }
  const run = { ...given, read }
  const grouped = groupSegments(structure, segments)
  warnAboutSegments(grouped, warnings.warn)
  const { instances, reassignments } = runRules(structure, grouped.root, run)
  const provenance =
    instances.find(({ resource }) => resource.type === 'Provenance')?.resource ?? makeResource('Provenance')
  completeProvenance(provenance, message, context, run.offsetAt)
  const all = instances.map(({ resource }) => resource).filter((resource) => resource !== provenance)
  all.forEach(dropFormerTwins)
  const origins = new Map(instances.map(({ resource, origin }) => [resource, origin]))
  const parents = parentsIn([...all, provenance])
  const twins = joinTwins([...all, provenance, ...parents.keys()])
  const idSystems = idSystemsOf(context)
  const identities = makeIdentities({
    namespace: tenantNamespace(context.tenantKey),
    message: `${context.channel}|${message.get('MSH-10') ?? ''}`,
    sender: senderOf(message),
    idSystem: idSystems.of,
    patientIdentifier: context.patientIdentifier ?? PATIENT_IDENTIFIER,
    encounterOfMessage: run.switches.get('encounter-without-number') === 'message',
    sameAs: (resource) => twins.get(resource),
    originOf: (resource) => origins.get(resource),
    parentOf: (resource) => parents.get(resource),
  })
  const { made, ...settled } = settleReassignments(all, reassignments, identities, warnings.warn)
  const source = sourceOf(message, context)
  const clocks = { offsetAt: run.offsetAt, receivedAt: context.receivedAt }
  const time = eventTimeOf(message, clocks)
  const [type = '', code = ''] = ['MSH-9.1', 'MSH-9.2'].map((path) => message.get(path)?.trim())
  const { resources, updates } = assemble([...made, provenance], {
    program,
    identities,
    source,
    timeOf: (resource) => (resultTimeOf(resource.type, origins.get(resource), clocks) ?? time).at,
    cleared,
    patient: made.find(({ type }) => type === 'Patient'),
    completed: completedTypes(message, run.switches),
    warn: warnings.warn,
    isTraced: run.isTraced,
    translationsOf: translator(context),
    provenance,
  })
  // By her other numbers, too, she is to be found under the systems of before.
  for (const { system } of identifiersOf(resources)) idSystems.of(system)
  return {
    resources,
    updates,
    warnings: warnings.all(),
    ...settled,
    idSystems: idSystems.news(),
    systemTwins: idSystems.twins(),
    event: { ...time, type, code },
    source,
  }
}

/**
 * An order or a result names its patient; the admission system says who she is. A laboratory that knows less must not
 * take her second name away. Doctors, organizations and places are named in passing by every message.
 */
function completedTypes(message: Hl7Message, switches: ReadonlyMap<string, string>): ReadonlySet<string> {
  const completed = new Set<string>()
  const [type, event] = ['MSH-9.1', 'MSH-9.2'].map((path) => message.get(path)?.trim() ?? '')
  // A master file is where staff and places are described, and a bed's status is what A20 is for.
  const isDirectory = type === 'MFN' || (type === 'ADT' && event === 'A20')
  if (switches.get('directory-from-messages') === 'complete' && !isDirectory) {
    for (const type of ['Practitioner', 'PractitionerRole', 'Organization', 'Location']) completed.add(type)
  }
  if (type !== 'ADT' && switches.get('patient-outside-adt') === 'complete') completed.add('Patient')
  return completed
}

/** Whether neighbouring OBX of one text are one. */
function isJoined(message: Hl7Message, { switches }: Pick<RunContext, 'switches'>): boolean {
  const choice = switches.get('text-lines')
  return choice === 'joined' || (choice === 'joined-documents' && message.get('MSH-9.1')?.trim() === 'MDM')
}

/** Without a dictionary nothing is remembered from message to message: a system makes its own ids. */
function idSystemsOf({ dictionary }: MappingContext): IdSystems {
  if (dictionary !== undefined) return makeIdSystems(dictionary)
  return { of: (system) => system, twins: () => new Map(), news: () => [] }
}

/** undefined where the tenant has no map: then nothing is looked at. */
function translator({ dictionary, conceptMaps }: MappingContext): AssembleInput['translationsOf'] {
  if (dictionary === undefined || dictionary.concepts.size === 0) return undefined
  return (coding) => translationsOf(dictionary, coding, conceptMaps)
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
  const switches = new Map(
    [...program.switches].map(([name, { value }]) => [name, context.switches?.[name] ?? value]),
  )
  const dictionary = context.dictionary ?? EMPTY_DICTIONARY
  const channelSystems = new Map(Object.entries(context.namespaces ?? {}))
  let application = 0
  const turns = new Map<ResourceNode, Map<string, number>>()
  return {
    switches,
    decimalComma: switches.get('decimal-comma') === 'number',
    read: makeFieldReader(),
    offsetAt: program.offsetsOf(context.timeZone ?? 'Europe/Paris'),
    namespaces: firstOf(channelSystems, dictionary.identifierSystems),
    channelSystems,
    codeSystems: firstOf(dictionary.codeSystems, program.codeSystems),
    sender: message.get('MSH-4.1')?.trim() || message.get('MSH-3.1')?.trim() || 'unknown',
    warn,
    isTraced: context.trace ?? false,
    nextApplication: () => (application += 1),
    nextTurn: (resource, { name }) => {
      const ofResource = turns.get(resource) ?? new Map<string, number>()
      turns.set(resource, ofResource)
      const turn = ofResource.get(name) ?? 0
      ofResource.set(name, turn + 1)
      return turn
    },
    clear: (root, element) => {
      const elements = cleared.get(root) ?? new Set()
      cleared.set(root, elements.add(element))
    },
  }
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
  for (const { name } of unexpected)
    warn(name.startsWith('Z') ? 'segment-not-mapped' : 'segment-unexpected', name)
}
