/**
 * MLLP: messages acknowledged after their commit, on 8 connections (one in flight each, then 16) and on one serial
 * connection; then how fast the backlog becomes FHIR resources.
 */
import { setTimeout as sleep } from 'node:timers/promises'

import { connectMllp, type MllpClient } from '../src/net/mllp/index.ts'
import { openClients } from './fhir.ts'
import { measure, type Measured } from './support/measure.ts'
import { oruMessage } from './support/messages.ts'
import { type BenchServer, startServer } from './support/server.ts'

const SECONDS = 6
/** Provenance, DiagnosticReport, ten Observations; Patient, Encounter and Practitioner are shared by many messages. */
const RESOURCES_PER_MESSAGE = 12

export async function run(): Promise<unknown> {
  await using server = await startServer()
  let number = 0
  const next = () => oruMessage(number++)
  const eight = await step(server, { connections: 8, window: 1 }, next)
  const pipelined = await step(server, { connections: 8, window: 16 }, next)
  const serial = await step(server, { connections: 1, window: 1 }, next)
  const usage = server.measureUsage()
  const started = performance.now()
  const before = await reports(server)
  await drained(server, number)
  const seconds = (performance.now() - started) / 1000
  const rate = (number - before) / seconds
  return {
    bytes: oruMessage(0).length,
    acknowledged: { eightConnections: eight, eightConnectionsOf16: pipelined, oneSerialConnection: serial },
    processing: {
      messages: number,
      behindAfterLoad: number - before,
      messagesPerSecond: Math.round(rate),
      resourcesPerSecond: Math.round(rate * RESOURCES_PER_MESSAGE),
      usage: usage(),
    },
  }
}

async function step(
  server: BenchServer,
  { connections, window }: { connections: number; window: number },
  next: () => Buffer,
): Promise<Measured & { usage: unknown }> {
  const clients: MllpClient[] = []
  for (let i = 0; i < connections; i++) {
    clients.push(await connectMllp({ host: '127.0.0.1', port: server.mllpPort, window }))
  }
  const usage = server.measureUsage()
  const measured = await measure({ clients: connections * window, seconds: SECONDS }, async (client) => {
    const ack = await clients[client % connections]!.send(next())
    return ack.includes('MSA|AA')
  })
  const used = usage()
  for (const client of clients) await client[Symbol.asyncDispose]()
  return { ...measured, usage: used }
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
