/**
 * The composition root: configuration → data folder → database → schema → parts. Stops in the opposite order, so that
 * what is in flight can still be finished and written.
 */
import { join } from 'node:path'
import type { Config } from './config.ts'
import { migrateDatabase, openDatabase, type Database } from './database.ts'
import { makeHealth } from './health.ts'
import { systemClock } from './kernel/clock.ts'
import { Failure } from './kernel/failure.ts'
import type { Log } from './kernel/log.ts'
import { startParts, type Endpoint } from './lifecycle.ts'
import { makeMetrics } from './metrics.ts'
import { composeParts, type Composition, type Ground } from './parts.ts'
import { openFileBlobStore } from './store/blobs/index.ts'
import { openDb } from './store/db.ts'
import { programVersion } from './version.ts'

export interface Running extends AsyncDisposable {
  readonly version: string
  readonly endpoints: readonly Endpoint[]
  readonly database: 'embedded' | 'external'
  readonly credentials?: Composition['credentials']
  /** Rejects when the program cannot go on; never resolves. */
  readonly failed: Promise<never>
  /** Takes nothing new, finishes what is in flight, stops the database. */
  stop(): Promise<void>
}

/**
 * Starts the program; resolves when everything listens.
 * @throws Failure whose code src/cli/explain.ts has a sentence for
 */
export async function start(config: Config, { log }: { readonly log: Log }): Promise<Running> {
  await using opened = new AsyncDisposableStack()
  const database = opened.use(await openDatabase(config, log))
  await migrateDatabase(database.url, log)
  const ground = await layGround(config, database, log, opened)
  const { parts, credentials } = await composeParts(ground)
  const started = await startParts(parts, log)
  ground.health.become('ok')

  const open = opened.move() // Nothing failed: what was opened stays open until stop.
  let stopping: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    ground.health.become('stopping')
    await started.stop()
    await open.disposeAsync()
  }
  const failed = database.ended.then(() => {
    if (stopping === undefined) throw new Failure('unavailable', 'database-ended')
    return new Promise<never>(() => undefined)
  })
  failed.catch(() => undefined) // Nobody has to listen.
  const stopOnce = (): Promise<void> => (stopping ??= stop())
  return {
    version: ground.version,
    endpoints: started.endpoints,
    database: database.kind,
    ...(credentials && { credentials }),
    failed,
    stop: stopOnce,
    [Symbol.asyncDispose]: stopOnce,
  }
}

async function layGround(
  config: Config,
  database: Database,
  log: Log,
  opened: AsyncDisposableStack,
): Promise<Ground> {
  const version = programVersion()
  const health = makeHealth({ log })
  const metrics = makeMetrics({ version })
  const db = opened.use(openDb({ url: database.url }))
  const orphanAgeMs = database.kind === 'embedded' ? 0 : SHARED_ORPHAN_AGE_MS
  const openBlobs = (name: string) => openFileBlobStore({ folder: join(config.dataDir, name), orphanAgeMs })
  const [blobs, binaryBlobs] = [await openBlobs('blobs'), await openBlobs('binaries')]
  metrics.watchPool('app', () => db.usage())
  health.register({ name: 'database', check: () => db.system({ text: 'select 1', values: [] }) })
  health.register({ name: 'blobs', check: () => Promise.all([blobs.probe(), binaryBlobs.probe()]) })
  const { url: databaseUrl } = database
  return { config, version, clock: systemClock, log, db, databaseUrl, blobs, binaryBlobs, health, metrics }
}

/** No object takes an hour between two of its parts. */
const SHARED_ORPHAN_AGE_MS = 3_600_000
