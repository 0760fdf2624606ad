/** The workers of the pipeline in a thread of their own, seen from the main thread. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'

import type { Config } from '../config.ts'
import { Failure } from '../kernel/failure.ts'
import type { Log, LogFields } from '../kernel/log.ts'
import type { Part } from '../lifecycle.ts'
import type { Metrics } from '../metrics.ts'
import type { Ground } from '../parts.ts'
import { type Pace, watchPressure } from './pressure.ts'
import { watchSilence } from './silence.ts'

export interface WorkerThreadData {
  readonly config: Config
  readonly databaseUrl: string
}

/** What the thread tells. */
export type WorkerThreadMessage =
  | { readonly kind: 'ready' }
  /** Told again and again: whose event loop stands still says nothing. */
  | { readonly kind: 'alive' }
  | {
      readonly kind: 'handled'
      readonly event: Parameters<Metrics['channels']['handled']>[0]
      /** What was warned of since the last one. */
      readonly warned: readonly Parameters<Metrics['channels']['warned']>[0][]
    }
  | {
      readonly kind: 'log'
      readonly level: 'debug' | 'info' | 'warn' | 'error'
      readonly fields: LogFields
      readonly text: string
    }
  | { readonly kind: 'failed'; readonly code: string; readonly params: Failure['params'] }

/** What the thread is told. */
export type WorkerThreadOrder = 'stop' | { readonly pace: Pace }

export interface WorkerThreadPart extends Part {
  /** A message came in at a door. */
  received(): void
}

const RESTART_MS = 1000

/** A thread that ends by itself (memory, a fault of ours) is started again; what it was at is in the journal. */
export function makeWorkerThreadPart({
  config,
  databaseUrl,
  log,
  metrics,
  health,
}: Ground): WorkerThreadPart {
  const pressure = watchPressure((pace) => running?.order({ pace }))
  let running: RunningThread | undefined
  let stopping = false

  async function start(): Promise<void> {
    running = await startThread({ config, databaseUrl }, { log, metrics })
    void running.ended.then(restart)
  }

  async function restart(): Promise<void> {
    running = undefined
    for (;;) {
      if (stopping || running !== undefined) return
      log.error({}, 'the worker thread ended; it is started again')
      await sleep(RESTART_MS)
      await start().catch((error: unknown) => log.error({ error }, 'the worker thread did not start'))
    }
  }

  return {
    name: 'worker',
    received: pressure.count,
    async start() {
      await start()
      health.register({
        name: 'worker',
        async check() {
          if (running === undefined) throw new Failure('unavailable', 'worker-ended')
        },
      })
    },
    async stop() {
      stopping = true
      pressure[Symbol.dispose]()
      running?.order('stop')
      await running?.ended
    },
  }
}

interface RunningThread {
  readonly ended: Promise<void>
  order(order: WorkerThreadOrder): void
}

/** Resolves when the workers work. */
async function startThread(
  workerData: WorkerThreadData,
  { log, metrics }: { readonly log: Log; readonly metrics: Metrics },
): Promise<RunningThread> {
  const thread = new Worker(new URL('./worker-thread.ts', import.meta.url), { workerData })
  const ready = Promise.withResolvers<void>()
  const ended = new Promise<void>((resolve) => thread.once('exit', () => resolve()))
  thread.on('error', (error) => log.error({ error }, 'the worker thread failed'))
  void ended.then(() => ready.reject(new Failure('internal', 'worker-ended')))
  const alive = watchSilence(() => {
    log.error({}, 'the worker thread stands still and is ended')
    void thread.terminate()
  })
  void ended.then(() => alive[Symbol.dispose]())
  thread.on('message', (message: WorkerThreadMessage) => {
    alive.heard()
    switch (message.kind) {
      case 'alive':
        return undefined
      case 'ready':
        return ready.resolve()
      case 'failed':
        return ready.reject(new Failure('invalid', message.code, message.params))
      case 'handled':
        message.warned.forEach(metrics.channels.warned)
        return metrics.channels.handled(message.event)
      case 'log':
        return log[message.level](message.fields, message.text)
    }
  })
  await ready.promise
  return { ended, order: (order) => thread.postMessage(order) }
}
