/**
 * Regular expressions that clients wrote. Some patterns take for ever on the right text, so they run where they can be
 * stopped, all values in one go.
 */
import { runInNewContext } from 'node:vm'
import { Failure } from '../../kernel/failure.ts'

/**
 * For each list of values whether one of them matches as a whole.
 * @throws Failure `invalid`/`value-set-regex` when the pattern is none, or takes longer
 */
export function matchLists(
  pattern: string,
  lists: readonly (readonly string[])[],
  timeoutMs: number,
): readonly boolean[] {
  try {
    // By itself first: in the group below, `a)|(b` would be a pattern too.
    void new RegExp(pattern, 'u')
    return runInNewContext(
      'const whole = new RegExp(pattern, "u"); lists.map((values) => values.some((value) => whole.test(value)))',
      { pattern: `^(?:${pattern})$`, lists },
      { timeout: timeoutMs },
    ) as readonly boolean[]
  } catch (cause) {
    throw new Failure('invalid', 'value-set-regex', {}, { cause })
  }
}
