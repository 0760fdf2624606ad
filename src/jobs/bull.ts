/**
 * BullMQ over PostgreSQL or Redis. The only file that knows which: both give the same Queue and Worker.
 * PostgreSQL is for one machine without Redis; Redis (or Valkey) for several.
 */
import { createPostgresBackend, Queue, Worker, withBackend } from 'bullmq'
import type { Processor, QueueOptions, WorkerOptions } from 'bullmq'
import { Redis } from 'ioredis'

export type QueueBackend =
  /** URL of a user that may become passerelle_app. */
  { readonly kind: 'postgres'; readonly url: string } | { readonly kind: 'redis'; readonly url: string }

/** What the wake queue uses of BullMQ; the two backends differ in type arguments only. */
export interface Bull<Data, Result> {
  readonly queue: Queue<Data, Result>
  work(processor: Processor<Data, Result>, options: { concurrency: number }): Worker<Data, Result>
  close(): Promise<void>
}

/** Jobs that a crash of the database loses are found again by the sweeper, so they need not wait for the disk. */
const SESSION_OPTIONS = '-c role=passerelle_app -c synchronous_commit=off -c jit=off'

/** Nobody reads BullMQ's event stream here; it is kept short. */
const STREAMS = { events: { maxLen: 100 } }

/** Finished jobs leave nothing behind: the journal is the record. */
const FINISHED = { removeOnComplete: { count: 0 }, removeOnFail: { count: 0 } }

/** A job whose worker died is handed to another one within half a minute, however often that happens. */
const STALLED = { lockDuration: 20_000, stalledInterval: 10_000, maxStalledCount: 1_000 }

const postgres = withBackend(createPostgresBackend)

/** Creates or updates BullMQ's tables, as the owner of the database. Safe to call from several processes at once. */
export async function migrateQueue(url: string): Promise<void> {
  const queue = new postgres.Queue('migration', {
    connection: { connectionString: url, max: 1, migrate: true },
  })
  try {
    await queue.waitUntilReady()
  } finally {
    await queue.close()
  }
}

export function openBull<Data, Result>(name: string, backend: QueueBackend): Bull<Data, Result> {
  return backend.kind === 'postgres' ? overPostgres(name, backend.url) : overRedis(name, backend.url)
}

function overPostgres<Data, Result>(name: string, url: string): Bull<Data, Result> {
  const connection = (max: number) => ({ connectionString: url, max, options: SESSION_OPTIONS })
  const queue = new postgres.Queue(name, { connection: connection(2), streams: STREAMS }) as unknown as Queue<
    Data,
    Result
  >
  return {
    queue,
    work: (processor, { concurrency }) =>
      new postgres.Worker(name, processor as Processor, {
        ...FINISHED,
        ...STALLED,
        concurrency,
        connection: connection(Math.min(concurrency + 1, 6)),
      }) as unknown as Worker<Data, Result>,
    close: () => queue.close(),
  }
}

function overRedis<Data, Result>(name: string, url: string): Bull<Data, Result> {
  // Without a limit of retries a command waits for Redis to come back; BullMQ asks for that in workers.
  const connection = new Redis(url, { maxRetriesPerRequest: null })
  const options: QueueOptions & WorkerOptions = { connection, prefix: 'passerelle' }
  const queue = new Queue<Data, Result>(name, { ...options, streams: STREAMS })
  return {
    queue,
    work: (processor, { concurrency }) =>
      new Worker<Data, Result>(name, processor, {
        ...options,
        ...FINISHED,
        ...STALLED,
        concurrency,
      }),
    async close() {
      await queue.close()
      connection.disconnect()
    },
  }
}
