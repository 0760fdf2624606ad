/**
 * Kills the server with SIGKILL at random points of a mixed load (FHIR creates, transactions, Binaries, MLLP, C-STORE),
 * starts it again on the same data, and counts: nothing that was acknowledged may be lost, nothing may be there twice.
 * What was sent and not acknowledged is sent again, as real senders do.
 */
import { randomInt } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { type HttpClient, openHttpClient } from '../../bench/support/http-client.ts'
import { oruMessage } from '../../bench/support/messages.ts'
import { observation, sendTargets } from '../../bench/support/observations.ts'
import { type BenchServer, startServer } from '../../bench/support/server.ts'
import { syntheticCt } from '../../src/dicom/index.ts'
import { sendFiles } from '../../src/net/dimse/index.ts'
import { connectMllp } from '../../src/net/mllp/index.ts'
import { contentVersion, putContent } from './contents.ts'

export interface FaultReport {
  readonly rounds: number
  readonly acknowledged: Readonly<Record<Kind, number>>
  /** What was acknowledged and is not there. */
  readonly lost: readonly string[]
  /** What is there more than once, or has a version too many. */
  readonly doubled: readonly string[]
}

type Kind = 'creates' | 'transactions' | 'contents' | 'messages' | 'images'

/** What is to be found in the end, by the number that it was made from. */
interface Ledger {
  /** A number that was not used yet. */
  take(): number
  readonly acknowledged: Record<Kind, Set<number>>
  /** Sent without an answer: sent again until there is one. */
  readonly open: Record<Kind, Set<number>>
}

const KINDS: readonly Kind[] = ['creates', 'transactions', 'contents', 'messages', 'images']
const TRANSACTION = 5
const STUDY = '2.25.99120037465182736455'

export async function runRounds(rounds: number, log: (line: string) => void): Promise<FaultReport> {
  const dataDir = await mkdtemp(join(tmpdir(), 'passerelle-fault-'))
  let next = 0
  const ledger: Ledger = { take: () => next++, acknowledged: perKind(), open: perKind() }
  try {
    for (let round = 1; round <= rounds; round++) {
      await killedRound(dataDir, ledger, round)
      const counts = KINDS.map((kind) => `${kind} ${ledger.acknowledged[kind].size}`)
      log(`round ${round}: acknowledged so far ${counts.join(', ')}`)
    }
    await using server = await startServer({ dataDir, keep: true })
    await settle(server, ledger)
    const { lost, doubled } = await verify(server, ledger)
    const acknowledged = Object.fromEntries(KINDS.map((kind) => [kind, ledger.acknowledged[kind].size]))
    return { rounds, acknowledged: acknowledged as Record<Kind, number>, lost, doubled }
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}

function perKind(): Record<Kind, Set<number>> {
  return {
    creates: new Set(),
    transactions: new Set(),
    contents: new Set(),
    messages: new Set(),
    images: new Set(),
  }
}

/** Starts, loads, kills after 0.3 to 2.5 seconds. */
async function killedRound(dataDir: string, ledger: Ledger, round: number): Promise<void> {
  const server = await startServer({ dataDir, keep: true })
  if (round === 1) await prepare(server)
  const stop = new AbortController()
  const load = runLoad(server, ledger, stop.signal)
  await sleep(randomInt(300, 2500))
  server.process.kill('SIGKILL')
  await new Promise((done) => server.process.once('exit', done))
  stop.abort()
  await load
}

async function prepare(server: BenchServer): Promise<void> {
  const headers = {
    authorization: `Bearer ${await server.token()}`,
    'content-type': 'application/fhir+json',
  }
  using client = await openHttpClient(server.base, headers)
  await sendTargets(server, client)
}

async function runLoad(server: BenchServer, ledger: Ledger, stop: AbortSignal): Promise<void> {
  const token = await server.token().catch(() => undefined)
  if (token === undefined) return
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/fhir+json' }
  const http = () => openHttpClient(server.base, headers)
  await Promise.allSettled([
    ...[1, 2, 3].map(async () =>
      repeat('creates', ledger, stop, await http(), (client, n) => create(server, client, n)),
    ),
    // Not awaited here: who is done earlier must not be on his own yet.
    http().then((client) =>
      repeat('transactions', ledger, stop, client, (_, n) => transact(server, client, n)),
    ),
    ...[1, 2].map(() => sendContents(server, token, ledger, stop)),
    ...[1, 2].map(() => sendMessages(server, ledger, stop)),
    sendImages(server, ledger, stop),
  ])
}

async function repeat(
  kind: Kind,
  ledger: Ledger,
  stop: AbortSignal,
  client: HttpClient,
  act: (client: HttpClient, number: number) => Promise<boolean>,
): Promise<void> {
  using open = client
  while (!stop.aborted) await once(kind, ledger, (number) => act(open, number))
}

/** One number of the ledger: an open one first, else a new one. */
async function once(kind: Kind, ledger: Ledger, act: (number: number) => Promise<boolean>): Promise<void> {
  const [again] = ledger.open[kind]
  const number = again ?? ledger.take()
  ledger.open[kind].delete(number)
  try {
    if (await act(number)) ledger.acknowledged[kind].add(number)
    else ledger.open[kind].add(number)
  } catch (error) {
    ledger.open[kind].add(number)
    throw error
  }
}

/** With an id of our own, so that sending it again is not a second one. */
async function create(server: BenchServer, client: HttpClient, number: number): Promise<boolean> {
  const body = JSON.stringify({ ...observation(number), id: `fault-${number}` })
  const { status } = await client.send('PUT', `${server.fhir}/Observation/fault-${number}`, body)
  return status === 201 || status === 200
}

/** Conditional creates: sending it again finds what is there. */
async function transact(server: BenchServer, client: HttpClient, number: number): Promise<boolean> {
  const entry = Array.from({ length: TRANSACTION }, (_, i) => {
    const value = `tx-${number}-${i}`
    return {
      resource: {
        resourceType: 'Basic',
        identifier: [{ system: 'urn:fault', value }],
        code: { text: 'fault' },
      },
      request: { method: 'POST', url: 'Basic', ifNoneExist: `identifier=urn:fault|${value}` },
    }
  })
  const bundle = JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry })
  return (await client.send('POST', server.fhir, bundle)).status === 200
}

