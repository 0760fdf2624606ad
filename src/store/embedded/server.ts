/** The running server: spawned with a lifeline to us, ready when it says so, ended by a fast shutdown. */
import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from '../../kernel/failure.ts'
import type { Log } from '../../kernel/log.ts'
import type { Account } from './account.ts'
import type { Binaries } from './binaries.ts'
import { spawnTied } from './lifeline.ts'

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
  const { binaries, account, cluster, socketFolder, log } = request
  const options = ['-D', cluster, '-c', 'listen_addresses=', '-c', `unix_socket_directories=${socketFolder}`]
  const { child, ended, cut } = spawnTied(binaries.postgres, options, account)
  const reason = await readyOrReason(child, log)
  if (reason !== undefined) return { reason }
  return {
    pid: child.pid!,
    ended,
    async stop() {
      cut()
      const impatience = setTimeout(() => child.kill('SIGQUIT'), 30_000)
      await ended
      clearTimeout(impatience)
    },
  }
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
