/**
 * How much work one value set may cause: who may write value sets may write ones that filter a hundred thousand
 * concepts a thousand times.
 */
import { Failure } from '../../kernel/failure.ts'

export interface Limits {
  /** Codes of one value set that can be listed. */
  readonly codes: number
  /** Value sets that one may draw in. */
  readonly valueSets: number
  /** Concepts that its filters may look at. */
  readonly concepts: number
  /** What its regular expressions may take together. A good one takes less than a microsecond a code. */
  readonly regexMs: number
}

export const DEFAULT_LIMITS: Limits = { codes: 10_000, valueSets: 1000, concepts: 5_000_000, regexMs: 500 }

/** What is left of the limits. Each method throws Failure `unsupported`/`value-set-too-costly` when it is used up. */
export interface Budget {
  valueSet(): void
  concepts(count: number): void
  /** Runs with what is left of the time for regular expressions. */
  regex<T>(run: (timeoutMs: number) => T): T
}

export function makeBudget(limits: Limits): Budget {
  let { valueSets, concepts, regexMs } = limits
  return {
    valueSet() {
      if (--valueSets < 0) throw tooCostly(limits)
    },
    concepts(count) {
      concepts -= count
      if (concepts < 0) throw tooCostly(limits)
    },
    regex(run) {
      const left = Math.floor(regexMs)
      if (left < 1) throw tooCostly(limits)
      const start = performance.now()
      try {
        return run(left)
      } finally {
        regexMs -= performance.now() - start
      }
    },
  }
}

export function tooCostly({ codes }: Limits): Failure {
  return new Failure('unsupported', 'value-set-too-costly', { max: codes })
}
