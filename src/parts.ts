/** What the program is made of: every part, wired to the ground that all of them stand on. */
import type { GeneratedCredentials } from './access/index.ts'
import type { Config } from './config.ts'
import type { Health } from './health.ts'
import type { Clock } from './kernel/clock.ts'
import type { Log } from './kernel/log.ts'
import type { Part } from './lifecycle.ts'
import type { Metrics } from './metrics.ts'
import { makeAccessParts } from './parts/access-part.ts'
import { makeBinarySweeper } from './parts/binary-sweeper.ts'
import { makeChannelParts } from './parts/channel-parts.ts'
import { makeFhirParts } from './parts/fhir-part.ts'
import { makeHttpParts } from './parts/http-part.ts'
import type { BlobStore } from './store/blobs/index.ts'
import type { Db } from './store/index.ts'

/** What is there before any part starts, and after all have stopped. */
export interface Ground {
  readonly config: Config
  readonly version: string
  readonly clock: Clock
  readonly log: Log
  readonly db: Db
  /** The owner's URL, for what needs connections of its own. */
  readonly databaseUrl: string
  /** Of DICOM objects. */
  readonly blobs: BlobStore
  /** Of Binaries: a store of its own, because what nothing refers to is swept from it. */
  readonly binaryBlobs: BlobStore
  readonly health: Health
  readonly metrics: Metrics
}

export interface Composition {
  /** In the order in which they start. */
  readonly parts: readonly Part[]
  /** Generated at this start, shown once, kept nowhere in the clear. */
  readonly credentials?: GeneratedCredentials
}

export async function composeParts(ground: Ground): Promise<Composition> {
  const access = await makeAccessParts(ground)
  const fhir = makeFhirParts(ground, access.contexts)
  const channels = await makeChannelParts(ground, access, fhir)
  const http = await makeHttpParts(ground, access, fhir)
  const parts = [access.trail, makeBinarySweeper(ground), ...channels, ...http]
  return access.credentials ? { parts, credentials: access.credentials } : { parts }
}
