/**
 * Kills the server, its PostgreSQL and its Redis at random points while senders send, and counts: every acknowledged
 * message was handled once and in order. Then fills the disk of the database: messages are refused and not lost.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { type BenchServer, startServer } from '../../bench/support/server.ts'
import { freePort } from '../support/ports.ts'
import { type FaultyDatabase, startFaultyDatabase } from './database.ts'
import { type Counts, type Findings, findings, makeSenders, type Senders } from './senders.ts'

export type Victim = 'server' | 'database' | 'redis'

export interface OutageOptions {
  readonly rounds: number
  /** One of them is killed in each round, by chance; or `together`, all of them at once. */
  readonly victims: readonly Victim[]
  readonly together?: boolean
  /** How long the database stays away, and then the others; ms. Default: 0.2 to 2 seconds. */
  readonly awayMs?: number
  /** Whether to fill the disk at the end. */
  readonly fullDisk?: boolean
  log(line: string): void
}

export interface OutageReport extends Counts, Findings {
  readonly kills: Readonly<Record<Victim, number>>
  /** While the disk was full: what was acknowledged and what was refused; undefined where no disk could be filled. */
  readonly fullDisk: { readonly acknowledged: number; readonly refused: number } | undefined
}

interface Stage {
  readonly folder: string
  readonly database: FaultyDatabase
  readonly redisPort: number | undefined
  redis: ChildProcess | undefined
  server: BenchServer
}

export async function runOutages(options: OutageOptions): Promise<OutageReport> {
  const { rounds, victims, together = false, awayMs, log } = options
  const senders = makeSenders(4)
  const kills: Record<Victim, number> = { server: 0, database: 0, redis: 0 }
  const stage = await openStage(victims.includes('redis'), 400 + rounds * 30)
  try {
    for (let round = 1; round <= rounds; round++) {
      const chosen = together ? victims : [victims[randomInt(victims.length)]!]
      const stop = new AbortController()
      const sending = senders.send(() => stage.server.mllpPort, stop.signal)
      await sleep(randomInt(300, 2000))
      await killAll(stage, chosen, awayMs ?? randomInt(200, 2000))
      for (const victim of chosen) kills[victim]++
      await sleep(randomInt(300, 1000))
      stop.abort()
      await sending
      log(`round ${round} (${chosen.join(', ')}): ${JSON.stringify(senders.counts)}`)
    }
    const fullDisk = options.fullDisk === true ? await fillDisk(stage, senders) : undefined
    await senders.settle(() => stage.server.mllpPort, 30_000)
    const found = await findings(stage.database.url, senders, 60_000 + 20 * senders.counts.acknowledged)
    return { ...senders.counts, ...found, kills, fullDisk }
  } finally {
    await closeStage(stage)
  }
}

async function openStage(withRedis: boolean, diskMb: number): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'passerelle-outage-'))
  await chmod(folder, 0o711) // The database's account must be able to pass through.
  const database = await startFaultyDatabase(folder, diskMb)
  const redisPort = withRedis ? await freePort() : undefined
  const redis = redisPort === undefined ? undefined : await startRedis(redisPort)
  return { folder, database, redisPort, redis, server: await startOn(folder, database, redisPort) }
}

function startOn(
  folder: string,
  database: FaultyDatabase,
  redisPort: number | undefined,
): Promise<BenchServer> {
  const redis = redisPort === undefined ? {} : { PASSERELLE_REDIS_URL: `redis://127.0.0.1:${redisPort}` }
  const env = { PASSERELLE_DATABASE_URL: database.url, PASSERELLE_LOG_LEVEL: 'silent', ...redis }
  return startServer({ dataDir: join(folder, 'server'), keep: true, env })
}

/** Without a file: after a kill it has forgotten everything. */
async function startRedis(port: number): Promise<ChildProcess> {
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const child = spawn('redis-server', options, { cwd: '/', stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return child
}

async function killAll(stage: Stage, victims: readonly Victim[], awayMs: number): Promise<void> {
  for (const victim of victims) await kill(stage, victim)
  await sleep(awayMs)
  // The server last: it needs the others to start.
  for (const victim of ['database', 'redis', 'server'] as const) {
    if (victims.includes(victim)) await revive(stage, victim)
  }
}

async function kill(stage: Stage, victim: Victim): Promise<void> {
  if (victim === 'database') return stage.database.kill()
  const child = victim === 'redis' ? stage.redis! : stage.server.process
  child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

async function revive(stage: Stage, victim: Victim): Promise<void> {
  if (victim === 'database') return stage.database.start()
  if (victim === 'redis') stage.redis = await startRedis(stage.redisPort!)
  else stage.server = await startOn(stage.folder, stage.database, stage.redisPort)
}

/** Two seconds without a free byte. PostgreSQL may end itself for want of room for its log; then it is started again. */
async function fillDisk({ database, server }: Stage, senders: Senders): Promise<OutageReport['fullDisk']> {
  const { disk } = database
  if (disk === undefined) return undefined
  const before = { ...senders.counts }
  const stop = new AbortController()
  const sending = senders.send(() => server.mllpPort, stop.signal)
  await disk.fill()
  await sleep(2_000)
  const { acknowledged, refused, unanswered } = senders.counts
  await disk.free()
  await database.kill()
  await database.start()
  await sleep(1_000)
  stop.abort()
  await sending
  return {
    acknowledged: acknowledged - before.acknowledged,
    refused: refused + unanswered - before.refused - before.unanswered,
  }
}

async function closeStage({ folder, database, redis, server }: Stage): Promise<void> {
  await server[Symbol.asyncDispose]()
  redis?.kill('SIGTERM')
  await database[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
}
