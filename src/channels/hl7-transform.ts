/** What an HL7 v2 message of a channel becomes: parsed, mapped by the compiled tables, merged into what is stored. */
import { type Hl7Message, parseMessage } from '../hl7/index.ts'
import { type ExactJson, exactJsonOf } from '../kernel/json.ts'
import {
  type Mapped,
  mapMessage,
  type MappedResource,
  mergeMapped,
  type Program,
  structureOf,
} from '../mapping/index.ts'
import type { Change } from '../store/index.ts'
import type { Hl7Channel } from './config/channel.ts'
import type { Transform } from './transform.ts'

/** The mapped message, or undefined where the channel does not want it or no table exists for its type and event. */
export function mapForChannel(
  program: Program,
  message: { readonly raw: Buffer; readonly receivedAt: number },
  channel: Hl7Channel,
): Mapped | undefined {
  const { charset, defaultCharset } = channel.text
  const parsed = parseMessage(message.raw, { charset, defaultCharset })
  if (isIgnored(parsed, channel.mapping.ignore) || structureOf(program, parsed) === undefined)
    return undefined
  return mapMessage(program, parsed, {
    tenantKey: channel.tenant,
    channel: channel.channel,
    receivedAt: message.receivedAt,
    timeZone: channel.timeZone,
    namespaces: channel.identifierSystems,
    switches: Object.fromEntries(
      Object.entries(channel.mapping.switches).map(([name, value]) => [name, switchText(value)]),
    ),
  })
}

/**
 * A message without a mapping table is kept and set aside as filtered: the journal has it whole, and the messages behind
 * it go on.
 */
export function makeHl7Transform(program: Program): Transform {
  return (message, channel) => {
    const mapped = mapForChannel(program, message, channel)
    if (mapped === undefined) return { did: 'filtered', changes: [], warnings: 0 }
    const warnings = mapped.warnings.reduce((sum, { count }) => sum + count, 0)
    return { did: 'mapped', changes: mapped.resources.map(toChange), warnings }
  }
}

function toChange(mapped: MappedResource): Change {
  return { type: mapped.type, id: mapped.id, make: (current) => merged(current, mapped) }
}

/** On the exact trees, so that decimals that are stored already keep their digits. */
function merged(current: ExactJson | undefined, mapped: MappedResource): ExactJson {
  return current === undefined
    ? mergeMapped(undefined, mapped)
    : exactJsonOf(mergeMapped(current.exact, mapped).exact)
}

/** `ADT` or `ADT^A31`. */
function isIgnored(message: Hl7Message, ignored: readonly string[]): boolean {
  const type = message.get('MSH-9.1') ?? ''
  return ignored.includes(type) || ignored.includes(`${type}^${message.get('MSH-9.2') ?? ''}`)
}

/** YAML reads `on` and `off` as they are written, but `true` and `1` as values. */
function switchText(value: string | boolean | number): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return String(value)
}
