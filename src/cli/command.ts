/** The shape of a command: one file in this folder each, listed in commands.ts. */
import type { Readable } from 'node:stream'
import type { Config } from '../config.ts'
import { Failure } from '../kernel/failure.ts'
import type { Log } from '../kernel/log.ts'

/** What a command may touch of the outside; tests give their own. */
export interface Io {
  /** The result of the command goes here, as it is: bring your own line ends. */
  out(text: string): void
  /** What is said to the person beside it. */
  err(text: string): void
  readonly input: Readable
  /** Read when asked for, so that a command that needs none works under a broken one. */
  config(): Config
  /** Goes beside the result, on stderr, but for `serve`, whose log is its result. */
  log(to?: 'out' | 'err'): Log
  /** Resolves at SIGTERM or SIGINT, or when the npm that started us has ended. For commands that run until they are told to stop. */
  untilStopped(): Promise<void>
}

export interface Command {
  /** `channel`: the first word after `passerelle`. */
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** The whole help text, ending in a line end: forms, then options. */
  readonly usage: string
  /** Gets what follows the name. Returns the exit code; nothing means 0. */
  run(args: readonly string[], io: Io): Promise<number | undefined | void>
}

/** For a call that cannot be understood: the message is shown with the usage, the exit code is 2. */
export function usageFailure(message: string): Failure {
  return new Failure('invalid', 'usage', { message })
}
