/** What one search may cost: a chain through references to anything doubles and redoubles with each step. */
import { Failure } from '../../kernel/failure.ts'
import { searchFailure } from './search-failure.ts'

export interface SearchBudget {
  /** @throws Failure `invalid`/`search-tests-too-many` */
  spend(steps: number, parameter: string): void
}

export function makeSearchBudget(): SearchBudget {
  let left = STEPS
  return {
    spend(steps, parameter) {
      left -= steps
      if (left < 0) throw tooMany(parameter)
    },
  }
}

/** A step is a parameter of one type that is looked for: a chain tries those of all types that it may lead to. */
const STEPS = 30_000
/** The rest of what is read costs less, or the database more. */
export const STEPS_OF_VALUE = 0.1
export const STEPS_OF_TEST = 6

const TOO_MANY = 'search-tests-too-many'

export function tooMany(parameter: string): Failure {
  return searchFailure(TOO_MANY, parameter)
}

/** Nobody may go on with the next type, or the next parameter. */
export function isTooMany(error: unknown): boolean {
  return error instanceof Failure && error.code === TOO_MANY
}
