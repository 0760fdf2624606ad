/** FHIR writes and reads at 16 clients, audit on: creates, reads, updates, transactions of 50. */
import { type HttpClient, openHttpClient } from './support/http-client.ts'
import { measure, type Measured } from './support/measure.ts'
import { observation, sendTargets, transactionOf } from './support/observations.ts'
import { type BenchServer, startServer } from './support/server.ts'

const CLIENTS = 16
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 8)
const BUNDLE = 50

export async function run(): Promise<unknown> {
  await using server = await startServer()
  const clients = await openClients(server, CLIENTS)
  await sendTargets(server, clients[0]!)
  const ids: string[] = []

  const creates = await step(server, CLIENTS, async (client, count) => {
    const answer = await clients[client]!.send(
      'POST',
      `${server.fhir}/Observation`,
      JSON.stringify(observation(count)),
    )
    if (ids.length < 50_000) ids.push(/"id":"([^"]+)"/.exec(answer.body)![1]!)
    return answer.status === 201
  })
  const reads = await step(server, CLIENTS, async (client, count) => {
    const answer = await clients[client]!.send(
      'GET',
      `${server.fhir}/Observation/${ids[(count * 7919) % ids.length]}`,
    )
    return answer.status === 200
  })
  const updates = await step(server, CLIENTS, async (client, count) => {
    const id = ids[(count * 104_729) % ids.length]!
    const body = JSON.stringify({ ...observation(count + 5_000_000), id })
    return (await clients[client]!.send('PUT', `${server.fhir}/Observation/${id}`, body)).status === 200
  })
  const transactions = await step(server, 4, async (client, count) => {
    const answer = await clients[client]!.send(
      'POST',
      server.fhir,
      transactionOf(10_000_000 + count * BUNDLE, BUNDLE),
    )
    return answer.status === 200
  })
  for (const client of clients) client[Symbol.dispose]()
  return {
    clients: CLIENTS,
    audit: true,
    creates,
    reads,
    updates,
    transactions: {
      ...transactions,
      resourcesPerSecond: transactions.perSecond * BUNDLE,
      size: BUNDLE,
      clients: 4,
    },
  }
}

export async function openClients(server: BenchServer, count: number): Promise<HttpClient[]> {
  const headers = {
    authorization: `Bearer ${await server.token()}`,
    'content-type': 'application/fhir+json',
    accept: 'application/fhir+json',
  }
  return Promise.all(Array.from({ length: count }, () => openHttpClient(server.base, headers)))
}

async function step(
  server: BenchServer,
  clients: number,
  act: (client: number, count: number) => Promise<boolean>,
): Promise<Measured & { usage: unknown }> {
  const usage = server.measureUsage()
  const measured = await measure({ clients, seconds: SECONDS }, act)
  return { ...measured, usage: usage() }
}
