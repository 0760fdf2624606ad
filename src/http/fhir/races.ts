/** Conditional interactions look first and write then; between the two, others may have written. */
import { Failure } from '../../kernel/failure.ts'
import type { FhirRequest, FhirService } from './interaction.ts'

/** Each is lost only to another process that wrote what was looked for. */
const MAX_ATTEMPTS = 20

/**
 * Runs again, from the look on, when the criteria match something else by the time of the write. Who loses once waits
 * for those of this process who want the same, so that a crowd becomes a queue.
 * @param names what is looked for, see raceName
 */
export async function retryRaced<T>(
  { turns }: FhirService,
  names: readonly string[],
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (!isRace(error)) throw error
  }
  return turns.take(names, async () => {
    for (let attempt = 2; ; attempt++) {
      try {
        return await run()
      } catch (error) {
        if (!isRace(error) || attempt === MAX_ATTEMPTS) throw error
      }
    }
  })
}

/** What the request's criteria are called among those who race for the same. */
export function raceName({ caller, type, query, conditions }: FhirRequest): string {
  return `${caller.tenant} ${type}?${conditions.ifNoneExist ?? query}`
}

function isRace(error: unknown): boolean {
  return error instanceof Failure && error.code === 'criteria-matched'
}
