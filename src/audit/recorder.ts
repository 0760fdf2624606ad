/**
 * Makes single accesses durable before they are answered, many at a time: while one insert runs, the rows of the next
 * wait; no timer. So a lone access waits for one commit, and a thousand at once share a few.
 */
import type { TenantId } from '../kernel/ids.ts'
import { Failure } from '../kernel/failure.ts'
import type { Log } from '../kernel/log.ts'
import { auditStatement, type AuditRecorder, type AuditRow, type Db } from '../store/index.ts'

/** What the recorder tells the metrics. */
interface AuditMetrics {
  flushed(rows: number, seconds: number): void
  failed(rows: number): void
}

export interface AuditRecorderDeps {
  readonly db: Pick<Db, 'query'>
  readonly log: Log
  readonly metrics?: AuditMetrics
}

const MAX_ROWS = 500

interface Waiting {
  readonly row: AuditRow
  readonly done: () => void
  readonly failed: (reason: Failure) => void
}

interface Lane {
  waiting: Waiting[]
  running: Promise<void> | undefined
}

/** Disposing waits for what is under way; afterwards nothing is taken any more. */
export function makeAuditRecorder({ db, log, metrics }: AuditRecorderDeps): AuditRecorder & AsyncDisposable {
  const lanes = new Map<TenantId, Lane>()
  let closed = false

  async function flush(tenant: TenantId, group: readonly Waiting[]): Promise<void> {
    const started = performance.now()
    try {
      await db.query(tenant, auditStatement(group.map(({ row }) => row)))
    } catch (error) {
      log.error(
        { rows: group.length, code: error instanceof Failure ? error.code : 'unexpected' },
        'audit not recorded',
      )
      metrics?.failed(group.length)
      const failure = new Failure('unavailable', 'audit-unavailable', {}, { cause: error })
      for (const { failed } of group) failed(failure)
      return
    }
    metrics?.flushed(group.length, (performance.now() - started) / 1000)
    for (const { done } of group) done()
  }

  async function drain(tenant: TenantId, lane: Lane): Promise<void> {
    while (lane.waiting.length > 0) await flush(tenant, lane.waiting.splice(0, MAX_ROWS))
    lanes.delete(tenant)
  }

  return {
    record(tenant, row) {
      if (closed) return Promise.reject(new Failure('unavailable', 'audit-closed'))
      const lane = lanes.get(tenant) ?? { waiting: [], running: undefined }
      lanes.set(tenant, lane)
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      lane.waiting.push({ row, done: resolve, failed: reject })
      lane.running ??= drain(tenant, lane)
      return promise
    },
    async [Symbol.asyncDispose]() {
      closed = true
      await Promise.all([...lanes.values()].flatMap(({ running }) => running ?? []))
    },
  }
}
