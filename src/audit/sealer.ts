/** Seals what was recorded, every second, and keeps the partitions of the coming months ready. */
import type { Clock } from '../kernel/clock.ts'
import { asFailure } from '../kernel/failure.ts'
import type { Log } from '../kernel/log.ts'
import { prepareAudit, unsealedTenants, type Db } from '../store/index.ts'
import { sealTenant } from './seal.ts'

export interface SealerDeps {
  readonly db: Db
  readonly clock: Clock
  readonly log: Log
  readonly key: Buffer
  /** Between the end of a round and the next. With the longest running write it is the window without a seal. */
  readonly pauseMs?: number
}

interface Sealer {
  readonly name: 'audit-sealer'
  /** Resolves when the partitions are there. */
  start(): Promise<void>
  /** Seals once more and ends. */
  stop(): Promise<void>
}

const DAY_MS = 86_400_000

/** Several processes may run one each: a tenant is sealed by whoever holds its lock. */
export function makeSealer(deps: SealerDeps): Sealer {
  const { db, clock, log, pauseMs = 1000 } = deps
  let timer: NodeJS.Timeout | undefined
  let round: Promise<void> = Promise.resolve()
  let stopped = false
  let preparedAt = 0

  async function prepare(): Promise<void> {
    await prepareAudit(db)
    preparedAt = clock.now()
  }

  async function sealAll(): Promise<void> {
    if (clock.now() - preparedAt >= DAY_MS) await prepare()
    for (const tenant of await unsealedTenants(db)) await sealTenant(deps, tenant)
  }

  async function seal(): Promise<void> {
    try {
      await sealAll()
    } catch (error) {
      // The rows wait for the next round; nothing is lost, only sealed later.
      log.warn({ code: asFailure(error).code }, 'audit trail not sealed')
    }
    if (!stopped) schedule()
  }

  function schedule(): void {
    timer = setTimeout(() => {
      round = seal()
    }, pauseMs)
    timer.unref()
  }

  return {
    name: 'audit-sealer',
    async start() {
      await prepare()
      schedule()
    },
    async stop() {
      stopped = true
      clearTimeout(timer)
      await round
      await seal()
    },
  }
}
