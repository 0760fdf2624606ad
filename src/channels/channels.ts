/** All channels of an installation at work: an intake for each HL7 v2 channel, the workers, the sweeper, the operator's hand. */
import type { Clock } from '../kernel/clock.ts'
import { makeGroupCommit } from '../kernel/group-commit.ts'
import { Failure } from '../kernel/failure.ts'
import type { TenantId } from '../kernel/ids.ts'
import type { Log } from '../kernel/log.ts'
import type {
  AuditRow,
  ChannelBacklog,
  HeldMessage,
  Journal,
  MessageNumber,
  NewMessage,
  Reassignments,
  Receipt,
  Repository,
} from '../store/index.ts'
import type { Channel, Hl7Channel } from './config/channel.ts'
import { makeDrain } from './drain.ts'
import { type Door, type Intake, makeIntake, type RefuseFrame } from './intake.ts'
import type { Dictionary } from '../mapping/index.ts'
import type { ChannelMetrics } from './metrics.ts'
import { decisionRow } from './audit-rows.ts'
import { makeOutcomeWatch, type OutcomeWatch } from './outcome-watch.ts'
import type { Responder } from './questions/index.ts'
import { makeSweeper } from './sweep.ts'
import type { Transform } from './transform.ts'
import type { WakeQueue } from './wake.ts'

export interface ChannelsDeps {
  /** As loadChannels gave them. */
  readonly channels: readonly Channel[]
  /** The tenant of each key that the channels name. */
  readonly tenants: ReadonlyMap<string, TenantId>
  readonly journal: Journal
  readonly repository: Repository
  readonly reassignments: Reassignments
  readonly wakeQueue: WakeQueue
  readonly transform: Transform
  /** What a tenant keeps to read messages with; without it messages are read with the tables alone. */
  readonly dictionaryOf?: ((tenant: TenantId) => Promise<Dictionary>) | undefined
  /** Who answers queries; without one they are kept as any other message. */
  readonly responder?: Responder | undefined
  readonly clock: Clock
  random(): number
  readonly metrics: ChannelMetrics
  readonly log: Log
  /** Lanes that this process handles side by side. */
  readonly concurrency?: number
}

export interface Channels {
  /** The channels that are switched on. */
  readonly enabled: readonly Channel[]
  /** What a listener hands its frames to. @throws Failure `not-found`/`channel-unknown` */
  intakeFor(channel: string): Intake
  /** What a listener hands the heads of frames to that it can't take. @throws Failure `not-found`/`channel-unknown` */
  refusalFor(channel: string): RefuseFrame
  /** Answers everybody who waits for a result with what is known, and lets nobody wait any more: the doors close. */
  stopWaiting(): void
  /** Begins to handle messages: first what an earlier run left, then what comes. */
  startWork(): Promise<void>
  /** Begins no further message and resolves when those at work are done. */
  stopWork(): Promise<void>
  /** Held messages of a channel, oldest first. */
  held(
    channel: string,
    page: { readonly after?: MessageNumber; readonly limit: number },
  ): Promise<readonly HeldMessage[]>
  /** Tries a held message again, or sets it aside so that its lane goes on. False when it isn't held. */
  decide(
    channel: string,
    message: MessageNumber,
    decision: 'release' | 'skip',
    by: AuditRow['agent'],
  ): Promise<boolean>
  /** What is to do, for each channel that has something. */
  backlog(): Promise<readonly ChannelBacklog[]>
}

const DEFAULT_CONCURRENCY = 4
const GROUP = { maxItems: 200, maxBytes: 8 * 1024 * 1024, companyMs: 1 }

