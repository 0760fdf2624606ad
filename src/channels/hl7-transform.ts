/** What an HL7 v2 message of a channel becomes: parsed, mapped by the compiled tables, merged into what is stored. */
import { join } from 'node:path'

import type { ElementTree } from '../fhir/index.ts'
import type { Hl7Message } from '../hl7/index.ts'
import { Failure } from '../kernel/failure.ts'
import { type ExactJson, exactJsonOf } from '../kernel/json.ts'
import {
  compileMapping,
  identifiersOf,
  type Mapped,
  type MappedResource,
  mapMessage,
  mergeMapped,
  moveAttachments,
  type MergeOptions,
  type Program,
  readMappingFiles,
  structureOf,
  withKnownIds,
} from '../mapping/index.ts'
import type { Change, KnownIdentities, Names, WantedIdentity } from '../store/index.ts'
import { REDIRECTED } from '../store/index.ts'
import type { Channel, Hl7Channel } from './config/channel.ts'
import { presetsOf, presetTables } from './config/presets.ts'
import { formatOf } from './format.ts'
import { changesOfMoves, withMovedNumbers } from './moved-numbers.ts'
import { unlinkedFrom, withoutLinksTo, withReplaced } from './replaced-records.ts'
import { isTimed, makeTimeOrder, type TimeOrder } from './time-order.ts'
import type { Transform, TransformInput } from './transform.ts'

/** The mapping tables, compiled; `programs` are those of channels that replace rows, by channel. */
export function makeHl7Transform(
  program: Program,
  programs: ReadonlyMap<string, Program> = new Map(),
): Transform {
  return (input, channel) => {
    const mapped = mapForChannel(input, channel, programs.get(channel.channel) ?? program)
    if ('reason' in mapped) return { did: 'filtered', reason: mapped.reason }
    let order = makeTimeOrder(mapped.event, new Map())
    return {
      did: 'mapped',
      changes: [
        ...mapped.resources.map((resource) => toChange(resource)),
        ...mapped.updates.map((update) => toUpdate(update)),
      ],
      warnings: mapped.warnings,
      source: mapped.source,
      idSystems: mapped.idSystems,
      identified: {
        wanted: wantedBy(mapped),
        records: [...mapped.resources, ...mapped.named].filter(({ type }) => REDIRECTED.has(type)),
        reassignments: mapped.reassignments,
        timed: (known) =>
          [...mapped.resources.filter(isTimed), ...mapped.updates].map(({ type, id }) => ({
            type,
            id: known.get(`${type}/${id}`) ?? id,
          })),
        changesFor: (known, { plan, times }) => {
          order = makeTimeOrder(mapped.event, times)
          return changesOf(mapped, known, plan, order)
        },
        told: () => order.told(),
      },
    }
  }
}

/** What a message maps to, or why the channel leaves it; with `trace`, which row made what. */
export function mapForChannel(
  { raw, receivedAt, dictionary }: TransformInput,
  channel: Hl7Channel,
  program: Program,
  { trace = false }: { readonly trace?: boolean } = {},
): Mapped | { readonly reason: string } {
  const { mapping, timeZone, identifierSystems } = channel
  const message = formatOf(channel).parse(raw)
  if (mapping.ignore.some((type) => isOfType(message, type))) return { reason: 'message-ignored' }
  const isUnmapped = structureOf(program, message) === undefined
  if (isUnmapped && (mapping.unmapped === 'keep' || TALK.has(message.get('MSH-9.1') ?? ''))) {
    return { reason: 'message-not-mapped' }
  }
  const mapped = mapMessage(program, message, {
    tenantKey: channel.tenant,
    channel: channel.channel,
    receivedAt,
    timeZone,
    switches: mapping.switches,
    namespaces: identifierSystems,
    trace,
    ...(dictionary && { dictionary }),
    ...(mapping.conceptMaps && { conceptMaps: mapping.conceptMaps }),
    ...(mapping.patientIdentifier && { patientIdentifier: mapping.patientIdentifier }),
  })
  const maxBytes = mapping.maxAttachmentKiB * 1024
  return moveAttachments(mapped, { tenantKey: channel.tenant, maxBytes })
}

/** Acknowledgements, queries and what ends them say nothing of a patient: nobody has to decide about them. */
const TALK: ReadonlySet<string> = new Set(['ACK', 'MCF', 'QBP', 'QCN', 'QSB', 'QSX', 'RSP'])

/** `ADT` is every ADT, `ADT^A31` that one. */
function isOfType(message: Hl7Message, type: string): boolean {
  const [code, event] = type.split('^')
  return message.get('MSH-9.1') === code && (event === undefined || message.get('MSH-9.2') === event)
}

/** By what the resources of a message may be known, under every system that their authority was ever written as. */
function wantedBy(mapped: Mapped): WantedIdentity[] {
  const own = [...identifiersOf(mapped.resources), ...identifiersNamed(mapped.named)]
  return own
    .filter((wanted) => !isMovedTo(wanted, mapped))
    .flatMap((wanted) => {
      const twins = mapped.systemTwins.get(wanted.system) ?? []
      return [wanted, ...twins.map((system) => ({ ...wanted, system }))]
    })
}

