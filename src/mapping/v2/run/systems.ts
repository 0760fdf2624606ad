/** Identifier systems and code systems as URIs. A name that only its sender understands becomes a stable URI of our own. */
import type { V2Value } from './value.ts'
import { textOf } from './value.ts'

const OID = /^(?:urn:oid:)?([0-2](?:\.(?:0|[1-9]\d*))+)$/
const UUID = /^(?:urn:uuid:)?([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})$/i

/** The URI of a universal id (HD.2) of a type (HD.3, table 0301); undefined when it is none. */
export function universalUri(id: string, type: string | undefined): string | undefined {
  const kind = type?.toUpperCase()
  const oid = OID.exec(id)
  if (oid && (kind === undefined || kind === 'ISO' || kind === 'OID' || kind === 'HCD'))
    return `urn:oid:${oid[1]}`
  const uuid = UUID.exec(id)
  if (uuid && (kind === undefined || kind === 'UUID' || kind === 'GUID'))
    return `urn:uuid:${uuid[1]!.toLowerCase()}`
  if (/^(?:https?|urn):\S+$/.test(id)) return id
  if (kind === 'DNS') return `urn:passerelle:dns:${encodeURIComponent(id.toLowerCase())}`
  return kind === undefined
    ? undefined
    : `urn:passerelle:${encodeURIComponent(kind.toLowerCase())}:${encodeURIComponent(id)}`
}

export type Names = Pick<ReadonlyMap<string, string>, 'get'>

/** Looks a name up in several registries, the first that knows it. */
export function firstOf(...registries: readonly Names[]): Names {
  return {
    get(name) {
      for (const names of registries) {
        const found = names.get(name)
        if (found !== undefined) return found
      }
      return undefined
    },
  }
}

export interface SystemContext {
  /** Namespace (`CHU`) or URI → URI, of the channel and the tenant's registry. */
  readonly namespaces: Names
  warn(code: string, detail: string): void
}

/** The URI that everybody knows the authority of an HD by, whose parts start at `first`: its universal id, else the registry's. */
export function authorityUri(
  value: V2Value,
  first: number,
  { namespaces }: SystemContext,
): string | undefined {
  const [namespace, id, type] = partsOf(value, first)
  const registered = namespace === undefined ? undefined : namespaces.get(namespace)
  if (registered !== undefined) return registered
  const universal = id === undefined ? undefined : universalUri(id, type)
  return universal === undefined ? undefined : (namespaces.get(universal) ?? universal)
}

function partsOf(value: V2Value, first: number): readonly (string | undefined)[] {
  return [0, 1, 2].map((at) => textOf(value.part(first + at)))
}

/** The system of an HD whose parts start at `first` of the value: universal id, else the registry, else a URI of our own. */
export function identifierSystem(value: V2Value, first: number, context: SystemContext): string | undefined {
  const known = authorityUri(value, first, context)
  if (known !== undefined) return known
  const [namespace, id] = partsOf(value, first)
  const name = namespace ?? id
  if (name === undefined) return undefined
  const written = universalUri(name, undefined)
  if (written !== undefined) return written
  context.warn('namespace-not-registered', name)
  return `urn:passerelle:ns:${encodeURIComponent(name)}`
}

export interface CodeSystemContext extends SystemContext {
  readonly codeSystems: Names
  /** What the channel says of names that are not the standard's. */
  readonly channelSystems: Names
  /** Who sent it, for systems that mean something only there: `L`, `99LAB`. */
  readonly sender: string
}

/** The URI of a coding system name of table 0396. */
export function codeSystemUri(name: string, context: CodeSystemContext): string {
  const registered =
    context.channelSystems.get(name) ??
    context.codeSystems.get(name) ??
    context.codeSystems.get(name.toUpperCase())
  if (registered !== undefined) return registered
  const table = /^(?:HL7|v2)[-_ ]?(\d{1,4})$/i.exec(name)
  if (table) return v2TableUri(table[1]!)
  const universal = universalUri(name, undefined)
  if (universal !== undefined) return universal
  if (/^(?:L|99\w*)$/i.test(name))
    return `urn:passerelle:cs:${encodeURIComponent(context.sender)}:${encodeURIComponent(name)}`
  context.warn('code-system-unknown', name)
  return `urn:passerelle:cs:${encodeURIComponent(name)}`
}

export function v2TableUri(number: string): string {
  return `http://terminology.hl7.org/CodeSystem/v2-${number.padStart(4, '0')}`
}
