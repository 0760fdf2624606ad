/** The requests that are answered later: their queue, who works on them, and who looks for what was forgotten. */

import type { Tenants } from '../access/index.ts'
import type { Http } from '../http/index.ts'
import { type IdQueue, openIdQueue } from '../jobs/index.ts'
import { every } from '../kernel/every.ts'
import { asFailure } from '../kernel/failure.ts'
import type { Part } from '../lifecycle.ts'
import type { Ground } from '../parts.ts'
import { queueBackend } from './queue-backend.ts'

/** Side by side in a process, beside what is answered at once. */
const CONCURRENCY = 2
const SWEEP_MS = 15_000
/** What is not done by then is begun again by whoever comes next. */
const STOP_MS = 10_000

export async function openRequestQueue(ground: Ground): Promise<IdQueue> {
  return openIdQueue({ backend: await queueBackend(ground), name: 'requests', log: ground.log })
}

export function makeAsyncPart(
  { log }: Pick<Ground, 'log'>,
  {
    queue,
    requests,
    tenants,
  }: { queue: IdQueue; requests: Http['requests']; tenants: Pick<Tenants, 'list'> },
): Part {
  const stopped = new AbortController()

  async function sweep(): Promise<void> {
    try {
      await requests.sweep((await tenants.list()).map(({ id }) => id))
    } catch (error) {
      log.warn({ code: asFailure(error).code }, 'asynchronous requests not swept')
    }
  }

  return {
    name: 'asynchronous requests',
    async start() {
      queue.process((tenant, id) => requests.run(tenant, id), CONCURRENCY)
      await sweep()
      void every(SWEEP_MS, stopped.signal, sweep)
    },
    async stop() {
      stopped.abort()
      const late = Promise.withResolvers<void>()
      const timer = setTimeout(late.resolve, STOP_MS)
      await Promise.race([queue[Symbol.asyncDispose](), late.promise])
      clearTimeout(timer)
    },
  }
}
