/** What the tests of the channels share: a queue in memory, a store that notes what was written, messages. */
import type { TenantId } from '../kernel/ids.ts'
import { silentLog } from '../kernel/log.ts'
import { auditStatement, type Db, makeJournal, type Reassignments, type Repository } from '../store/index.ts'
import { type ChannelsDeps, makeChannels } from './channels.ts'
import type { Hl7Channel } from './config/channel.ts'
import { readPresets } from './config/presets.ts'
import { readChannel } from './config/read.ts'
import { noMetrics } from './metrics.ts'
import type { Transform } from './transform.ts'
import type { LaneHandler, Wake, WakeQueue } from './wake.ts'

export const peer = { address: '10.0.0.7', port: 4_000 }

/** The channel `lab` of the tenant `test`; `settings` are YAML lines. */
export function labChannel(settings = ''): Hl7Channel {
  const text = `channel: lab\ntenant: test\nsource: mllp\nlisten: { port: 0 }\n${settings}`
  const read = readChannel('lab.yaml', text, {})
  if ('problems' in read || read.channel.source !== 'mllp') throw new Error(JSON.stringify(read))
  return read.channel
}

/** The channel `lab` with the presets that come with the program. */
export async function presetChannel(settings: string): Promise<Hl7Channel> {
  const text = `channel: lab\ntenant: test\nsource: mllp\nlisten: { port: 0 }\n${settings}`
  const read = readChannel('lab.yaml', text, {}, await readPresets('config/presets'))
  if ('problems' in read || read.channel.source !== 'mllp') throw new Error(JSON.stringify(read))
  return read.channel
}

/** A result message. The patient decides the lane. */
export function oru(controlId: string, patient = '1', more = ''): Buffer {
  const header = `MSH|^~\\&|LAB|HOSP|EHR|HOSP|20260102030405||ORU^R01^ORU_R01|${controlId}|P|2.5${more}`
  return Buffer.from(`${header}\rPID|1||${patient}^^^LAB\rOBX|1|NM|GLU||5.10\r`)
}

/** Writes one Basic resource a message, named after its control id. */
export const transform = (({ raw }) => {
  const id = raw.toString().split('|')[9]!
  const body = { resourceType: 'Basic', id }
  return {
    did: 'mapped',
    changes: [{ type: 'Basic', id, make: () => ({ value: body, exact: body }) }],
    warnings: [],
  }
}) satisfies Transform

/** The table that notedRepository writes to. */
export const NOTED_TABLE = `
  create table passerelle.noted (tenant int not null, position bigserial, id text not null);
  call passerelle.isolate('passerelle.noted', 'select, insert');
  grant usage on sequence passerelle.noted_position_seq to passerelle_app`

/** Notes which resources were written in which order, in the transaction that finishes their message. */
export function notedRepository(db: Db): Repository {
  const commit: Repository['commit'] = (tenant, changes, { audit, with: more } = {}) =>
    db.transaction(tenant, async (tx) => {
      const outcomes = changes.map(({ type, id }) => {
        const did = 'created' as const
        return { type, id, version: 1, lastUpdated: '', body: '', patients: [], did }
      })
      const text = `insert into noted (tenant, id) select current_tenant(), unnest($1::text[])`
      void tx.query({ text, values: [changes.map(({ id }) => id)] })
      void tx.query(auditStatement(audit?.(outcomes) ?? []))
      await more?.(tx, outcomes)
      return outcomes
    })
  return { commit } as Repository
}

/** Ids in the order in which they were written. */
export async function notedIds(db: Db, tenant: TenantId): Promise<string[]> {
  const rows = await db.query<{ id: string }>(tenant, {
    text: 'select id from noted order by position',
    values: [],
  })
  return rows.map(({ id }) => id)
}

export interface MemoryQueueOptions {
  /** Decides what becomes of a wake: handed on, lost, or handed on twice. A real queue does each now and then. */
  fate?(): 'once' | 'lost' | 'twice'
}

/** A queue that starts every drain at once, the same lane several times side by side if it is woken so. */
export function memoryQueue({ fate = () => 'once' }: MemoryQueueOptions = {}): WakeQueue & {
  /** Resolves when nothing is being drained. */
  idle(): Promise<void>
} {
  let handler: LaneHandler | undefined
  const waiting: Wake[] = []
  const atWork = new Set<Promise<void>>()

  async function drain(wake: Wake, by: LaneHandler): Promise<void> {
    const again = await by.drain(wake).catch(() => undefined)
    if (again === undefined && (await by.isDue(wake))) give([wake])
  }

  function give(wakes: readonly Wake[]): void {
    waiting.push(...wakes)
    if (handler === undefined) return
    for (const wake of waiting.splice(0)) {
      const draining = drain(wake, handler).catch(() => {})
      atWork.add(draining)
      void draining.finally(() => atWork.delete(draining))
    }
  }

  const idle = async (): Promise<void> => {
    while (atWork.size > 0) await Promise.all(atWork)
  }
  return {
    async wake(wakes, { delayMs = 0 } = {}) {
      if (delayMs > 0) return
      for (const wake of wakes) {
        const becomes = fate()
        if (becomes !== 'lost') give(becomes === 'twice' ? [wake, wake] : [wake])
      }
    },
    process(given) {
      handler = given
      give([])
    },
    async pause() {
      await idle()
      handler = undefined
    },
    idle,
    depth: async () => ({ waiting: waiting.length, active: atWork.size, delayed: 0 }),
    async [Symbol.asyncDispose]() {},
  }
}

/** Channels over a test database, with everything that a test doesn't care for. */
export function testChannels(
  db: Db,
  tenant: TenantId,
  given: Partial<ChannelsDeps> & Pick<ChannelsDeps, 'wakeQueue'>,
) {
  return makeChannels({
    channels: [labChannel()],
    tenants: new Map([['test', tenant]]),
    journal: makeJournal(db),
    repository: notedRepository(db),
    reassignments: {} as Reassignments,
    transform,
    clock: { now: () => Date.now() },
    random: Math.random,
    metrics: noMetrics,
    log: silentLog,
    ...given,
  })
}
