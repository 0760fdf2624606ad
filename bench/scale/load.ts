/**
 * Fills a new database with N resources of Synthea shape, through the store's own write path, as fast as it goes; of
 * many, a base only, which is then multiplied in bulk.
 */
import { totalmem } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'

import { Client } from 'pg'

import { silentLog } from '../../src/kernel/log.ts'
import { startEmbedded } from '../../src/store/embedded/index.ts'
import { findTenant, openDb, type Tenant } from '../../src/store/index.ts'
import { copied, type Copies, planCopies } from './copies.ts'
import { measureDisk } from './disk.ts'
import type { Facts, LoadedBase, ObservationFact } from './facts.ts'
import type { LoadOrder, LoadReport, LoadStep } from './load-worker.ts'
import { multiply, prepareCopies } from './multiply.ts'

const THREADS = 2
const SAMPLE_PATIENTS = 2000
const SAMPLE_OBSERVATIONS = 20_000
const GB = 2 ** 30

export type Loaded = Omit<Facts, 'secret'>

/**
 * @param dataDir where the server has started once and made the tenant `bench`
 * @param most how many resources to load through the store; the rest is multiplied
 */
export async function load(dataDir: string, resources: number, most: number): Promise<Loaded> {
  await using postgres = await startEmbedded({
    folder: dataDir,
    log: silentLog,
    settings: loadSettings(resources),
  })
  const { url } = postgres
  const tenant = await benchTenant(url)
  const count = Math.ceil(resources / most)
  const wanted = Math.ceil(resources / count)
  const copies = planCopies(count, wanted, Date.now())
  const started = performance.now()
  const threads = await startThreads(url, tenant, wanted, copies)
  const base = await threads.base
  const bulk = count > 1 ? await makeCopies(url, tenant, copies, base, threads) : undefined
  const reports = await threads.end()
  const total = base.resources * count
  const loaded = performance.now()
  await finish(url)
  const types = addUp(reports.map((report) => report.types))
  return {
    resources: total,
    types: Object.fromEntries(Object.entries(types).map(([type, number]) => [type, number * count])),
    patients: reports.flatMap(({ patients }) => patients),
    observations: reports.flatMap(({ observations }) => observations.map((fact) => someCopy(copies, fact))),
    load: {
      seconds: secondsFrom(started, loaded),
      perSecond: Math.round(total / secondsFrom(started, loaded)),
      finishSeconds: secondsFrom(loaded),
      base,
      ...bulk,
    },
  }
}

/** What the store has loaded alone; its indexes have grown row by row. */
async function makeCopies(url: string, tenant: Tenant, copies: Copies, base: LoadedBase, threads: Threads) {
  const grown = await measureDisk(url, base.resources)
  const started = performance.now()
  const people = await threads.loadPeople()
  const peopleSeconds = secondsFrom(started)
  const multiplied = await multiply(url, tenant, copies)
  return { grownDisk: grown, people: { resources: people, seconds: peopleSeconds }, multiplied }
}

function secondsFrom(start: number, end = performance.now()): number {
  return Math.round((end - start) / 100) / 10
}

/** A sample of the base is one of all copies when each of it is taken from any of them. */
function someCopy(copies: Copies, fact: ObservationFact): ObservationFact {
  const copy = Math.floor(Math.random() * copies.count)
  const { id, patient, encounter } = fact
  return {
    ...fact,
    id: copied(copies, copy, id),
    patient: copied(copies, copy, patient),
    encounter: copied(copies, copy, encounter),
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

interface Threads {
  readonly base: Promise<LoadedBase>
  /** @returns how many were written */
  loadPeople(): Promise<number>
  end(): Promise<LoadReport[]>
}

async function startThreads(
  url: string,
  { id: tenant, timezone }: Tenant,
  resources: number,
  copies: Copies,
): Promise<Threads> {
  if (copies.count > 1) await prepareCopies(url, copies)
  const progress = new Int32Array(new SharedArrayBuffer(12))
  const order: LoadOrder = {
    url,
    tenant,
    timezone,
    resources,
    copies,
    progress,
    samplePatients: SAMPLE_PATIENTS / THREADS,
    sampleObservations: SAMPLE_OBSERVATIONS / THREADS,
  }
  const ended = new AbortController()
  const told = tellProgress(progress, resources, ended.signal)
  const threads = Array.from({ length: THREADS }, () => startThread(order))
  const all = <T>(ask: (thread: Thread) => Promise<T>) => Promise.all(threads.map(ask))
  const base = async () => {
    const started = performance.now()
    try {
      await all((thread) => thread.next('base'))
    } finally {
      ended.abort()
      await told
    }
    const seconds = secondsFrom(started)
    return { resources: progress[1]!, seconds, perSecond: Math.round(progress[1]! / seconds) }
  }
  return {
    base: base(),
    async loadPeople() {
      await all((thread) => thread.next('people'))
      return progress[2]!
    },
    end: () =>
      all(async (thread) => {
        const report = (await thread.next('report')) as LoadReport
        await thread.end()
        return report
      }),
  }
}

interface Thread {
  /** Has the thread do its next step. */
  next(step: LoadStep): Promise<unknown>
  end(): Promise<unknown>
}

function startThread(workerData: LoadOrder): Thread {
  const thread = new Worker(new URL('./load-worker.ts', import.meta.url), { workerData })
  return {
    next: (step) =>
      new Promise((resolve, reject) => {
        thread.once('message', resolve)
        thread.once('error', reject)
        thread.once('exit', () => reject(new Error('a loading thread ended')))
        thread.postMessage(step)
      }),
    end: () => thread.terminate(),
  }
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
