/** The running server: spawned with a lifeline to us, ready when it says so, ended by a fast shutdown. */
import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from '../../kernel/failure.ts'
import type { Log } from '../../kernel/log.ts'
import type { Account } from './account.ts'
import type { Binaries } from './binaries.ts'
import { SERVER_ENV } from './cluster.ts'

export interface ServerRequest {
  readonly binaries: Binaries
  readonly account: Account | undefined
  /** Real path: it stands in the command line, by which a later start knows the process. */
  readonly cluster: string
  readonly socketFolder: string
  readonly log: Log
}

export interface Server {
  readonly pid: number
  /** Settles when the server has ended, asked or not. */
  readonly ended: Promise<void>
  /** Fast shutdown: sessions are cut, a checkpoint is written. */
  stop(): Promise<void>
}

/**
 * The shell becomes the server after it left a watcher behind, which holds the read end of our pipe. When the pipe
 * closes, because we ask or because we were killed, the watcher sends SIGINT: a fast shutdown. A line on the pipe
 * tells it that the server has ended already. The watcher is orphaned on purpose, so that it is no child of the server.
 */
const LAUNCH = `exec 3<&0 </dev/null; server=$$
( ( read -r ended <&3 || kill -INT "$server" ) >/dev/null 2>&1 & )
exec 3<&-; exec "$@"`

/** How often a start is tried: the last processes of a killed server may hold its shared memory for a moment. */
const ATTEMPTS = 5

/** @throws Failure `unavailable`/`database-start-failed` with the server's own reason. */
export async function startServer(request: ServerRequest): Promise<Server> {
  for (let attempt = 1; ; attempt += 1) {
    const started = await tryStart(request)
    if ('pid' in started) return started
    if (attempt === ATTEMPTS || !/shared memory|lock file/.test(started.reason)) {
      throw new Failure('unavailable', 'database-start-failed', { reason: started.reason })
    }
    await sleep(200 * attempt)
  }
}

async function tryStart(request: ServerRequest): Promise<Server | { reason: string }> {
  const child = launch(request)
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      child.stdin?.end('ended\n')
      resolve()
    })
    child.once('error', () => resolve())
  })
  const reason = await readyOrReason(child, request.log)
  if (reason !== undefined) return { reason }
  return {
    pid: child.pid!,
    ended,
    async stop() {
      child.stdin?.destroy()
      const impatience = setTimeout(() => child.kill('SIGQUIT'), 30_000)
      await ended
      clearTimeout(impatience)
    },
  }
}

function launch({ binaries, account, cluster, socketFolder }: ServerRequest): ChildProcess {
  const options = ['-D', cluster, '-c', 'listen_addresses=', '-c', `unix_socket_directories=${socketFolder}`]
  const child = spawn('/bin/sh', ['-c', LAUNCH, 'sh', binaries.postgres, ...options], {
    ...account,
    cwd: '/',
    env: SERVER_ENV,
    // A session of its own: Ctrl-C in the terminal is for us, and we stop the server last.
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  child.stdin!.on('error', () => undefined) // EPIPE after the watcher has gone.
  return child
}

/** Reads the server's own log, line by line. Undefined when it accepts connections, its last words when it ended. */
function readyOrReason(child: ChildProcess, log: Log): Promise<string | undefined> {
  return new Promise((resolve) => {
    let lastWords = 'it ended without a word'
    const lines = createInterface({ input: child.stderr! })
    lines.on('line', (line) => {
      const grave = /^(?:FATAL|PANIC):\s+(.*)/.exec(line)
      if (grave) lastWords = grave[1]!
      else if (line.includes('while loading shared libraries')) lastWords = line
      if (line.includes('database system is ready to accept connections')) resolve(undefined)
      if (grave) log.warn({ part: 'postgres' }, line)
      else log.debug({ part: 'postgres' }, line)
    })
    lines.once('close', () => resolve(lastWords))
    child.once('error', (error) => resolve(error.message))
  })
}
