/**
 * Works on passes: batch after batch, each noted when it is done, so that a pass whose process died goes on where it was.
 * Between two batches it rests as long as the last one took, so that half of what it could take is left to others even
 * when they are many (`npm run bench -- reindex`).
 */
import { setTimeout as sleep } from 'node:timers/promises'

import { Failure } from '../../kernel/failure.ts'
import type { TenantId } from '../../kernel/ids.ts'
import type { Log } from '../../kernel/log.ts'
import type { Db } from '../db.ts'
import type { SearchModels } from '../search-model/index.ts'
import { typesInUse } from '../search/statements/index.ts'
import { toStatement } from '../search/sql.ts'
import { type BatchResult, reindexBatch } from './batch.ts'
import type { ClaimedReindex, Reindexes } from './reindexes.ts'

export interface Reindexer {
  /** Resolves when the pass is finished, somebody else's, or stopped. Never rejects. */
  run(tenant: TenantId, id: string): Promise<void>
  /** Lets go of what it is at; others may go on at once. */
  stop(): Promise<void>
}

export interface ReindexerDeps {
  readonly db: Db
  readonly models: Pick<SearchModels, 'of' | 'current' | 'changed'>
  readonly reindexes: Reindexes
  readonly log: Log
  /** Names this process among those of the installation. */
  readonly runner: string
  /** Resources a batch. */
  readonly batchSize?: number
  /** The part of the time that it works. */
  readonly share?: number
}

const BATCH = 100
const SHARE = 0.5
const LOOK_MS = 50

export function makeReindexer(deps: ReindexerDeps): Reindexer {
  const { db, models, reindexes, log, runner, batchSize = BATCH, share = SHARE } = deps
  const stopped = new AbortController()
  const running = new Set<Promise<void>>()

  async function pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: stopped.signal, ref: false }).catch(() => {})
  }

  async function begin(tenant: TenantId, id: string): Promise<boolean> {
    while (!stopped.signal.aborted) {
      const state = await reindexes.begin(tenant, id, runner)
      if (state !== 'waiting') return state === 'begun'
      await pause(LOOK_MS)
    }
    return false
  }

  async function batch(tenant: TenantId, type: string, after: string): Promise<BatchResult> {
    for (;;) {
      try {
        return await reindexBatch({ db, modelOf: models.of }, tenant, type, after, batchSize)
      } catch (error) {
        if (!(error instanceof Failure) || error.code !== 'search-model-changed') throw error
        await models.current(tenant)
      }
    }
  }

  /** False: it is not ours any more, or we were stopped. */
  async function pass(tenant: TenantId, { id, types, atType, atId }: ClaimedReindex): Promise<boolean> {
    const rows = await db.query<{ type: string }>(tenant, toStatement(typesInUse(tenant)))
    const present = rows.map(({ type }) => type).filter((type) => types.includes(type))
    if (atType === '') await countResources(tenant, id, present)
    for (const type of present.filter((each) => each >= atType)) {
      let after = type === atType ? atId : ''
      for (;;) {
        if (stopped.signal.aborted) return false
        const begun = performance.now()
        const { last, seen, changed, failures } = await batch(tenant, type, after)
        if (last === undefined) break
        after = last
        const progress = { atType: type, atId: last, seen, changed, failures }
        if (!(await reindexes.advance(tenant, id, runner, progress))) return false
        await pause((performance.now() - begun) * (1 / share - 1))
      }
    }
    return true
  }

  /** For who looks at the progress. Of very many resources it may take too long, and is done without. */
  async function countResources(tenant: TenantId, id: string, types: readonly string[]): Promise<void> {
    try {
      await reindexes.count(tenant, id, types)
    } catch (error) {
      if (!(error instanceof Failure) || error.kind !== 'timeout') throw error
    }
  }

  async function work(tenant: TenantId, id: string): Promise<void> {
    const claimed = await reindexes.claim(tenant, id, runner)
    if (!claimed) return
    try {
      if (!(await begin(tenant, id))) return
      await models.current(tenant)
      if (!(await pass(tenant, claimed))) return
      await reindexes.finish(tenant, id, runner)
      await models.changed(tenant)
      log.info({ reindex: id }, 'the search index is up to date')
    } finally {
      await reindexes.release(tenant, id, runner)
    }
  }

  return {
    run(tenant, id) {
      const done = work(tenant, id).catch((error: unknown) =>
        log.warn({ error, reindex: id }, 'the search index is not up to date yet'),
      )
      running.add(done)
      return done.finally(() => running.delete(done))
    },
    async stop() {
      stopped.abort()
      await Promise.all(running)
    },
  }
}
