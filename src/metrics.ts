/**
 * What is counted, for Prometheus. Each part has its own small port and never sees this file; the composition root
 * hands the ports out. No label ever names a tenant, a client or a patient: /metrics needs no token.
 * https://prometheus.io/docs/practices/naming/
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

/** One queue at one moment. */
interface QueueState {
  readonly queue: string
  /** How many by state: waiting, active, delayed, held … */
  readonly depth: Readonly<Record<string, number>>
  /** Age of the oldest that is still to be handled; 0 when there is none. */
  readonly oldestSeconds: number
}

export interface Metrics {
  readonly http: { observe(method: string, route: string, status: number, seconds: number): void }
  readonly audit: { flushed(rows: number, seconds: number): void; failed(rows: number): void }
  readonly channels: {
    received(event: { channel: string; outcome: string; durationMs: number }): void
    handled(event: {
      channel: string
      outcome: string
      durationMs: number
      warnings: number
      stale: boolean
    }): void
    /** `code` is one of the mapping's few warnings: `code-unmapped`, `namespace-not-registered` … */
    warned(event: { channel: string; code: string; count: number }): void
  }
  readonly mllp: {
    /** What a listener saw: opened, frame, junk, half-frame, oversize, idle … */
    happened(channel: string, event: string): void
  }
  readonly dicom: {
    /** A C-STORE was answered. `status` is the status word in hexadecimal, `0000` for success. */
    stored(event: { channel: string; status: string; bytes: number; durationMs: number }): void
  }
  /** Asked at each scrape, like the two below. */
  watchPool(name: string, usage: () => { total: number; idle: number; waiting: number }): void
  watchQueues(states: () => Promise<readonly QueueState[]>): void
  watchConnections(listener: string, open: () => number): void
  /** Prometheus' text format. */
  text(): Promise<string>
  readonly contentType: string
}

/** From a lookup by id to a bundle of hundreds, in seconds. */
const REQUEST_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
/** A message may wait for its turn for long. */
const HANDLING_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300]

export function makeMetrics({ version }: { readonly version: string }): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  new Gauge({ name: 'passerelle_info', help: 'Always 1.', labelNames: ['version'], registers }).set(
    { version },
    1,
  )

  return {
    http: makeHttp(registers),
    audit: makeAudit(registers),
    channels: makeChannels(registers),
    mllp: makeMllp(registers),
    dicom: makeDicom(registers),
    ...makeWatches(registers),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}

