/**
 * MLLP: messages acknowledged after their commit, on 8 connections (one in flight each, then 16) and on one serial
 * connection; then, on a fresh server, how fast a backlog becomes FHIR resources.
 */
import { setTimeout as sleep } from 'node:timers/promises'

import { openClients } from './fhir.ts'
import { measure, type Measured } from './support/measure.ts'
import { openMllpSender } from './support/mllp-sender.ts'
import { oruMessage } from './support/messages.ts'
import { type BenchServer, startServer } from './support/server.ts'

const SECONDS = 6
/** Provenance, DiagnosticReport, ten Observations; Patient, Encounter and Practitioner are shared by many messages. */
const RESOURCES_PER_MESSAGE = 12

const BACKLOG = 1_500

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
  const numbers = Array.from({ length: BACKLOG }, (_, number) => number)
  await Promise.all(numbers.map((number) => sender.send(oruMessage(number), `B${number}`)))
  const usage = server.measureUsage()
  const started = performance.now()
  const before = await reports(server)
  await drained(server, BACKLOG)
  const rate = (BACKLOG - before) / ((performance.now() - started) / 1000)
  return {
    messages: BACKLOG,
    behindAfterLoad: BACKLOG - before,
    messagesPerSecond: Math.round(rate),
    resourcesPerSecond: Math.round(rate * RESOURCES_PER_MESSAGE),
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

async function reports(server: BenchServer): Promise<number> {
  const [client] = await openClients(server, 1)
  using open = client!
  const answer = await open.send('GET', `${server.fhir}/DiagnosticReport?_count=0&_total=accurate`)
  return (JSON.parse(answer.body) as { total: number }).total
}

async function drained(server: BenchServer, messages: number): Promise<void> {
  for (let waited = 0; waited < 600; waited++) {
    if ((await reports(server)) >= messages) return
    await sleep(500)
  }
  throw new Error('the backlog was not worked off within five minutes')
}