/** By a number that is only now moved to her a patient is not found: it is another one's. */
function isMovedTo({ type, id, system, value }: WantedIdentity, { reassignments }: Mapped): boolean {
  return reassignments.some(
    ({ number, ...each }) =>
      each.type === type && each.to === id && number?.system === system && number.value === value,
  )
}

function identifiersNamed(named: Mapped['named']) {
  return named.flatMap(({ type, id, identifiers }) => identifiers.map((each) => ({ type, id, ...each })))
}

/** The resources under the ids that they are known by, with what comes of merges; one change for each. */
function changesOf(
  { resources, updates, reassignments }: Mapped,
  known: KnownIdentities,
  plan: Names['plan'],
  order: TimeOrder,
): Change[] {
  const written = resources.filter(({ type, id }) => !plan.dropped.has(`${type}/${id}`))
  const own = written.map((resource) => renamed(resource, known))
  const all = withMovedNumbers(withReplaced(own, plan), plan)
  const changes = all.map((mapped) => {
    const options = { renumbers: reassignments.length > 0, unlinked: unlinkedFrom(mapped, plan) }
    if (!isTimed(mapped)) return toChange(mapped, options)
    return order.ordered(mapped, (current, more) => merged(current, mapped, { ...options, ...more }))
  })
  const byName = new Map<string, Change>()
  const changed = updates.map((update) => {
    const mapped = renamed(update, known)
    return order.orderedOrAwaited(mapped, (current, more) => merged(current, mapped, more))
  })
  for (const change of [...changes, ...changed, ...changesOfMoves(plan)]) {
    const name = `${change.type}/${change.id}`
    const first = byName.get(name)
    byName.set(name, first === undefined ? change : both(first, change))
  }
  return [...byName.values()]
}

/** Two records of the message have become one. */
function both(first: Change, second: Change): Change {
  return {
    ...first,
    make(current) {
      const made = first.make(current)
      return typeof made === 'string' ? made : second.make(made)
    },
  }
}

function renamed(mapped: MappedResource, known: KnownIdentities): MappedResource {
  if (known.size === 0) return mapped
  const { value: resource, exact } = withKnownIds({ value: mapped.resource, exact: mapped.exact }, known)
  return { ...mapped, id: String(resource['id']), resource, exact }
}

interface ChangeOptions extends MergeOptions {
  readonly unlinked?: readonly string[]
}

function toChange(mapped: MappedResource, options: ChangeOptions = {}): Change {
  const { type, id } = mapped
  return { type, id, make: (current) => merged(current, mapped, options) }
}

/** Merged on the exact trees, so that decimals that are stored already keep their digits. */
function merged(current: ExactJson | undefined, mapped: MappedResource, options: ChangeOptions): ExactJson {
  const { unlinked = [] } = options
  if (current === undefined) return mergeMapped(undefined, mapped, options)
  const { exact } = mergeMapped(current.exact, mapped, options)
  return exactJsonOf(unlinked.length === 0 ? exact : withoutLinksTo(exact, unlinked))
}

/** Of what is not stored nothing is made. */
function toUpdate(mapped: MappedResource): Change {
  const { make, ...change } = toChange(mapped)
  return { ...change, make: (current) => (current === undefined ? 'keep' : make(current)) }
}

export interface LoadPrograms {
  /** config/mapping; the presets are beside it */
  readonly folder: string
  readonly tree: ElementTree
  readonly channels: readonly Channel[]
}

/**
 * Reads and compiles the tables, once more for each channel with a preset or rows of its own.
 * @throws Failure `invalid`/`mapping-does-not-compile`, `channel-switch`
 */
export async function loadHl7Programs({
  folder,
  tree,
  channels,
}: LoadPrograms): Promise<{ program: Program; programs: ReadonlyMap<string, Program> }> {
  const files = await readMappingFiles(folder)
  const program = compileMapping(files, tree)
  const programs = new Map<string, Program>()
  for (const channel of channels) {
    if (channel.source !== 'mllp') continue
    const layers = layersOf(channel, folder)
    if (layers.length > 0) {
      const overrides = await Promise.all(layers.map((layer) => readMappingFiles(layer)))
      programs.set(channel.channel, compileMapping(files, tree, { overrides }))
    }
    checkSwitches(channel, programs.get(channel.channel) ?? program)
  }
  return { program, programs }
}

/** The folders of tables that are laid over those of everybody: the format's, the preset's, then the channel's own. */
function layersOf(channel: Hl7Channel, folder: string): string[] {
  const { mapping } = channel
  const layers = presetsOf(channel).map((preset) => presetTables(join(folder, '..', 'presets'), preset))
  return mapping.overrides === undefined ? layers : [...layers, mapping.overrides]
}

/** A misspelt switch would leave the default in force without a word. */
function checkSwitches({ channel, mapping }: Hl7Channel, program: Program): void {
  for (const [name, value] of Object.entries(mapping.switches)) {
    const values = program.switches.get(name)?.values ?? []
    if (!values.includes(value))
      throw new Failure('invalid', 'channel-switch', { channel, switch: name, value })
  }
}
