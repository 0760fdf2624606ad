/** The thread of the pipeline's workers: a connection pool, the store and the mapping of its own. */
import { on } from 'node:events'
import { constants, platform, setPriority } from 'node:os'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'

import { makeTenants } from '../access/index.ts'
import { makeHealth } from '../health.ts'
import { systemClock } from '../kernel/clock.ts'
import { asFailure } from '../kernel/failure.ts'
import type { Log, LogFields } from '../kernel/log.ts'
import type { Metrics } from '../metrics.ts'
import { openFileBlobStore } from '../store/blobs/index.ts'
import { openDb } from '../store/index.ts'
import { makeFhirParts } from './fhir-part.ts'
import { makePipeline, type PipelineGround } from './pipeline.ts'
import { makeTenantContexts } from './tenant-contexts.ts'
import { throttleCommits } from './pressure.ts'
import { ALIVE_MS } from './silence.ts'
import type { WorkerThreadData, WorkerThreadMessage, WorkerThreadOrder } from './worker-part.ts'

// The doors come first: on Linux this is the priority of this thread only.
if (platform() === 'linux') setPriority(constants.priority.PRIORITY_LOW)

const port = parentPort!
const { config, databaseUrl } = workerData as WorkerThreadData
const tell = (message: WorkerThreadMessage) => port.postMessage(message)

try {
  await work()
} catch (error) {
  const { code, params } = asFailure(error)
  tell({ kind: 'failed', code, params })
}

async function work(): Promise<void> {
  const log = makeToldLog({}, config.logLevel === 'debug')
  const clock = systemClock
  await using db = openDb({ url: databaseUrl, maxConnections: 8 })
  const contexts = makeTenantContexts(makeTenants({ db, clock }), config.http.publicUrl)
  await contexts.tenants.list()
  const warned: Parameters<Metrics['channels']['warned']>[0][] = []
  const ground: PipelineGround = {
    config,
    db,
    databaseUrl,
    clock,
    log,
    health: makeHealth({ log }), // Nobody asks it: the main thread checks the queue itself.
    metrics: {
      channels: {
        received() {},
        handled: (event) => tell({ kind: 'handled', event, warned: warned.splice(0) }),
        warned: (event) => void warned.push(event),
      },
      watchQueues() {},
    },
  }
  const binaryBlobs = await openFileBlobStore({
    folder: join(config.dataDir, 'binaries'),
    orphanAgeMs: Infinity, // The main thread clears up.
  })
  const fhir = makeFhirParts({ ...ground, binaryBlobs }, contexts)
  const throttle = throttleCommits(fhir.store.repository)
  const { channels, queue } = await makePipeline(ground, contexts, {
    ...fhir,
    store: { ...fhir.store, repository: throttle.repository },
  })
  await channels.startWork()
  tell({ kind: 'ready' })
  const alive = setInterval(() => tell({ kind: 'alive' }), ALIVE_MS)
  for await (const [order] of on(port, 'message') as AsyncIterable<[WorkerThreadOrder]>) {
    if (order === 'stop') break
    throttle.setPace(order.pace)
  }
  clearInterval(alive)
  throttle.setPace(0)
  await channels.stopWork()
  await queue.stop()
}

/** Lines go to the main thread's log; of an error only what may be told. */
function makeToldLog(always: LogFields, debugs: boolean): Log {
  const line = (level: 'debug' | 'info' | 'warn' | 'error') => (fields: LogFields, text: string) => {
    const told = Object.entries({ ...always, ...fields }).map(([name, value]) => [
      name,
      value instanceof Error ? asFailure(value).message : value,
    ])
    tell({ kind: 'log', level, fields: Object.fromEntries(told) as LogFields, text })
  }
  return {
    debug: debugs ? line('debug') : () => {},
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: (fields) => makeToldLog({ ...always, ...fields }, debugs),
  }
}
