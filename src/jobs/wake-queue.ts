/**
 * The queue of lanes to drain. BullMQ has no order per key, so a job says "drain lane L", not "handle message M", and
 * its id is made of the lane's: while one waits, more wakes of that lane change nothing.
 *
 * A wake that comes while the lane is being drained is swallowed the same way, perhaps just after the drain looked for
 * the last time. So when a job has ended and its id is free again, the journal is asked once more and the lane is queued
 * again if it has something to do. Nothing is lost between the two: what was committed before that question is seen by
 * it, and the wake of what is committed after it finds the id free.
 *
 * A job of a worker that died stays "active" until BullMQ notices, and would swallow the wakes of its lane for so long.
 * So an id is good for a while only, and for the process that made it.
 */
import { randomBytes } from 'node:crypto'

import type { Job, JobsOptions } from 'bullmq'

import type { LaneHandler, Wake, WakeQueue } from '../channels/index.ts'
import { type Clock, systemClock } from '../kernel/clock.ts'
import { asFailure } from '../kernel/failure.ts'
import type { TenantId } from '../kernel/ids.ts'
import type { Log } from '../kernel/log.ts'
import { openBull, type QueueBackend } from './bull.ts'
import { makeGrouping, MANY } from './grouping.ts'

/** Numbers only: a lane number is a keyed hash of whose messages they are. */
interface LaneJob {
  readonly tenant: number
  readonly channel: string
  readonly lane: string
}

export interface WakeQueueOptions {
  readonly backend: QueueBackend
  readonly log: Log
  /** Queues of other names in the same backend are strangers to each other. */
  readonly name?: string
  readonly clock?: Clock
}

/** How long wakes of one lane share an id. */
const SHARED_MS = 15_000

/** How long a lane rests after a drain that threw: the database was away, most likely. */
const AFTER_FAILURE_MS = 5_000

/** Opens the queue. On PostgreSQL, migrateQueue must have run. */
export async function openWakeQueue({
  backend,
  log,
  name = 'lanes',
  clock = systemClock,
}: WakeQueueOptions): Promise<WakeQueue> {
  const bull = openBull<LaneJob, number | null>(name, backend)
  const { queue } = bull
  const report = (error: unknown) => log.warn({ code: asFailure(error).code }, 'queue connection failed')
  queue.on('error', report)
  await queue.waitUntilReady()

  const life = randomBytes(4).toString('hex')
  const jobId = ({ tenant, lane }: Wake, when: string | number) => `${tenant}.${lane}.${life}.${when}`
  const idNow = (wake: Wake) => jobId(wake, Math.floor(clock.now() / SHARED_MS))

  /** PostgreSQL has 0.2 ms of work with a job by itself, and 5 with any bulk, which makes temporary tables. */
  async function addAll(jobs: readonly { data: LaneJob; opts: JobsOptions }[]): Promise<void> {
    if (jobs.length >= MANY) await queue.addBulk(jobs.map((job) => ({ name: 'drain', ...job })))
    else for (const { data, opts } of jobs) await queue.add('drain', data, opts)
  }

  const wakeNow = makeGrouping<Wake>({
    keyOf: ({ tenant, lane }) => `${tenant}.${lane}`,
    send: (wakes) => addAll(wakes.map((one) => ({ data: toJob(one), opts: { jobId: idNow(one) } }))),
  })
  const worker: { current?: ReturnType<typeof bull.work>; after: Set<Promise<void>> } = { after: new Set() }

  /** Under an id of their own, so that a lane that waits for its time can be woken for another reason. */
  async function wakeLater(wakes: readonly Wake[], delayMs: number): Promise<void> {
    const opts = { delay: Math.ceil(delayMs) }
    await addAll(wakes.map((one) => ({ data: toJob(one), opts: { ...opts, jobId: jobId(one, 'later') } })))
  }

  const wake: WakeQueue['wake'] = async (wakes, { delayMs = 0 } = {}) => {
    if (wakes.length === 0) return
    await (delayMs > 0 ? wakeLater(wakes, delayMs) : wakeNow(wakes))
  }

  /** After the job has ended: its id is free. */
  async function lookAgain(
    job: Job<LaneJob>,
    again: number | undefined,
    handler: LaneHandler,
  ): Promise<void> {
    const lane = fromJob(job.data)
    if (again !== undefined) await wake([lane], { delayMs: again })
    else if (await handler.isDue(lane)) await wake([lane])
  }

  function followUp(job: Job<LaneJob> | undefined, again: number | undefined, handler: LaneHandler): void {
    if (job === undefined) return
    // The sweeper wakes what is missed here.
    const looking = lookAgain(job, again, handler).catch(report)
    worker.after.add(looking)
    void looking.finally(() => worker.after.delete(looking))
  }

  async function pause(): Promise<void> {
    await worker.current?.close()
    await Promise.all(worker.after)
    delete worker.current
  }

  return {
    wake,
    process(handler, { concurrency }) {
      const made = bull.work(async (job) => (await handler.drain(fromJob(job.data))) ?? null, { concurrency })
      made.on('error', report)
      made.on('completed', (job, again) => followUp(job, again ?? undefined, handler))
      made.on('failed', (job, error) => {
        report(error)
        followUp(job, AFTER_FAILURE_MS, handler)
      })
      worker.current = made
    },
    pause,
    async depth() {
      const counts = await queue.getJobCounts('waiting', 'active', 'delayed')
      return {
        waiting: counts['waiting'] ?? 0,
        active: counts['active'] ?? 0,
        delayed: counts['delayed'] ?? 0,
      }
    },
    async [Symbol.asyncDispose]() {
      await pause()
      await bull.close()
    },
  }
}

function toJob({ tenant, channel, lane }: Wake): LaneJob {
  return { tenant, channel, lane }
}

function fromJob({ tenant, channel, lane }: LaneJob): Wake {
  return { tenant: tenant as TenantId, channel, lane }
}
