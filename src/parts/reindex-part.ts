/**
 * Passes that bring search indexes up to date: their queue, who works on them, and who looks for what was forgotten. At the
 * start a pass is asked for wherever the index is from an earlier program.
 */
import { randomUUID } from 'node:crypto'

import type { Tenants } from '../access/index.ts'
import { type IdQueue, openIdQueue } from '../jobs/index.ts'
import { every } from '../kernel/every.ts'
import { asFailure } from '../kernel/failure.ts'
import { type TenantId, uuidv7 } from '../kernel/ids.ts'
import type { Part } from '../lifecycle.ts'
import type { Ground } from '../parts.ts'
import { makeReindexer } from '../store/index.ts'
import type { FhirParts } from './fhir-part.ts'
import { queueBackend } from './queue-backend.ts'

/** Side by side in a process: of one tenant there is one at a time. */
const CONCURRENCY = 2
const SWEEP_MS = 5_000

export async function openReindexQueue(ground: Ground): Promise<IdQueue> {
  return openIdQueue({ backend: await queueBackend(ground), name: 'reindex', log: ground.log })
}

export function makeReindexPart(
  { db, log }: Pick<Ground, 'db' | 'log'>,
  { definitions, store }: Pick<FhirParts, 'definitions' | 'store'>,
  { queue, tenants }: { readonly queue: IdQueue; readonly tenants: Pick<Tenants, 'get'> },
): Part {
  const { models, reindexes } = store
  const reindexer = makeReindexer({ db, models, reindexes, log, runner: randomUUID() })
  const stopped = new AbortController()

  async function run(tenant: TenantId, id: string): Promise<void> {
    // Its time zone and its addresses are part of what is indexed.
    if (await tenants.get(tenant)) await reindexer.run(tenant, id)
  }

  async function requestOutdated(): Promise<void> {
    const types = definitions.resourceTypes.filter((type) => type !== 'AuditEvent')
    for (const { tenant, key, version } of await reindexes.outdated()) {
      const { did } = await reindexes.request(tenant, { id: uuidv7(), types, isWhole: true })
      if (did === 'added')
        log.warn({ tenant: key, version }, 'the search index is of an earlier program and is renewed')
    }
  }

  async function sweep(): Promise<void> {
    try {
      for (const { tenant, id } of await reindexes.due()) await queue.announce(tenant, id)
    } catch (error) {
      log.warn({ code: asFailure(error).code }, 'passes over the search index not swept')
    }
  }

  return {
    name: 'search index',
    async start() {
      queue.process(run, CONCURRENCY)
      await requestOutdated()
      await sweep()
      void every(SWEEP_MS, stopped.signal, sweep)
    },
    async stop() {
      stopped.abort()
      await reindexer.stop()
      await queue[Symbol.asyncDispose]()
    },
  }
}
