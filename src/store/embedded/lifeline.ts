/** Programs of PostgreSQL that end when we end, however we end. */
import { spawn, type ChildProcess } from 'node:child_process'
import type { Account } from './account.ts'

/**
 * The shell becomes the program after it left a watcher behind, which holds the read end of our pipe. When the pipe
 * closes, because we ask or because we were killed, the watcher sends SIGINT: to the server a fast shutdown, to initdb
 * the order to clear up. A line on the pipe tells it that the program has ended already. The watcher is orphaned on
 * purpose, so that the program has no child that it does not know.
 */
const LAUNCH = `exec 3<&0 </dev/null; program=$$
( ( read -r ended <&3 || kill -INT "$program" ) >/dev/null 2>&1 & )
exec 3<&-; exec "$@"`

/** Nothing of our environment reaches the program: a stray PGDATA or LC_ALL must not change what it does. */
const ENVIRONMENT: NodeJS.ProcessEnv = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }

export interface Tied {
  readonly child: ChildProcess
  /** Resolves when the program has ended, or could not be started. */
  readonly ended: Promise<void>
  /** Sends SIGINT, as our own end would. */
  cut(): void
}

/** Starts the program; its standard error is a pipe, the rest goes nowhere. */
export function spawnTied(program: string, args: readonly string[], account: Account | undefined): Tied {
  const child = spawn('/bin/sh', ['-c', LAUNCH, 'sh', program, ...args], {
    ...account,
    cwd: '/',
    env: ENVIRONMENT,
    // A session of its own: Ctrl-C in the terminal is for us, and we stop the server last.
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  child.stdin.on('error', () => undefined) // EPIPE after the watcher has gone.
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      child.stdin.end('ended\n')
      resolve()
    })
    child.once('error', () => resolve())
  })
  return { child, ended, cut: () => void child.stdin.destroy() }
}
