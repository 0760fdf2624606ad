/**
 * MLLP: messages acknowledged after their commit, on 8 connections (one in flight each, then 16) and on one serial
 * connection; then, on a fresh server, how fast a backlog becomes FHIR resources (versions that are written).
 */
import { setTimeout as sleep } from 'node:timers/promises'

import { openClients } from './fhir.ts'
import type { HttpClient } from './support/http-client.ts'
import { measure, type Measured } from './support/measure.ts'
import { openMllpSender } from './support/mllp-sender.ts'
import { oruMessage } from './support/messages.ts'
import { type BenchServer, startServer } from './support/server.ts'

const SECONDS = 6
const BACKLOG = 3_000
/** Not counted: the workers' code is compiled meanwhile. */
const WARM_UP = 500

export async function run(): Promise<unknown> {
  return {
    bytes: oruMessage(0).length,
    acknowledged: await acknowledging(),
    processing: await processing(),
  }
}

async function acknowledging(): Promise<unknown> {
  await using server = await startServer()
  let number = 0
  const next = () => number++
  return {
    eightConnections: await step(server, { connections: 8, window: 1 }, next),
    eightConnectionsOf16: await step(server, { connections: 8, window: 16 }, next),
    oneSerialConnection: await step(server, { connections: 1, window: 1 }, next),
  }
}

async function processing(): Promise<unknown> {
  await using server = await startServer()
  using sender = await openMllpSender(server.mllpPort)
  const [client] = await openClients(server, 1)
  using http = client!
  /** Messages that are resources, and versions of all resources. */
  const reports = () => total(server, http, 'DiagnosticReport?_count=0&_total=accurate')
  const versions = () => total(server, http, '_history?_summary=count&_total=accurate')

  const numbers = Array.from({ length: BACKLOG }, (_, number) => number)
  await Promise.all(numbers.map((number) => sender.send(oruMessage(number), `B${number}`)))
  await reached(reports, WARM_UP)
  const usage = server.measureUsage()
  const started = performance.now()
  const [before, written] = [await reports(), await versions()]
  await reached(reports, BACKLOG)
  const seconds = (performance.now() - started) / 1000
  return {
    messages: BACKLOG - before,
    messagesPerSecond: Math.round((BACKLOG - before) / seconds),
    resourcesPerSecond: Math.round(((await versions()) - written) / seconds),
    usage: usage(),
  }
}

async function step(
  server: BenchServer,
  { connections, window }: { connections: number; window: number },
  next: () => number,
): Promise<Measured & { usage: unknown; senderCpuPercent: number }> {
  using senders = new DisposableStack()
  const opened = await Promise.all(Array.from({ length: connections }, () => openMllpSender(server.mllpPort)))
  for (const sender of opened) senders.use(sender)
  const usage = server.measureUsage()
  const own = process.cpuUsage()
  const begun = performance.now()
  const measured = await measure({ clients: connections * window, seconds: SECONDS }, (client) => {
    const number = next()
    return opened[client % connections]!.send(oruMessage(number), `B${number}`)
  })
  const { user, system } = process.cpuUsage(own)
  const senderCpuPercent = Math.round((user + system) / 10 / (performance.now() - begun))
  return { ...measured, usage: usage(), senderCpuPercent }
}

async function total(server: BenchServer, client: HttpClient, query: string): Promise<number> {
  const { body } = await client.send('GET', `${server.fhir}/${query}`)
  return (JSON.parse(body) as { total: number }).total
}

async function reached(reports: () => Promise<number>, messages: number): Promise<void> {
  for (let waited = 0; waited < 600; waited++) {
    if ((await reports()) >= messages) return
    await sleep(500)
  }
  throw new Error('the backlog was not worked off within five minutes')
}
