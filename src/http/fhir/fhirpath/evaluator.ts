/**
 * Evaluates expressions of clients where they can do no harm: in a thread with a limit of its memory, which is ended
 * when it takes too long. It is started with the first expression and ends when there has been none for a while.
 */
import { Worker } from 'node:worker_threads'

import type { PathAnswer, PathQuestion } from '../../../fhir/index.ts'
import { Failure } from '../../../kernel/failure.ts'

export interface PathEvaluator extends AsyncDisposable {
  /**
   * JSON texts of the `result` parameters.
   * @throws Failure `invalid`/`fhirpath-…`, `unavailable`/`too-much-in-flight`
   */
  evaluate(question: PathQuestion): Promise<string>
}

interface PathEvaluatorLimits {
  /** Of one expression. */
  readonly timeoutMs: number
  readonly memoryMb: number
  /** Text of an answer. */
  readonly maxAnswerLength: number
  /** Expressions that wait. */
  readonly maxWaiting: number
  readonly idleMs: number
}

const DEFAULT_LIMITS: PathEvaluatorLimits = {
  timeoutMs: 2000,
  memoryMb: 128,
  maxAnswerLength: 8_000_000,
  maxWaiting: 50,
  idleMs: 60_000,
}

type Reply = 'ready' | { readonly text: string } | Exclude<PathAnswer, { results: unknown }>

export function makePathEvaluator(limits: PathEvaluatorLimits = DEFAULT_LIMITS): PathEvaluator {
  let thread: Promise<Worker> | undefined
  let idle: NodeJS.Timeout | undefined
  let waiting = 0
  // One after the other: an expression's time is its own.
  let last: Promise<unknown> = Promise.resolve()

  async function end(): Promise<void> {
    const ending = thread
    thread = undefined
    clearTimeout(idle)
    await (await ending?.catch(() => undefined))?.terminate()
  }

  async function run(question: PathQuestion): Promise<string> {
    clearTimeout(idle)
    const worker = await (thread ??= start(limits))
    let reply: Reply
    try {
      reply = await ask(worker, question, limits.timeoutMs)
    } catch (failure) {
      await end()
      throw failure
    }
    idle = setTimeout(() => void end(), limits.idleMs)
    idle.unref()
    return textOf(reply, limits)
  }

  return {
    async evaluate(question) {
      if (waiting >= limits.maxWaiting) throw new Failure('unavailable', 'too-much-in-flight')
      waiting++
      const turn = last.then(() => run(question))
      last = turn.catch(() => {})
      try {
        return await turn
      } finally {
        waiting--
      }
    },
    async [Symbol.asyncDispose]() {
      await last
      await end()
    },
  }
}

async function start({ memoryMb }: PathEvaluatorLimits): Promise<Worker> {
  const worker = new Worker(new URL('thread.ts', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: memoryMb },
    // The engine warns of what it rounds, with the values; they must not end in a log.
    stdout: true,
    stderr: true,
  })
  // It must not keep the program from ending.
  worker.unref()
  worker.stdout.resume()
  worker.stderr.resume()
  // An error that comes when nobody waits ends the thread, not the program.
  worker.on('error', () => {})
  await replyOf(worker)
  return worker
}

function ask(worker: Worker, question: PathQuestion, timeoutMs: number): Promise<Reply> {
  const reply = replyOf(worker)
  const deadline = setTimeout(() => void worker.terminate(), timeoutMs)
  worker.postMessage(question)
  return reply.finally(() => clearTimeout(deadline))
}

/** The next message. A thread that ends without one was ended: for its time, or for its memory. */
function replyOf(worker: Worker): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>()
  const ended = () => reject(new Failure('invalid', 'fhirpath-too-costly'))
  // What it says may quote the resource.
  const failed = ({ code }: NodeJS.ErrnoException) =>
    code === 'ERR_WORKER_OUT_OF_MEMORY' ? ended() : reject(new Failure('internal', 'unexpected'))
  worker.once('message', resolve)
  worker.once('error', failed)
  worker.once('exit', ended)
  return promise.finally(() => {
    worker.off('message', resolve)
    worker.off('error', failed)
    worker.off('exit', ended)
  })
}

function textOf(reply: Reply, { maxAnswerLength }: PathEvaluatorLimits): string {
  if (reply === 'ready') throw new Failure('internal', 'unexpected')
  if ('text' in reply) {
    if (reply.text.length > maxAnswerLength) throw new Failure('invalid', 'fhirpath-too-costly')
    return reply.text
  }
  switch (reply.failed) {
    case 'syntax':
      throw new Failure('invalid', 'fhirpath-syntax', { line: reply.line, column: reply.column })
    case 'function':
      throw new Failure('invalid', 'fhirpath-function', { name: reply.name })
    case 'variable':
      throw new Failure('invalid', 'fhirpath-variable', { name: reply.name })
    case 'evaluation':
      throw new Failure('invalid', 'fhirpath-evaluation')
  }
}
