/** What a channel knows that its datasets don't say. */
import type { TimeZone } from '../../kernel/time-zone.ts'

export interface DicomMappingContext {
  readonly tenantKey: string
  readonly channel: string
  /** For times without (0008,0201) Timezone Offset From UTC. */
  readonly timeZone: TimeZone
  /** Namespace of an issuer (or of a private coding scheme) → the system it stands for. */
  readonly identifierSystems: Readonly<Record<string, string>>
  /** System of Patient IDs without an issuer; without it they belong to the channel. */
  readonly patientIdSystem?: string | undefined
  /** System of accession numbers without an issuer; without it they belong to the channel. */
  readonly accessionSystem?: string | undefined
  /** `Endpoint/{id}` of the DICOMweb service. */
  readonly endpoint?: string | undefined
}

/** Finds out about what was left out or doubted; codes only, so that it can be logged. */
export type Warn = (code: string) => void
