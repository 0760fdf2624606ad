/** Fills a new database with N resources of Synthea shape, through the store's own write path, as fast as it goes. */
import { totalmem } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'

import { Client } from 'pg'

import { silentLog } from '../../src/kernel/log.ts'
import { startEmbedded } from '../../src/store/embedded/index.ts'
import { findTenant, openDb, type Tenant } from '../../src/store/index.ts'
import type { Facts } from './facts.ts'
import type { LoadOrder, LoadReport } from './load-worker.ts'

const THREADS = 2
const SAMPLE_PATIENTS = 2000
const SAMPLE_OBSERVATIONS = 20_000
const GB = 2 ** 30

export type Loaded = Omit<Facts, 'secret'>

/** @param dataDir where the server has started once and made the tenant `bench` */
export async function load(dataDir: string, resources: number): Promise<Loaded> {
  await using postgres = await startEmbedded({
    folder: dataDir,
    log: silentLog,
    settings: loadSettings(resources),
  })
  const tenant = await benchTenant(postgres.url)
  const started = performance.now()
  const { reports, written } = await runThreads(postgres.url, tenant, resources)
  const loaded = performance.now()
  await finish(postgres.url)
  const seconds = (loaded - started) / 1000
  return {
    resources: written,
    types: addUp(reports.map(({ types }) => types)),
    patients: reports.flatMap(({ patients }) => patients),
    observations: reports.flatMap(({ observations }) => observations),
    load: {
      seconds: Math.round(seconds),
      perSecond: Math.round(written / seconds),
      finishSeconds: Math.round((performance.now() - loaded) / 1000),
    },
  }
}

/** Nothing of this has to survive a crash; the server that is measured starts with its own settings. */
function loadSettings(resources: number): Record<string, string | number> {
  const buffers = Math.min(totalmem() / 3, GB + resources * 800)
  return {
    shared_buffers: `${Math.round(buffers / 2 ** 20)}MB`,
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    wal_level: 'minimal',
    max_wal_senders: 0,
    max_wal_size: '3GB',
    checkpoint_timeout: '1h',
    autovacuum: 'off',
    maintenance_work_mem: '512MB',
  }
}

async function benchTenant(url: string): Promise<Tenant> {
  await using db = openDb({ url, maxConnections: 1 })
  const tenant = await findTenant(db, 'bench')
  if (!tenant) throw new Error('the server has made no tenant "bench"')
  return tenant
}

async function runThreads(url: string, { id: tenant, timezone }: Tenant, resources: number) {
  const progress = new Int32Array(new SharedArrayBuffer(8))
  const order: LoadOrder = {
    url,
    tenant,
    timezone,
    resources,
    progress,
    samplePatients: SAMPLE_PATIENTS / THREADS,
    sampleObservations: SAMPLE_OBSERVATIONS / THREADS,
  }
  const ended = new AbortController()
  const told = tellProgress(progress, resources, ended.signal)
  try {
    const reports = await Promise.all(Array.from({ length: THREADS }, () => runThread(order)))
    return { reports, written: progress[1]! }
  } finally {
    ended.abort()
    await told
  }
}

function runThread(workerData: LoadOrder): Promise<LoadReport> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL('./load-worker.ts', import.meta.url), { workerData })
    thread.once('message', resolve)
    thread.once('error', reject)
    thread.once('exit', () => reject(new Error('a loading thread ended')))
  })
}

/** A line a minute on stderr: a large load takes a while. */
async function tellProgress(progress: Int32Array, resources: number, signal: AbortSignal): Promise<void> {
  const started = performance.now()
  while (await sleep(60_000, true, { signal }).catch(() => false)) {
    const perSecond = Math.round(progress[1]! / ((performance.now() - started) / 1000))
    console.error(`loaded ${progress[1]} of ${resources}, ${perSecond}/s`)
  }
}

/** What autovacuum would have done by the time a database is this large. */
async function finish(url: string): Promise<void> {
  const owner = new Client({ connectionString: url })
  await owner.connect()
  try {
    await owner.query('vacuum (freeze, analyze)')
    await owner.query('checkpoint')
  } finally {
    await owner.end()
  }
}

function addUp(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const each of counts) {
    for (const [type, count] of Object.entries(each)) sums[type] = (sums[type] ?? 0) + count
  }
  return sums
}
