/**
 * Doors before workers. While messages come in fast, the workers write one at a time, so that the database acknowledges
 * first and maps later; the journal holds what waits.
 */
import type { Repository } from '../store/index.ts'

/** Messages in one interval that make the doors busy: 200 a second. */
const BUSY = 20
const INTERVAL_MS = 100

/** Counts what comes in and tells when that begins or ends to be much. */
export function watchPressure(tell: (busy: boolean) => void): { count(): void } & Disposable {
  let counted = 0
  let busy = false
  const timer = setInterval(() => {
    const now = counted >= BUSY
    counted = 0
    if (now === busy) return
    busy = now
    tell(busy)
  }, INTERVAL_MS).unref()
  return {
    count: () => void counted++,
    [Symbol.dispose]: () => clearInterval(timer),
  }
}

export interface Throttle {
  readonly repository: Repository
  setBusy(busy: boolean): void
}

/** The repository, with one commit at a time while the doors are busy. */
export function throttleCommits(repository: Repository): Throttle {
  let limit = Infinity
  let running = 0
  const waiting: (() => void)[] = []

  function next(): void {
    while (running < limit && waiting.length > 0) {
      running++
      waiting.shift()!()
    }
  }

  return {
    setBusy(busy) {
      limit = busy ? 1 : Infinity
      next()
    },
    repository: {
      ...repository,
      async commit(...call) {
        await new Promise<void>((go) => {
          waiting.push(go)
          next()
        })
        try {
          return await repository.commit(...call)
        } finally {
          running--
          next()
        }
      },
    },
  }
}
