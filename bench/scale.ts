/**
 * The server at 100,000, 2 million and 10 million resources of Synthea shape: the rate of loading, the disk by table and
 * index, writes and reads, and each shape of search, through HTTP, audit on.
 *
 *   npm run bench -- scale --resources 100000
 *   npm run bench -- scale --resources 2000000 --keep DIR           keeps the folder, and uses it when it is filled
 *   npm run bench -- scale --keep DIR --only searches               searches, writes or disk (comma list)
 *   npm run bench -- scale --compare a.json b.json                  p50 and CPU of each workload, b ÷ a, as a table
 *
 * `BENCH_SECONDS` (default 5) is the time of each workload, `BENCH_SYNTHEA` the file with the bundles to multiply. Writes
 * come last, so that the searches of every size run on the same rows. 10 million need about 35 GB.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { compare } from './scale/compare.ts'
import { measureDisk } from './scale/disk.ts'
import type { Facts } from './scale/facts.ts'
import { load } from './scale/load.ts'
import { measureSearches, measureWrites } from './scale/workloads.ts'
import { startServer } from './support/server.ts'

const PARTS = ['disk', 'searches', 'writes']

export async function run(args: readonly string[]): Promise<unknown> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      resources: { type: 'string', default: '100000' },
      keep: { type: 'string' },
      only: { type: 'string', default: PARTS.join(',') },
      compare: { type: 'boolean', default: false },
    },
  })
  if (values.compare) return compare(positionals)
  const only = new Set(values.only.split(','))
  const dataDir = values.keep ?? mkdtempSync(join(tmpdir(), 'passerelle-scale-'))
  try {
    const facts = await filled(dataDir, Number(values.resources))
    return await measureAll(dataDir, facts, only)
  } finally {
    if (values.keep === undefined) rmSync(dataDir, { recursive: true, force: true })
  }
}

async function filled(dataDir: string, resources: number): Promise<Facts> {
  const file = join(dataDir, 'scale.json')
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Facts
  const secret = randomBytes(24).toString('base64url')
  // The first start makes the database, the tenant and the client.
  await (await startServer({ dataDir, secret, keep: true }))[Symbol.asyncDispose]()
  const facts: Facts = { ...(await load(dataDir, resources)), secret }
  writeFileSync(file, JSON.stringify(facts), { mode: 0o600 })
  return facts
}

async function measureAll(dataDir: string, facts: Facts, only: ReadonlySet<string>): Promise<unknown> {
  await using server = await startServer({ dataDir, secret: facts.secret, keep: true })
  const { resources, load: loading } = facts
  const disk = only.has('disk') ? await measureDisk(dataDir, resources) : undefined
  const searches = only.has('searches') ? await measureSearches(server, facts) : undefined
  const writes = only.has('writes') ? await measureWrites(server, facts) : undefined
  return { resources, load: loading, disk, ...searches, ...writes, serverPeakMemoryMb: server.peakMemoryMb() }
}
