/** Notices that the workers' thread stands still. */

/** How often the thread says that it lives. */
export const ALIVE_MS = 5_000
/** A minute. A message of the largest size takes seconds. */
const SILENCES = 12

/**
 * A message that sends the mapping round in circles must not stop all others: the thread is ended, started again, and
 * the message is counted (src/channels/crash-guard.ts). Counted in ticks of our own, which stand still when we do.
 */
export function watchSilence(onSilence: () => void, tickMs = ALIVE_MS): { heard(): void } & Disposable {
  let silences = 0
  const timer = setInterval(() => {
    silences += 1
    if (silences === SILENCES) onSilence()
  }, tickMs).unref()
  return {
    heard: () => void (silences = 0),
    [Symbol.dispose]: () => clearInterval(timer),
  }
}
