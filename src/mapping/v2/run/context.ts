/** What a message is mapped with, beside its own text. Nothing here comes from a clock or from chance. */
import type { Dictionary } from '../dictionary.ts'
import type { Hl7Message } from '../../../hl7/index.ts'

export interface MappingContext {
  /** Key of the tenant: the namespace of all ids. */
  readonly tenantKey: string
  /** Name of the channel, for meta.source. */
  readonly channel: string
  /** When the message was received, epoch ms: what Provenance.recorded says when the message has no time of its own. */
  readonly receivedAt: number
  /** IANA name; default `Europe/Paris`. */
  readonly timeZone?: string
  /** Named choices of config/mapping/switches.tsv. */
  readonly switches?: Readonly<Record<string, string>>
  /** Assigning authority or code system name → URI. */
  readonly namespaces?: Readonly<Record<string, string>>
  /**
   * Which repetition of PID-3 names the patient: identifier types (CX.5) or authorities (CX.4.1, or their URI), most
   * preferred first. Default `["PI", "MR"]`; else the first one with an authority, else the first one.
   */
  readonly patientIdentifier?: readonly string[]
  /** What the tenant keeps to read messages with; `namespaces` go over it. */
  readonly dictionary?: Dictionary
  /** The ConceptMaps to use, by URL, name or id; undefined: every one that names its source system. */
  readonly conceptMaps?: readonly string[]
  /** Whether to tell for each element which rows made it. */
  readonly trace?: boolean
}

export interface Warning {
  /** Stable: `code-unmapped`, `segment-unexpected`. */
  readonly code: string
  /** Table row, segment or name that it is about. No patient data. */
  readonly about: string
  /** How often in this message. */
  readonly count: number
}

/** meta.source of everything that a message writes. */
export function sourceOf(message: Hl7Message, { channel }: MappingContext): string {
  return `urn:passerelle:${encodeURIComponent(channel)}#${encodeURIComponent(message.get('MSH-10') ?? '')}`
}
