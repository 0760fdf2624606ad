/**
 * A queue that carries ids and nothing else: "tenant T has something to do under this id". Whoever is told looks into
 * the database for what it is; an id that is told twice, late or never does no harm.
 */
import { randomBytes } from 'node:crypto'

import { type Clock, systemClock } from '../kernel/clock.ts'
import { asFailure } from '../kernel/failure.ts'
import type { TenantId } from '../kernel/ids.ts'
import type { Log } from '../kernel/log.ts'
import { openBull, type QueueBackend } from './bull.ts'

interface IdJob {
  readonly tenant: number
  readonly id: string
}

export interface IdQueue extends AsyncDisposable {
  /** Never rejects: whoever keeps the ids finds those that nobody was told of. */
  announce(tenant: TenantId, id: string): Promise<void>
  /** Starts to hand ids out, `concurrency` at a time. */
  process(handle: (tenant: TenantId, id: string) => Promise<void>, concurrency: number): void
  /** Hands out no more, and resolves when those being handled are done. */
  pause(): Promise<void>
}

export interface IdQueueOptions {
  readonly backend: QueueBackend
  readonly name: string
  readonly log: Log
  readonly clock?: Clock
}

/** How long the same id is told once only. */
const SHARED_MS = 15_000

/** Opens the queue. On PostgreSQL, migrateQueue must have run. */
export async function openIdQueue({
  backend,
  name,
  log,
  clock = systemClock,
}: IdQueueOptions): Promise<IdQueue> {
  const bull = openBull<IdJob, null>(name, backend)
  const { queue } = bull
  const report = (error: unknown) => log.warn({ code: asFailure(error).code }, 'queue connection failed')
  queue.on('error', report)
  await queue.waitUntilReady()
  // A job of a process that died stays "active" for a while, and its name with it.
  const life = randomBytes(4).toString('hex')
  let worker: ReturnType<typeof bull.work> | undefined

  const pause = async () => {
    await worker?.close()
    worker = undefined
  }
  return {
    async announce(tenant, id) {
      const jobId = `${tenant}.${id}.${life}.${Math.floor(clock.now() / SHARED_MS)}`
      await queue.add('id', { tenant, id }, { jobId }).catch(report)
    },
    process(handle, concurrency) {
      worker = bull.work(
        async ({ data: { tenant, id } }) => {
          await handle(tenant as TenantId, id)
          return null
        },
        { concurrency },
      )
      worker.on('error', report)
    },
    pause,
    async [Symbol.asyncDispose]() {
      await pause()
      await bull.close()
    },
  }
}
