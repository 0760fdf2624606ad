/**
 * The server at 100,000, 2 million and 10 million resources of Synthea shape: the rate of loading, the disk by table and
 * index, writes and reads, and each shape of search, through HTTP, audit on.
 *
 *   npm run bench -- scale --resources 100000
 *   npm run bench -- scale --resources 2000000 --keep DIR           keeps the folder, and uses it when it is filled
 *   npm run bench -- scale --resources 10000000 --keep DIR          a base through the store, the rest in bulk
 *   npm run bench -- scale --keep DIR --only searches               searches, writes or disk (comma list)
 *   npm run bench -- scale --compare a.json b.json                  p50 and CPU of each workload, b ÷ a, as a table
 *
 * `BENCH_SECONDS` (default 5) is the time of each workload, `BENCH_SYNTHEA` the file with the bundles to multiply. Writes
 * come last, so that the searches of every size run on the same rows.
 *
 * Up to `--base` resources (500,000) are loaded through the store, as a client would write them. Of more, a base of at
 * most so many is; the people of all its copies are written by the store too, and the rest of the copies made in bulk:
 * bench/scale/multiply.ts. A sample of them is compared with what the store makes of the same resources. 10 million
 * need about 35 GB. Indexes that are built in bulk are fuller than those that grow row by row, so `disk` then says so,
 * and `load.grownDisk` what the base took before it was multiplied.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { compare } from './scale/compare.ts'
import { measureDisk } from './scale/disk.ts'
import type { Facts } from './scale/facts.ts'
import { load } from './scale/load.ts'
import { measureSearches, measureWrites } from './scale/workloads.ts'
import { runningUrl } from '../src/store/embedded/index.ts'
import { removeData, startServer } from './support/server.ts'

const PARTS = ['disk', 'searches', 'writes']

export async function run(args: readonly string[]): Promise<unknown> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      resources: { type: 'string', default: '100000' },
      keep: { type: 'string' },
      only: { type: 'string', default: PARTS.join(',') },
      base: { type: 'string', default: '500000' },
      compare: { type: 'boolean', default: false },
    },
  })
  if (values.compare) return compare(positionals)
  const only = new Set(values.only.split(','))
  const dataDir = values.keep ?? mkdtempSync(join(tmpdir(), 'passerelle-scale-'))
  try {
    const facts = await filled(dataDir, Number(values.resources), Number(values.base))
    return await measureAll(dataDir, facts, only)
  } finally {
    if (values.keep === undefined) removeData(dataDir)
  }
}

async function filled(dataDir: string, resources: number, base: number): Promise<Facts> {
  const file = join(dataDir, 'scale.json')
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Facts
  const secret = randomBytes(24).toString('base64url')
  // The first start makes the database, the tenant and the client.
  await (await startServer({ dataDir, secret, keep: true }))[Symbol.asyncDispose]()
  const facts: Facts = { ...(await load(dataDir, resources, base)), secret }
  writeFileSync(file, JSON.stringify(facts), { mode: 0o600 })
  return facts
}

async function measureAll(dataDir: string, facts: Facts, only: ReadonlySet<string>): Promise<unknown> {
  await using server = await startServer({ dataDir, secret: facts.secret, keep: true })
  const { resources, load: loading } = facts
  const disk = only.has('disk') ? await diskOf(dataDir, facts) : undefined
  const searches = only.has('searches') ? await measureSearches(server, facts) : undefined
  const writes = only.has('writes') ? await measureWrites(server, facts) : undefined
  return { resources, load: loading, disk, ...searches, ...writes, serverPeakMemoryMb: server.peakMemoryMb() }
}

async function diskOf(dataDir: string, { resources, load: { multiplied } }: Facts) {
  const url = await runningUrl(dataDir)
  if (url === undefined) throw new Error('no database runs in the folder')
  return { indexes: multiplied ? 'built in bulk' : 'grown', ...(await measureDisk(url, resources)) }
}
