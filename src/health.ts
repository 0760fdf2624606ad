/**
 * Whether this process can do its work. Parts register a check each; the probes ask them. A report names parts and
 * says no more, because the probes need no token; what failed and why goes to the log.
 */
import { Failure } from './kernel/failure.ts'
import type { Log } from './kernel/log.ts'

export interface HealthCheck {
  /** `database`, `queue`, `blobs`, `listener lab` */
  readonly name: string
  /** Rejects when the part cannot do its work now. */
  check(): Promise<unknown>
}

interface HealthReport {
  /** `starting` and `stopping`: don't send work here. */
  readonly status: 'ok' | 'failing' | 'starting' | 'stopping'
  readonly checks: Readonly<Record<string, { readonly status: 'ok' | 'failing'; readonly ms: number }>>
}

export interface Health {
  register(check: HealthCheck): void
  /** From starting to ok to stopping. */
  become(phase: Phase): void
  report(): Promise<HealthReport>
}

type Phase = 'starting' | 'ok' | 'stopping'

export interface HealthOptions {
  readonly log: Log
  /** A check that takes longer has failed. */
  readonly timeoutMs?: number
  /** A report this young is given again: anybody may ask, and asking must cost nothing. */
  readonly reuseMs?: number
}

export function makeHealth({ log, timeoutMs = 2000, reuseMs = 500 }: HealthOptions): Health {
  const checks: HealthCheck[] = []
  const failing = new Set<string>()
  let phase: Phase = 'starting'
  let latest: { at: number; checks: Promise<HealthReport['checks']> } | undefined

  async function runOne({
    name,
    check,
  }: HealthCheck): Promise<[string, { status: 'ok' | 'failing'; ms: number }]> {
    const startedAt = performance.now()
    const error = await withTimeout(check(), timeoutMs).then(
      () => undefined,
      (thrown: unknown) => ({ thrown }),
    )
    noteChange(name, error)
    const ms = Math.round(performance.now() - startedAt)
    return [name, { status: error === undefined ? 'ok' : 'failing', ms }]
  }

  /** One line when a part goes and one when it comes back, not one for each probe. */
  function noteChange(name: string, error: { thrown: unknown } | undefined): void {
    if (error !== undefined && !failing.has(name))
      log.error({ part: name, error: error.thrown }, 'part is failing')
    if (error === undefined && failing.has(name)) log.info({ part: name }, 'part works again')
    if (error === undefined) failing.delete(name)
    else failing.add(name)
  }

  async function runAll(): Promise<HealthReport['checks']> {
    return Object.fromEntries(await Promise.all(checks.map(runOne)))
  }

  return {
    register: (check) => void checks.push(check),
    become(next) {
      phase = next
    },
    async report() {
      if (latest === undefined || performance.now() - latest.at > reuseMs) {
        latest = { at: performance.now(), checks: runAll() }
      }
      const results = await latest.checks
      const sound = Object.values(results).every(({ status }) => status === 'ok')
      return { status: phase === 'ok' && !sound ? 'failing' : phase, checks: results }
    },
  }
}

async function withTimeout(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Failure('timeout', 'health-check-timeout')), ms)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
