/** When a message that failed is tried again, and when it is held for an operator. */
import type { Failure } from '../kernel/failure.ts'
import type { Hl7Channel } from './config/channel.ts'

export type RetryPolicy = Omit<Hl7Channel['retry'], 'crashes'>

/**
 * `attempts` counts this one. A part that is away is waited for without end: holding every message because the database
 * restarted would make work for people. What the message itself causes (a mapping that doesn't fit, a resource that is
 * not valid) fails the same way next time and is held at once. The rest (lost races, our own faults) is tried again.
 */
export function afterFailure(
  failure: Failure,
  attempts: number,
  policy: RetryPolicy,
  random: () => number,
): { delayMs: number } | 'hold' {
  switch (failure.kind) {
    case 'unavailable':
    case 'timeout':
      return { delayMs: delayOf(attempts, policy, random) }
    case 'conflict':
    case 'precondition':
    case 'internal':
      return attempts >= policy.attempts ? 'hold' : { delayMs: delayOf(attempts, policy, random) }
    case 'invalid':
    case 'unauthenticated':
    case 'forbidden':
    case 'not-found':
    case 'gone':
    case 'too-large':
    case 'unsupported':
      return 'hold'
  }
}

/** Doubles up to the limit; between half of that and all of it, so that what failed together doesn't come back together. */
function delayOf(
  attempts: number,
  { firstDelaySeconds, maxDelaySeconds }: RetryPolicy,
  random: () => number,
): number {
  const full = Math.min(firstDelaySeconds * 2 ** Math.min(attempts - 1, 30), maxDelaySeconds)
  return Math.round(full * 1_000 * (0.5 + random() / 2))
}
