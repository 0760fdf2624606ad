/**
 * Messages that end the process which handles them (out of memory, a fault in a native part) must not be tried for ever.
 * What ended a worker was here before the next one started, so only such messages are counted before they are begun: a
 * worker that runs well writes nothing. One that was begun before and not finished is handled alone, so that those that
 * were at work beside it are not blamed; after so many times it is held.
 */
import type { Clock } from '../kernel/clock.ts'
import { Failure } from '../kernel/failure.ts'
import type { TenantId } from '../kernel/ids.ts'
import type { Journal, OpenMessage } from '../store/index.ts'
import type { Hl7Channel } from './config/channel.ts'

export interface CrashGuardDeps {
  readonly journal: Pick<Journal, 'begin'>
  readonly clock: Clock
}

export interface CrashGuard {
  /** Handles a message. @throws Failure `unsupported`/`message-ends-worker` instead, when it ended too many workers */
  run<T>(tenant: TenantId, channel: Hl7Channel, message: OpenMessage, handle: () => Promise<T>): Promise<T>
}

/** Of listeners on other machines. */
const CLOCK_SKEW_MS = 5_000

/** For one worker's life, which begins with the call. */
export function makeCrashGuard({ journal, clock }: CrashGuardDeps): CrashGuard {
  const startedAt = clock.now()
  // A message that is tried again in the same life did not end it.
  const begun = new Set<string>()
  const gate = makeGate()

  async function timesBegun(tenant: TenantId, message: OpenMessage): Promise<number> {
    if (message.receivedAt > startedAt + CLOCK_SKEW_MS || begun.has(message.id)) return 1
    const times = await journal.begin(tenant, message)
    begun.add(message.id)
    return times
  }

  return {
    async run(tenant, { retry }, message, handle) {
      const times = await timesBegun(tenant, message)
      if (times > retry.crashes) throw new Failure('unsupported', 'message-ends-worker')
      await gate.enter(times > 1)
      try {
        return await handle()
      } finally {
        gate.leave(times > 1)
      }
    },
  }
}

interface Waiting {
  readonly alone: boolean
  go(): void
}

/** Many together, or one alone; who waits longest goes first. */
function makeGate() {
  const waiting: Waiting[] = []
  let inside = 0
  let isAlone = false

  function admit(): void {
    for (;;) {
      const next = waiting[0]
      if (next === undefined || isAlone || (next.alone && inside > 0)) return
      waiting.shift()
      inside += 1
      isAlone = next.alone
      next.go()
    }
  }

  return {
    enter: (alone: boolean): Promise<void> =>
      new Promise((go) => {
        waiting.push({ alone, go })
        admit()
      }),
    leave(alone: boolean): void {
      inside -= 1
      if (alone) isAlone = false
      admit()
    },
  }
}
