/** What an imaging channel needs from outside, and what its file says. */
import type { Clock } from '../../kernel/clock.ts'
import type { TenantId } from '../../kernel/ids.ts'
import type { Log } from '../../kernel/log.ts'
import type { DicomMappingContext } from '../../mapping/index.ts'
import type { BlobStore } from '../../store/blobs/index.ts'
import type { StoredEvent } from './observed-sink.ts'
import type { AuditRecorder, Db, Repository } from '../../store/index.ts'

export interface ImagingDeps {
  readonly db: Db
  readonly blobs: BlobStore
  readonly repository: Repository
  readonly audit: AuditRecorder
  readonly clock: Clock
  readonly log: Log
  /** For metrics. */
  readonly stored?: (event: StoredEvent) => void
}

export interface ImagingChannel {
  readonly tenant: TenantId
  readonly mapping: DicomMappingContext
  /** When a SOP instance comes again with other content. */
  readonly changedInstance: 'keep' | 'overwrite' | 'refuse'
  /** A study is written once it has been quiet for so long, or soon after its last association ends. */
  readonly quietMs: number
}
