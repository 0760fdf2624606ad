/** The largest Bundles: how long they take, what they need, and whether others are served meanwhile. */
import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'

import { type BenchServer, startServer } from './support/server.ts'

interface Entry {
  fullUrl?: string
  resource: Record<string, unknown>
  request: { method: string; url: string; ifNoneExist?: string }
}

const SAMPLES = new URL('../../shared/fhir-samples/synthea/patients-100.bundles.ndjson.gz', import.meta.url)
const SIZE = 5000
/** Brings 5,000 entries near the limit of 64 MB. */
const PADDING = 'x'.repeat(11_000)

export async function run(): Promise<unknown> {
  if (!existsSync(SAMPLES)) return { skipped: 'the Synthea samples are not here' }
  await using server = await startServer()
  const headers = {
    authorization: `Bearer ${await server.token()}`,
    'content-type': 'application/fhir+json',
  }
  const entries = entriesOfPatients()
  const padded = entries.map((entry) => ({
    ...entry,
    resource: { ...entry.resource, extension: [{ url: 'urn:padding', valueString: PADDING }] },
  }))
  const last = entries.at(-1)!
  const bad = [...entries.slice(0, -1), { ...last, resource: { ...last.resource, colour: 'blue' } }]
  const bundles: [string, 'batch' | 'transaction', object[]][] = [
    ['transaction of 50', 'transaction', entries.slice(0, 50)],
    ['transaction of 5,000', 'transaction', entries],
    ['batch of 5,000', 'batch', entries.map(({ resource, request }) => ({ resource, request }))],
    ['transaction of 5,000, 63 MB', 'transaction', padded],
    ['transaction of 5,000 whose last entry is bad', 'transaction', bad],
  ]
  const figures = []
  for (const [name, type, entry] of bundles) {
    figures.push({ name, ...(await send(server, headers, { resourceType: 'Bundle', type, entry })) })
  }
  return figures
}

/** Whole patients, because their entries point to each other; what several share comes once. */
function entriesOfPatients(): Entry[] {
  const taken = new Map<string, Entry>()
  for (const line of gunzipSync(readFileSync(SAMPLES)).toString().trim().split('\n')) {
    const { entry } = JSON.parse(line) as { entry: Entry[] }
    const fresh = entry.filter(({ fullUrl }) => !taken.has(fullUrl!))
    if (taken.size + fresh.length > SIZE) continue
    for (const one of fresh) taken.set(one.fullUrl!, one)
  }
  const fill: Entry = {
    resource: { resourceType: 'Basic', code: { text: 'fills up' } },
    request: { method: 'POST', url: 'Basic' },
  }
  return [...taken.values(), ...Array.from({ length: SIZE - taken.size }, () => fill)]
}

async function send(server: BenchServer, headers: Record<string, string>, bundle: object) {
  const body = JSON.stringify(bundle)
  const started = performance.now()
  const { result, longestStallMs } = await whileProbing(
    server,
    fetch(new URL(server.fhir, server.base), { method: 'POST', headers, body }).then(async (answer) => ({
      status: answer.status,
      text: await answer.text(),
    })),
  )
  const seconds = (performance.now() - started) / 1000
  const { entry = [] } = JSON.parse(result.text) as { entry?: { response: { status: string } }[] }
  const byStatus = Map.groupBy(entry, ({ response }) => response.status)
  return {
    megabytes: Math.round(Buffer.byteLength(body) / 1e5) / 10,
    status: result.status,
    seconds: Math.round(seconds * 10) / 10,
    entriesPerSecond: Math.round(entry.length / seconds),
    longestStallMs,
    entries: Object.fromEntries([...byStatus].map(([status, list]) => [status, list.length])),
    peakMemoryMb: server.peakMemoryMb(),
  }
}

/** The longest that a probe waited while `work` ran. */
async function whileProbing<T>(
  { base }: BenchServer,
  work: Promise<T>,
): Promise<{ result: T; longestStallMs: number }> {
  let longest = 0
  const over = new AbortController()
  const probing = (async () => {
    while (!over.signal.aborted) {
      const started = performance.now()
      await fetch(new URL('/health/live', base)).then((answer) => answer.text())
      longest = Math.max(longest, performance.now() - started)
      await sleep(5)
    }
  })()
  const result = await work
  over.abort()
  await probing
  return { result, longestStallMs: Math.round(longest) }
}