function makeHttp(registers: Registry[]): Metrics['http'] {
  const seconds = new Histogram({
    name: 'passerelle_http_request_seconds',
    help: 'Time to answer an HTTP request, by route pattern.',
    labelNames: ['method', 'route', 'status'],
    buckets: REQUEST_BUCKETS,
    registers,
  })
  return {
    // Some clients make methods up; each would be a series of its own.
    observe: (method, route, status, took) =>
      seconds.observe({ method: METHODS.has(method) ? method : 'other', route, status }, took),
  }
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

function makeAudit(registers: Registry[]): Metrics['audit'] {
  const rows = new Counter({
    name: 'passerelle_audit_rows_total',
    help: 'Audit rows by what became of them. A failed one refused the access it was about.',
    labelNames: ['outcome'],
    registers,
  })
  const seconds = new Histogram({
    name: 'passerelle_audit_flush_seconds',
    help: 'Time to make a group of audit rows durable.',
    buckets: REQUEST_BUCKETS,
    registers,
  })
  return {
    flushed(count, took) {
      rows.inc({ outcome: 'kept' }, count)
      seconds.observe(took)
    },
    failed: (count) => rows.inc({ outcome: 'failed' }, count),
  }
}

function makeChannels(registers: Registry[]): Metrics['channels'] {
  const ack = new Histogram({
    name: 'passerelle_message_ack_seconds',
    help: 'From the whole frame of a message to its acknowledgement.',
    labelNames: ['channel', 'outcome'],
    buckets: REQUEST_BUCKETS,
    registers,
  })
  const handling = new Histogram({
    name: 'passerelle_message_handling_seconds',
    help: 'Time to handle a message: parse, map, write.',
    labelNames: ['channel', 'outcome'],
    buckets: HANDLING_BUCKETS,
    registers,
  })
  const warnings = new Counter({
    name: 'passerelle_message_warnings_total',
    help: 'What of messages could not be carried over as it was, by the kind of warning.',
    labelNames: ['channel', 'code'],
    registers,
  })
  const stale = new Counter({
    name: 'passerelle_messages_stale_total',
    help: 'Messages that say of something what is older than what is known.',
    labelNames: ['channel'],
    registers,
  })
  return {
    received: ({ channel, outcome, durationMs }) => ack.observe({ channel, outcome }, durationMs / 1000),
    handled({ channel, outcome, durationMs, stale: isStale }) {
      handling.observe({ channel, outcome }, durationMs / 1000)
      if (isStale) stale.inc({ channel })
    },
    warned: ({ channel, code, count }) => warnings.inc({ channel, code }, count),
  }
}

function makeMllp(registers: Registry[]): Metrics['mllp'] {
  const events = new Counter({
    name: 'passerelle_mllp_events_total',
    help: 'What MLLP listeners saw: connections, frames, and what was wrong with them.',
    labelNames: ['channel', 'event'],
    registers,
  })
  return { happened: (channel, event) => events.inc({ channel, event }) }
}

function makeDicom(registers: Registry[]): Metrics['dicom'] {
  const seconds = new Histogram({
    name: 'passerelle_dicom_store_seconds',
    help: 'From the command of a C-STORE to its answer.',
    labelNames: ['channel', 'status'],
    buckets: REQUEST_BUCKETS,
    registers,
  })
  const bytes = new Counter({
    name: 'passerelle_dicom_store_bytes_total',
    help: 'Bytes of the objects that were stored.',
    labelNames: ['channel'],
    registers,
  })
  return {
    stored({ channel, status, bytes: count, durationMs }) {
      seconds.observe({ channel, status }, durationMs / 1000)
      bytes.inc({ channel }, count)
    },
  }
}

function makeWatches(registers: Registry[]): Pick<Metrics, 'watchPool' | 'watchQueues' | 'watchConnections'> {
  const pool = gauge('passerelle_db_connections', 'Connections to PostgreSQL.', ['pool', 'state'], registers)
  const depth = gauge('passerelle_queue_depth', 'What is in a queue.', ['queue', 'state'], registers)
  const oldest = gauge(
    'passerelle_queue_oldest_seconds',
    'Age of the oldest to be handled.',
    ['queue'],
    registers,
  )
  const open = gauge('passerelle_listener_connections', 'Open connections.', ['listener'], registers)
  return {
    watchPool: (name, usage) =>
      pool.watch(() => {
        const { total, idle, waiting } = usage()
        pool.set({ pool: name, state: 'used' }, total - idle)
        pool.set({ pool: name, state: 'idle' }, idle)
        pool.set({ pool: name, state: 'waited-for' }, waiting)
      }),
    watchQueues: (states) =>
      depth.watch(async () => {
        for (const { queue, depth: counts, oldestSeconds } of await states()) {
          for (const [state, count] of Object.entries(counts)) depth.set({ queue, state }, count)
          oldest.set({ queue }, oldestSeconds)
        }
      }),
    watchConnections: (listener, count) => open.watch(() => open.set({ listener }, count())),
  }
}

interface WatchedGauge {
  set(labels: Record<string, string>, value: number): void
  watch(look: () => void | Promise<void>): void
}

/** A gauge whose values are looked up when it is scraped. What cannot be looked up now is missing from the scrape. */
function gauge(name: string, help: string, labelNames: string[], registers: Registry[]): WatchedGauge {
  const looks: (() => void | Promise<void>)[] = []
  const made = new Gauge({
    name,
    help,
    labelNames,
    registers,
    async collect() {
      this.reset()
      await Promise.allSettled(looks.map(async (look) => look()))
    },
  })
  return { set: (labels, value) => made.set(labels, value), watch: (look) => void looks.push(look) }
}