async function sendContents(
  server: BenchServer,
  token: string,
  ledger: Ledger,
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) await once('contents', ledger, (number) => putContent(baseOf(server), token, number))
}

function baseOf({ base, fhir }: BenchServer): string {
  return new URL(fhir, base).href
}

async function sendMessages(server: BenchServer, ledger: Ledger, stop: AbortSignal): Promise<void> {
  await using client = await connectMllp({ host: '127.0.0.1', port: server.mllpPort, ackTimeoutMs: 5000 })
  while (!stop.aborted) {
    await once('messages', ledger, async (number) =>
      (await client.send(oruMessage(number))).includes('MSA|AA'),
    )
  }
}

async function sendImages(server: BenchServer, ledger: Ledger, stop: AbortSignal): Promise<void> {
  const to = {
    host: '127.0.0.1',
    port: server.dicomPort,
    callingAeTitle: 'FAULT',
    calledAeTitle: 'PASSERELLE',
  }
  const folder = await mkdtemp(join(tmpdir(), 'passerelle-fault-ct-'))
  try {
    while (!stop.aborted) {
      await once('images', ledger, async (number) => {
        const file = join(folder, `${number}.dcm`)
        await writeFile(file, image(number))
        for await (const { status } of sendFiles([file], to)) return status === 0
        return false
      })
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function image(number: number): Buffer {
  return syntheticCt({
    studyUid: STUDY,
    seriesUid: `${STUDY}.1`,
    sopInstanceUid: uidOf(number),
    instanceNumber: number + 1,
    size: 64,
    attributes: { PatientID: 'FAULT', PatientName: 'FAULT^TEST' },
  })
}

/** Sends what is still open, and waits until the pipeline has worked everything off. */
async function settle(server: BenchServer, ledger: Ledger): Promise<void> {
  const isOpen = () => KINDS.some((kind) => ledger.open[kind].size > 0)
  for (let attempt = 0; attempt < 20 && isOpen(); attempt++) {
    const onlyOpen: Ledger = { ...ledger, take: nothingNew }
    // What is refused for good would be sent for ever.
    await runLoad(server, onlyOpen, AbortSignal.timeout(5000))
  }
  using client = await openHttpClient(server.base, { authorization: `Bearer ${await server.token()}` })
  const wanted = ledger.acknowledged.messages.size
  for (let waited = 0; waited < 240; waited++) {
    if ((await total(client, server, 'DiagnosticReport')) >= wanted) break
    await sleep(500)
  }
  // The projector's quiet time; and what a killed one had claimed is another's when the claim has run out.
  for (let waited = 0; waited < 180; waited++) {
    const uids = new Set(await projected(client, server))
    if ([...ledger.acknowledged.images].every((number) => uids.has(uidOf(number)))) break
    await sleep(500)
  }
}

/** Ends a load when nothing is open any more. */
function nothingNew(): never {
  throw new Error('nothing is open')
}

async function total(client: HttpClient, server: BenchServer, query: string): Promise<number> {
  const separator = query.includes('?') ? '&' : '?'
  const answer = await client.send('GET', `${server.fhir}/${query}${separator}_count=0&_total=accurate`)
  return (JSON.parse(answer.body) as { total: number }).total
}

async function verify(server: BenchServer, ledger: Ledger): Promise<{ lost: string[]; doubled: string[] }> {
  using client = await openHttpClient(server.base, { authorization: `Bearer ${await server.token()}` })
  const lost: string[] = []
  const doubled: string[] = []
  const expectOne = (what: string, found: number) => {
    if (found === 0) lost.push(what)
    if (found > 1) doubled.push(what)
  }
  for (const number of ledger.acknowledged.creates) {
    const answer = await client.send('GET', `${server.fhir}/Observation/fault-${number}`)
    expectOne(`create ${number}`, answer.status === 200 ? versionOf(answer.body) : 0)
    if (number % 10 === 0) {
      const written = `AuditEvent?entity=Observation/fault-${number}`
      if ((await total(client, server, written)) === 0) lost.push(`audit of create ${number}`)
    }
  }
  for (const number of ledger.acknowledged.transactions) {
    for (let i = 0; i < TRANSACTION; i++) {
      const found = await total(client, server, `Basic?identifier=urn:fault%7Ctx-${number}-${i}`)
      expectOne(`transaction ${number} entry ${i}`, found)
    }
  }
  const token = await server.token()
  for (const number of ledger.acknowledged.contents)
    expectOne(`content ${number}`, await contentVersion(baseOf(server), token, number))
  for (const number of ledger.acknowledged.messages) {
    const answer = await client.send('GET', `${server.fhir}/DiagnosticReport?identifier=F-${number}`)
    const { entry = [] } = JSON.parse(answer.body) as {
      entry?: { resource: { result?: unknown[]; meta: { versionId: string } } }[]
    }
    expectOne(`message ${number}`, entry.length)
    if (entry.length === 1 && entry[0]!.resource.result?.length !== 10)
      lost.push(`results of message ${number}`)
    if (entry.length === 1 && entry[0]!.resource.meta.versionId !== '1')
      doubled.push(`report of message ${number}`)
  }
  await verifyImages(client, server, ledger, lost, doubled)
  return { lost, doubled }
}

/** UIDs of the instances that the study's resource names. */
async function projected(client: HttpClient, server: BenchServer): Promise<string[]> {
  const identifier = `urn:dicom:uid%7Curn:oid:${STUDY}`
  const answer = await client.send('GET', `${server.fhir}/ImagingStudy?identifier=${identifier}`)
  type Study = { series: { instance: { uid: string }[] }[] }
  const { entry = [] } = JSON.parse(answer.body) as { entry?: { resource: Study }[] }
  return entry.flatMap(({ resource }) =>
    resource.series.flatMap(({ instance }) => instance.map(({ uid }) => uid)),
  )
}

function uidOf(image: number): string {
  return `${STUDY}.1.${image + 1}`
}

async function verifyImages(
  client: HttpClient,
  server: BenchServer,
  ledger: Ledger,
  lost: string[],
  doubled: string[],
): Promise<void> {
  const uids = await projected(client, server)
  if (new Set(uids).size !== uids.length) doubled.push('instances of the imaging study')
  for (const number of ledger.acknowledged.images) {
    if (!uids.includes(uidOf(number))) lost.push(`image ${number}`)
  }
}

/** The version of the resource: 1, unless it was written twice. */
function versionOf(body: string): number {
  const { meta } = JSON.parse(body) as { meta: { versionId: string } }
  return Number(meta.versionId)
}
