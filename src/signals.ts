/** SIGTERM and SIGINT: the first asks to stop, one more ends the program where it stands. */
import type { EventEmitter } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Signals {
  /** Resolves at the first signal. Before anybody waits for it a signal ends the program as usual. */
  readonly first: Promise<void>
}

/** npm passes Ctrl-C on to a child that the terminal has told already: so close together they are one. */
const SAME_MS = 1000

interface Process extends EventEmitter {
  exit(code: number): never
}

export function watchSignals(program: Process, now: () => number = () => performance.now()): Signals {
  let wanted: Promise<void> | undefined
  return {
    get first() {
      wanted ??= new Promise((resolve) => {
        let firstAt: number | undefined
        const onSignal = (): void => {
          if (firstAt === undefined) {
            firstAt = now()
            resolve()
          } else if (now() - firstAt > SAME_MS) program.exit(1)
        }
        program.on('SIGTERM', onSignal)
        program.on('SIGINT', onSignal)
      })
      return wanted
    },
  }
}

/**
 * Resolves when the process that started us is gone: an orphan gets another parent. npm leaves its scripts running when
 * it is killed, and a server that nobody knows of would hold ports and data folder.
 */
export async function parentEnded(
  parentPid: () => number = () => process.ppid,
  everyMs = 250,
): Promise<void> {
  const parent = parentPid()
  while (parentPid() === parent) await sleep(everyMs, undefined, { ref: false })
}
