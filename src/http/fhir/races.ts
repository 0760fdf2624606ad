/** Conditional creates look first and write then; between the two, others may have written. */
import { Failure } from '../../kernel/failure.ts'

/** Each is lost only to somebody who created what was looked for. */
const MAX_ATTEMPTS = 5

/** Runs again, from the look on, when the criteria match by the time of the write. */
export async function retryRaced<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run()
    } catch (error) {
      const isRace = error instanceof Failure && error.code === 'criteria-matched'
      if (!isRace || attempt === MAX_ATTEMPTS) throw error
    }
  }
}
