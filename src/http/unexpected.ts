/** What is logged about a failure of our own: where it was, never what it said, because messages quote data. */
import type { Failure } from '../kernel/failure.ts'
import type { Log } from '../kernel/log.ts'

/** Leaves an error line where an operator has to know of it. */
export function logUnexpected(log: Log, failure: Failure, requestId: string): void {
  if (!isOurs(failure)) return
  const cause = failure.cause instanceof Error ? failure.cause : failure
  const frames = (cause.stack ?? '').split('\n').filter((line) => line.startsWith('    at '))
  const where = frames.slice(0, 8).map((line) => line.trim())
  log.error(
    { request: requestId, code: failure.code, ...failure.params, cause: cause.name, where },
    'request failed',
  )
}

/** A part that failed has a cause; a limit that we keep to has none. */
function isOurs({ kind, cause }: Failure): boolean {
  return kind === 'internal' || (cause !== undefined && (kind === 'unavailable' || kind === 'timeout'))
}
