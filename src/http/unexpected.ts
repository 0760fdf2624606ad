/** What is logged about a failure of our own: where it was, never what it said, because messages quote data. */
import type { Failure } from '../kernel/failure.ts'
import type { Log } from '../kernel/log.ts'

/** Leaves an error line for kinds that an operator has to know of. */
export function logUnexpected(log: Log, failure: Failure, requestId: string): void {
  if (failure.kind !== 'internal' && failure.kind !== 'unavailable' && failure.kind !== 'timeout') return
  const cause = failure.cause instanceof Error ? failure.cause : failure
  const frames = (cause.stack ?? '').split('\n').filter((line) => line.startsWith('    at '))
  const where = frames.slice(0, 8).map((line) => line.trim())
  log.error({ request: requestId, code: failure.code, cause: cause.name, where }, 'request failed')
}
