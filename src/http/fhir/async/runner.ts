/**
 * Works on what is answered later. Work whose process died is done again: a search and a transaction that was not
 * committed as if nothing had been; a transaction that was, from what it noted with its writes; a batch that had begun
 * not at all, which its client is told.
 */
import { setTimeout as sleep } from 'node:timers/promises'

import { asFailure, Failure } from '../../../kernel/failure.ts'
import type { TenantId } from '../../../kernel/ids.ts'
import type { Log } from '../../../kernel/log.ts'
import type { ClaimedRequest, Run, Statement } from '../../../store/index.ts'
import type { FhirService, LongWork } from '../interaction.ts'
import { keepAnswer, keepProblem } from './answer.ts'
import { revive } from './request.ts'

export interface AsyncRunner {
  /** Never rejects: what can't be done now is due again. */
  run(tenant: TenantId, id: string): Promise<void>
  /** Announces what is due, and forgets answers whose time is over. */
  sweep(tenants: readonly TenantId[]): Promise<void>
}

/** A day: a client may well fetch in the morning what it asked for in the evening. */
const KEPT_MS = 24 * 3_600_000
/** What takes the process down with it is not tried for ever. */
const MAX_ATTEMPTS = 3
/** Well within the lease; so long a cancellation or a progress may go unseen. */
const RENEW_MS = 3_000

export function makeAsyncRunner(service: FhirService, log: Log): AsyncRunner {
  const { asyncRequests: requests } = service

  async function perform(tenant: TenantId, id: string, claimed: ClaimedRequest): Promise<void> {
    const { interaction, request } = revive(service, claimed.request, claimed.body ?? '')
    const { language } = request.caller
    const run = { id, attempt: claimed.attempts }
    if (claimed.once || claimed.attempts > MAX_ATTEMPTS) {
      const interrupted = keepProblem(new Failure('internal', 'async-interrupted'), language)
      return requests.finish(tenant, run, interrupted, KEPT_MS)
    }
    await using work = beginWork(tenant, run, claimed.noted)
    try {
      const answer = await service.perform(interaction, { ...request, work })
      await requests.finish(tenant, run, keepAnswer(answer), KEPT_MS)
    } catch (thrown) {
      const failure = asFailure(thrown)
      if (failure.code === 'async-cancelled') return
      // The database is away, or the like: the lease runs out and somebody tries again.
      if (failure.kind === 'unavailable' && claimed.attempts < MAX_ATTEMPTS) throw failure
      await requests.finish(tenant, run, keepProblem(failure, language), KEPT_MS)
    }
  }

  function beginWork(tenant: TenantId, run: Run, noted: string | undefined): LongWork & AsyncDisposable {
    const ended = new AbortController()
    let progress: string | undefined
    let cancelled = false
    const renewing = renewLease()

    async function renewLease(): Promise<void> {
      while (!ended.signal.aborted) {
        await sleep(RENEW_MS, undefined, { signal: ended.signal, ref: false }).catch(() => {})
        if (ended.signal.aborted) return
        await requests.renew(tenant, run, progress).then(
          (renewed) => {
            cancelled ||= !renewed
          },
          (error: unknown) => log.warn({ code: asFailure(error).code }, 'lease not renewed'),
        )
      }
    }

    return {
      noted,
      note: (text): Statement => requests.note(tenant, run, text),
      async begin() {
        if (!(await requests.markOnce(tenant, run))) throw new Failure('conflict', 'async-cancelled')
      },
      progress(text) {
        progress = text
        if (cancelled) throw new Failure('conflict', 'async-cancelled')
      },
      async [Symbol.asyncDispose]() {
        ended.abort()
        await renewing
      },
    }
  }

  return {
    async run(tenant, id) {
      try {
        const claimed = await requests.claim(tenant, id)
        if (claimed !== undefined) await perform(tenant, id, claimed)
      } catch (error) {
        log.warn({ code: asFailure(error).code }, 'asynchronous request not finished')
      }
    },
    async sweep(tenants) {
      for (const tenant of tenants) {
        await requests.expire(tenant)
        for (const id of await requests.due(tenant)) await service.announce(tenant, id)
      }
    },
  }
}
