/**
 * A steady rate of messages over MLLP for a long while: the server's memory, how many messages wait for the workers, and
 * how long the acknowledgements took, twice a minute.
 *
 *   npm run bench -- soak --rate 100 --minutes 60
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { openClients } from './fhir.ts'
import type { HttpClient } from './support/http-client.ts'
import { oruMessage } from './support/messages.ts'
import { type MllpSender, openMllpSender } from './support/mllp-sender.ts'
import { type BenchServer, startServer } from './support/server.ts'

const CONNECTIONS = 4
const SAMPLE_MS = 30_000
/** Shorter than the server keeps an idle connection open. */
const LOOK_MS = 2_000

interface Sample {
  readonly minute: number
  readonly acknowledged: number
  readonly refused: number
  /** Acknowledged, and not yet resources. */
  readonly waiting: number
  readonly memoryMb: number
  readonly p50Ms: number
  readonly p99Ms: number
}

export async function run(args: readonly string[]): Promise<unknown> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rate: { type: 'string', default: '100' },
      minutes: { type: 'string', default: '60' },
    },
  })
  const [rate, minutes] = [Number(values.rate), Number(values.minutes)]
  await using server = await startServer()
  using open = new DisposableStack()
  const senders = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => openMllpSender(server.mllpPort)),
  )
  for (const sender of senders) open.use(sender)
  const [client] = await openClients(server, 1)
  const samples = await soak(server, senders, open.use(client!), { rate, forMs: minutes * 60_000 })
  return { rate, minutes, samples, serverPeakMemoryMb: server.peakMemoryMb() }
}

async function soak(
  server: BenchServer,
  senders: readonly MllpSender[],
  client: HttpClient,
  { rate, forMs }: { readonly rate: number; readonly forMs: number },
): Promise<readonly Sample[]> {
  const samples: Sample[] = []
  let [sent, acknowledged, refused] = [0, 0, 0]
  let latencies: number[] = []
  const usage = server.measureUsage()

  async function send(number: number): Promise<void> {
    const begun = performance.now()
    if (await senders[number % senders.length]!.send(oruMessage(number), `B${number}`)) acknowledged++
    else refused++
    latencies.push(performance.now() - begun)
  }

  const started = performance.now()
  let [looked, sampled] = [started, started]
  let reports = 0
  for (let now = started; now - started < forMs; now = performance.now()) {
    const due = Math.floor(((now - started) / 1000) * rate)
    while (sent < due) void send(sent++)
    if (now - looked >= LOOK_MS) {
      looked = now
      reports = await reportsOf(server, client)
    }
    if (now - sampled >= SAMPLE_MS) {
      sampled = now
      samples.push({
        minute: Math.round((now - started) / 6_000) / 10,
        acknowledged,
        refused,
        waiting: acknowledged - reports,
        memoryMb: usage().server.memoryMb,
        ...percentiles(latencies),
      })
      latencies = []
    }
    await sleep(5)
  }
  return samples
}

function percentiles(latencies: readonly number[]): Pick<Sample, 'p50Ms' | 'p99Ms'> {
  const sorted = latencies.toSorted((a, b) => a - b)
  const at = (share: number) => Math.round((sorted[Math.floor(sorted.length * share)] ?? 0) * 10) / 10
  return { p50Ms: at(0.5), p99Ms: at(0.99) }
}

async function reportsOf(server: BenchServer, client: HttpClient): Promise<number> {
  const { body } = await client.send('GET', `${server.fhir}/DiagnosticReport?_count=0&_total=accurate`)
  return (JSON.parse(body) as { total: number }).total
}
