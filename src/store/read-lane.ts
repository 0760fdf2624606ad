/**
 * Reads by key of many requests in one statement: those that come in one turn of the event loop, or while earlier ones
 * are on their way, go out together. An idle store reads at once. What is read was committed when it was asked for, since
 * the statement is sent after that.
 */
import type { TenantId } from '../kernel/ids.ts'
import type { Db } from './db.ts'
import { readCurrent, readMany, type ResourceRow } from './queries/read-resources.ts'

export interface ReadLane {
  /** The current version, a deletion included. */
  read(tenant: TenantId, type: string, id: string): Promise<ResourceRow | undefined>
}

/** As many as there are connections for lookups. */
const MAX_RUNNING = 2
const MAX_GROUP = 32

interface Waiting {
  readonly type: string
  readonly id: string
  readonly done: PromiseWithResolvers<ResourceRow | undefined>
}

export function makeReadLane(db: Pick<Db, 'lookup'>): ReadLane {
  const lanes = new Map<TenantId, TenantLane>()
  return {
    read(tenant, type, id) {
      let lane = lanes.get(tenant)
      if (!lane) {
        lane = makeTenantLane(
          (group) => readGroup(db, tenant, group),
          () => lanes.delete(tenant),
        )
        lanes.set(tenant, lane)
      }
      return lane.add(type, id)
    },
  }
}

interface TenantLane {
  add(type: string, id: string): Promise<ResourceRow | undefined>
}

/** @param idle nobody waits */
function makeTenantLane(read: (group: readonly Waiting[]) => Promise<void>, idle: () => void): TenantLane {
  let waiting: Waiting[] = []
  let running = 0
  let isPlanned = false

  function start(): void {
    isPlanned = false
    while (running < MAX_RUNNING && waiting.length > 0) {
      const group = waiting.slice(0, MAX_GROUP)
      waiting = waiting.slice(MAX_GROUP)
      running++
      void read(group).finally(() => {
        running--
        if (waiting.length > 0) plan()
        else if (running === 0) idle()
      })
    }
  }

  function plan(): void {
    if (isPlanned || running >= MAX_RUNNING) return
    isPlanned = true
    setImmediate(start)
  }

  return {
    add(type, id) {
      const done = Promise.withResolvers<ResourceRow | undefined>()
      waiting.push({ type, id, done })
      plan()
      return done.promise
    },
  }
}

async function readGroup(db: Pick<Db, 'lookup'>, tenant: TenantId, group: readonly Waiting[]): Promise<void> {
  try {
    const keys = new Map(group.map((one) => [`${one.type}/${one.id}`, one]))
    const [first] = group
    const statement =
      keys.size === 1 ? readCurrent(tenant, first!.type, first!.id) : readMany(tenant, [...keys.values()])
    const rows = await db.lookup<ResourceRow>(tenant, statement)
    const found = new Map(rows.map((row) => [`${row.type}/${row.id}`, row]))
    for (const { type, id, done } of group) done.resolve(found.get(`${type}/${id}`))
  } catch (error) {
    for (const { done } of group) done.reject(error)
  }
}
