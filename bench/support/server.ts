/** A server of its own for a benchmark: fresh data folder, free ports, known credentials; gone afterwards. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { meter, peakMemoryMb, type Usage, withDescendants } from './usage.ts'

export interface BenchServer extends AsyncDisposable {
  readonly base: URL
  /** `/t/bench/fhir` */
  readonly fhir: string
  readonly mllpPort: number
  readonly dicomPort: number
  readonly dataDir: string
  /** From the start of the process to ready. */
  readonly readyMs: number
  readonly process: ChildProcess
  token(): Promise<string>
  /** CPU of the server and of its database since the call, at the time the answer is called. */
  measureUsage(): () => { server: Usage; database: Usage }
  /** The most that the server's process has had in memory so far. */
  peakMemoryMb(): number
}

export interface BenchServerOptions {
  readonly dataDir?: string
  readonly env?: Readonly<Record<string, string>>
  /** Keeps the data folder for another start. */
  readonly keep?: boolean
  /** Of the client, when the folder has one from an earlier start. */
  readonly secret?: string
}

const CLIENT = 'bench'

export async function startServer(options: BenchServerOptions = {}): Promise<BenchServer> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'passerelle-bench-'))
  const secret = options.secret ?? randomBytes(24).toString('base64url')
  const [httpPort, mllpPort, dicomPort] = await freePorts(3)
  const started = performance.now()
  const child = spawn(process.execPath, startArguments(), {
    env: {
      ...process.env,
      PASSERELLE_DATA_DIR: dataDir,
      PASSERELLE_HTTP_PORT: String(httpPort),
      PASSERELLE_MLLP_PORT: String(mllpPort),
      PASSERELLE_DICOM_PORT: String(dicomPort),
      PASSERELLE_BOOTSTRAP_TENANT: 'bench',
      PASSERELLE_BOOTSTRAP_CLIENT_ID: CLIENT,
      PASSERELLE_BOOTSTRAP_CLIENT_SECRET: secret,
      ...options.env,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const base = new URL(`http://127.0.0.1:${httpPort}`)
  await ready(base, child)
  const readyMs = Math.round(performance.now() - started)

  return {
    base,
    fhir: '/t/bench/fhir',
    mllpPort: mllpPort!,
    dicomPort: dicomPort!,
    dataDir,
    readyMs,
    process: child,
    token: () => fetchToken(base, secret),
    peakMemoryMb: () => peakMemoryMb(child.pid!),
    measureUsage() {
      const databases = () => withDescendants(child.pid!).filter((pid) => pid !== child.pid)
      const server = meter(() => [child.pid!])
      const database = meter(databases)
      return () => ({ server: server(), database: database() })
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      if (child.exitCode === null && child.signalCode === null)
        await new Promise((done) => child.once('exit', done))
      if (!options.keep) removeData(dataDir)
    },
  }
}

/** The folder and, where the database's account could not reach it, the cluster that it links to. */
export function removeData(dataDir: string): void {
  const cluster = join(dataDir, 'postgres')
  if (existsSync(cluster)) rmSync(realpathSync(cluster), { recursive: true, force: true })
  rmSync(dataDir, { recursive: true, force: true })
}

/** What `npm start` gives Node: its options too, since memory is measured here. */
function startArguments(): string[] {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { start: string } }
  return scripts.start.replace(/^exec node /, '').split(' ')
}

async function ready(base: URL, child: ChildProcess): Promise<void> {
  for (let waited = 0; waited < 60_000; waited += 20) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`)
    const answer = await fetch(new URL('/health/ready', base)).catch(() => undefined)
    if (answer?.ok) return
    await sleep(20)
  }
  throw new Error('the server was not ready within a minute')
}

async function fetchToken(base: URL, secret: string): Promise<string> {
  const answer = await fetch(new URL('/oauth2/token', base), {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${CLIENT}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'system/*.*' }),
  })
  const { access_token: token } = (await answer.json()) as { access_token?: string }
  if (!token) throw new Error(`no token: ${answer.status}`)
  return token
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
      return server
    }),
  )
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))))
  return ports
}