/** @throws Failure `invalid`/`channel-tenant` when a channel names a tenant that is not there */
export function makeChannels(deps: ChannelsDeps): Channels {
  const { journal, wakeQueue, clock, log, concurrency = DEFAULT_CONCURRENCY } = deps
  const enabled = deps.channels.filter((channel) => channel.enabled)
  const hl7 = new Map(enabled.filter((channel) => channel.source === 'mllp').map((one) => [one.channel, one]))
  const placed = byTenant(hl7.values(), deps.tenants)
  const { doors, watches } = makeDoors(deps, placed)
  const sweeper = makeSweeper({ journal, wakeQueue, tenants: () => channelNames(placed), clock, log })
  let working: { readonly stop: AbortController; readonly swept: Promise<void> } | undefined

  const tenantOf = (name: string): TenantId => {
    const channel = hl7.get(name)
    if (channel === undefined) throw new Failure('not-found', 'channel-unknown', { channel: name })
    return deps.tenants.get(channel.tenant)!
  }

  return {
    enabled,
    intakeFor(name) {
      tenantOf(name)
      return doors.get(name)!.take
    },
    refusalFor(name) {
      tenantOf(name)
      return doors.get(name)!.refuse
    },
    stopWaiting() {
      for (const watch of watches) watch.stop()
    },

    async startWork() {
      const stop = new AbortController()
      const handler = makeDrain({
        ...deps,
        channelOf: (name) => hl7.get(name),
        wake: (wakes) => wakeQueue.wake(wakes),
        stopping: () => stop.signal.aborted,
      })
      const woken = await sweeper.sweep(0)
      if (woken > 0) log.info({ lanes: woken }, 'messages of an earlier run are taken up')
      wakeQueue.process(handler, { concurrency })
      working = { stop, swept: sweeper.run(stop.signal) }
    },

    async stopWork() {
      working?.stop.abort()
      await Promise.all([wakeQueue.pause(), working?.swept])
      working = undefined
    },

    held: async (name, page) => journal.listHeld(tenantOf(name), name, page),

    async decide(name, message, decision, by) {
      const tenant = tenantOf(name)
      const row = decisionRow(name, message, decision, by, clock.now())
      const decided = await journal.decideHeld(tenant, { channel: name, id: message }, decision, row)
      if (decided === undefined) return false
      const wakes = decided.lanes.map((lane) => ({ tenant, channel: name, lane }))
      await wakeQueue.wake(wakes)
      return true
    },

    async backlog() {
      const parts = await Promise.all([...placed.keys()].map((tenant) => journal.backlog(tenant)))
      return parts.flat()
    },
  }
}

type Placed = ReadonlyMap<TenantId, readonly Hl7Channel[]>

function byTenant(channels: Iterable<Hl7Channel>, tenants: ReadonlyMap<string, TenantId>): Placed {
  const placed = new Map<TenantId, Hl7Channel[]>()
  for (const channel of channels) {
    const tenant = tenants.get(channel.tenant)
    if (tenant === undefined) {
      throw new Failure('invalid', 'channel-tenant', { channel: channel.channel, tenant: channel.tenant })
    }
    placed.set(tenant, [...(placed.get(tenant) ?? []), channel])
  }
  return placed
}

function* channelNames(placed: Placed): Iterable<readonly [TenantId, ReadonlySet<string>]> {
  for (const [tenant, channels] of placed) yield [tenant, new Set(channels.map((one) => one.channel))]
}

interface Doors {
  readonly doors: ReadonlyMap<string, Door>
  readonly watches: readonly OutcomeWatch[]
}

/** The channels of one tenant share its group commits, and the look at what became of its messages. */
function makeDoors(deps: ChannelsDeps, placed: Placed): Doors {
  const { journal, wakeQueue, clock, metrics, log } = deps
  const doors = new Map<string, Door>()
  const watches: OutcomeWatch[] = []
  for (const [tenant, channels] of placed) {
    // What is given together (a batch) is committed together.
    const append = makeGroupCommit<readonly NewMessage[], readonly Receipt[]>({
      ...GROUP,
      bytesOf: (messages) => messages.reduce((sum, { raw }) => sum + raw.length, 0),
      commit: async (groups) => {
        const messages = groups.flat()
        const receipts = await journal.append(tenant, messages)
        let from = 0
        return groups.map(({ length }) => receipts.slice(from, (from += length)))
      },
    })
    const laneSecret = onceItWorks(() => journal.laneSecret(tenant))
    const wake = (wakes: Parameters<WakeQueue['wake']>[0]) => wakeQueue.wake(wakes)
    const outcomes = makeOutcomeWatch({ progress: (ids) => journal.progress(tenant, ids), clock })
    const keepAnswer: Parameters<typeof makeIntake>[0]['keepAnswer'] = (message, answer) =>
      journal.keepAnswer(tenant, message, answer)
    watches.push(outcomes)
    for (const channel of channels) {
      const { responder } = deps
      const shared = {
        tenant,
        append,
        laneSecret,
        wake,
        outcomes,
        keepAnswer,
        responder,
        clock,
        metrics,
        log,
      }
      doors.set(channel.channel, makeIntake({ ...shared, channel }))
    }
  }
  return { doors, watches }
}

/** Asks once and keeps the answer; a failure isn't kept. */
function onceItWorks<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined
  return () => {
    answer ??= ask().catch((error: unknown) => {
      answer = undefined
      throw error
    })
    return answer
  }
}
