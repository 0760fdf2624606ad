/** Runs writes, reads and searches against a server from 16 clients, one kind after another. */
import { openClients } from '../fhir.ts'
import type { Answer, HttpClient } from '../support/http-client.ts'
import { measure, type Measured } from '../support/measure.ts'
import type { BenchServer } from '../support/server.ts'
import type { Facts } from './facts.ts'
import { readSamples } from './samples.ts'
import { makeSearches, MIXED, type Search } from './searches.ts'
import { makeWrites } from './writes.ts'

const CLIENTS = 16
const BUNDLE_CLIENTS = 4
const BUNDLE = 50
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 5)
/** Made before the clock starts: more than are sent, so that no update is one that changes nothing. */
const BODIES = (SECONDS + 1) * 4000

/** CPU and memory are of the server's process and of its database's; the time of CPU is milliseconds an operation. */
export interface Workload extends Omit<Measured, 'seconds' | 'failed'> {
  readonly failed?: number
  readonly serverCpuMs: number
  readonly databaseCpuMs: number
  readonly serverMemoryMb: number
  /** Bytes of the last answer and how many entries it had: what the figures stand for. */
  readonly answer?: { readonly bytes: number; readonly entries: number; readonly total?: number }
}

type Act = (client: HttpClient, count: number) => Promise<boolean>

export async function measureSearches(server: BenchServer, facts: Facts) {
  await using clients = await openAll(server)
  const searches = makeSearches(facts)
  const results: Record<string, Workload | 'unsupported'> = {}
  const supported = new Map<string, Search>()
  for (const [name, search] of Object.entries(searches)) {
    const first = await ask(clients.all[0]!, server, search(0))
    if (isUnsupported(first)) {
      results[name] = 'unsupported'
      continue
    }
    supported.set(name, search)
    results[name] = {
      ...(await workload(server, clients.all, CLIENTS, asking(server, search))),
      answer: describe(first),
    }
  }
  const mixed = [...supported].filter(([name]) => MIXED.includes(name)).map(([, search]) => search)
  const mix = (count: number) => mixed[count % mixed.length]!(count)
  return {
    searches: results,
    mix: {
      shapes: mixed.length,
      ...(await workload(server, clients.all, CLIENTS, asking(server, mix))),
    },
  }
}

export async function measureWrites(server: BenchServer, facts: Facts) {
  await using clients = await openAll(server)
  const { observations } = facts
  const writes = makeWrites(facts, readSamples())
  const run = (act: Act, count = CLIENTS) => workload(server, clients.all, count, act)

  const reads = await run(async (client, count) => {
    const { id } = observations[(count * 7919) % observations.length]!
    return (await client.send('GET', `${server.fhir}/Observation/${id}`)).status === 200
  })
  const bodies = made(BODIES, () => writes.create())
  const creates = await run(async (client, count) => {
    const body = bodies[count % bodies.length]!
    return (await client.send('POST', `${server.fhir}/Observation`, body)).status === 201
  })
  const changes = made(BODIES, (i) => writes.update(i))
  const updates = await run(async (client, count) => {
    const { id, body } = changes[count % changes.length]!
    return (await client.send('PUT', `${server.fhir}/Observation/${id}`, body)).status === 200
  })
  const bundles = made(BODIES / BUNDLE, () => writes.transaction(BUNDLE))
  const transactions = await run(
    async (client, count) =>
      (await client.send('POST', server.fhir, bundles[count % bundles.length]!)).status === 200,
    BUNDLE_CLIENTS,
  )
  return {
    reads,
    creates,
    updates,
    transactions: { resourcesPerSecond: transactions.perSecond * BUNDLE, ...transactions },
  }
}

function made<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i))
}

async function openAll(server: BenchServer) {
  const all = await openClients(server, CLIENTS)
  return {
    all,
    async [Symbol.asyncDispose]() {
      for (const client of all) client[Symbol.dispose]()
    },
  }
}

async function workload(
  server: BenchServer,
  clients: readonly HttpClient[],
  count: number,
  act: Act,
): Promise<Workload> {
  const usage = server.measureUsage()
  const {
    seconds: _seconds,
    failed,
    ...measured
  } = await measure({ clients: count, seconds: SECONDS }, (client, number) => act(clients[client]!, number))
  const { server: ours, database } = usage()
  const cpuMs = (percent: number) => Math.round((percent * 1000) / Math.max(measured.perSecond, 1)) / 100
  return {
    ...measured,
    ...(failed > 0 && { failed }),
    serverCpuMs: cpuMs(ours.cpuPercent),
    databaseCpuMs: cpuMs(database.cpuPercent),
    serverMemoryMb: ours.memoryMb,
  }
}

function asking(server: BenchServer, search: Search): Act {
  return async (client, count) => (await ask(client, server, search(count))).status === 200
}

function ask(client: HttpClient, server: BenchServer, search: string): Promise<Answer> {
  return client.send('GET', `${server.fhir}/${search.replaceAll('|', '%7C')}`)
}

function isUnsupported({ status, body }: Answer): boolean {
  if (status === 200) return false
  if (/search-(?:parameter-unsupported|chain|modifier|parameter)"/.test(body)) return true
  throw new Error(`a search failed: ${status} ${body.slice(0, 500)}`)
}

function describe({ body }: Answer) {
  const bundle = JSON.parse(body) as { entry?: unknown[]; total?: number }
  return {
    bytes: Buffer.byteLength(body),
    entries: bundle.entry?.length ?? 0,
    ...(bundle.total !== undefined && { total: bundle.total }),
  }
}
