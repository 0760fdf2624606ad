/**
 * A limit on how long a function of our own may keep the thread, for work whose length a caller decides: a regular
 * expression or a path that came in with a request. https://nodejs.org/docs/latest-v24.x/api/vm.html#scriptrunincontextcontextifiedobject-options
 */
import { createContext, Script } from 'node:vm'

export interface TimeLimit {
  /** The function's result; undefined when the time was over first. About 0.2 ms. Must not be called by `run` again. */
  within<T extends object>(ms: number, run: () => T): T | undefined
}

export function makeTimeLimit(): TimeLimit {
  // The clock covers whatever the script calls, the regular expressions of another realm included.
  const script = new Script('run()')
  const context: { run: (() => void) | undefined } = { run: undefined }
  createContext(context)
  return {
    within<T extends object>(ms: number, run: () => T) {
      let result: T | undefined
      context.run = () => {
        result = run()
      }
      try {
        script.runInContext(context, { timeout: ms })
        return result
      } catch (thrown) {
        if ((thrown as { code?: unknown } | undefined)?.code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw thrown
        return undefined
      } finally {
        context.run = undefined
      }
    },
  }
}
