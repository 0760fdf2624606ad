/**
 * Doors before workers. While messages come in fast, the workers write one at a time and rest between two, the longer
 * the faster they come: the database acknowledges first and maps later, and the journal holds what waits. At such rates
 * the workers would not keep up anyway; figures in docs/decisions/0013-doors-before-workers.md.
 */
import type { Repository } from '../store/index.ts'

/**
 * What the workers may do. 0: what they can; 1: one write at a time; n: that, and after each a rest of n − 1 times as
 * long as it took.
 */
export type Pace = number

const INTERVAL_MS = 100
/** Messages in one interval that make the doors busy, 200 a second, and for each further step of the pace, 100 a second. */
const BUSY = 20
const STEP = 10
/** The workers never stop: a tenth of the time is theirs. */
const SLOWEST: Pace = 10

/** Counts what comes in and tells each change of the pace. */
export function watchPressure(tell: (pace: Pace) => void): { count(): void } & Disposable {
  let counted = 0
  let pace: Pace = 0
  const timer = setInterval(() => {
    const now = counted < BUSY ? 0 : Math.min(SLOWEST, 1 + Math.floor((counted - BUSY) / STEP))
    counted = 0
    if (now === pace) return
    pace = now
    tell(pace)
  }, INTERVAL_MS).unref()
  return {
    count: () => void counted++,
    [Symbol.dispose]: () => clearInterval(timer),
  }
}

export interface Throttle {
  readonly repository: Repository
  setPace(pace: Pace): void
}

/** The repository, its commits at the pace that is set. */
export function throttleCommits(repository: Repository): Throttle {
  let pace: Pace = 0
  let running = 0
  let rest: NodeJS.Timeout | undefined
  const waiting: (() => void)[] = []

  const mayGo = () => pace === 0 || (running === 0 && rest === undefined)

  function next(): void {
    while (mayGo()) {
      const go = waiting.shift()
      if (go === undefined) return
      running++
      go()
    }
  }

  function ended(tookMs: number): void {
    running--
    if (pace > 1 && rest === undefined) rest = setTimeout(endRest, tookMs * (pace - 1))
    next()
  }

  function endRest(): void {
    clearTimeout(rest)
    rest = undefined
    next()
  }

  return {
    setPace(to) {
      pace = to
      if (pace <= 1) endRest()
    },
    repository: {
      ...repository,
      async commit(...call) {
        await new Promise<void>((go) => {
          waiting.push(go)
          next()
        })
        const begun = performance.now()
        try {
          return await repository.commit(...call)
        } finally {
          ended(performance.now() - begun)
        }
      },
    },
  }
}
