/** SIGTERM and SIGINT: the first asks to stop, one more ends the program where it stands. */
import type { EventEmitter } from 'node:events'

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
