/** Work that comes again: sweeps for what was forgotten. */
import { setInterval } from 'node:timers/promises'

/** Acts every `ms` milliseconds, never twice at once, until the signal aborts. Keeps no process from ending. */
export async function every(ms: number, signal: AbortSignal, act: () => Promise<void>): Promise<void> {
  try {
    for await (const _ of setInterval(ms, undefined, { signal, ref: false })) await act()
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
