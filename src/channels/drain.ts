/**
 * Drains a lane: its messages, oldest first, each in one PostgreSQL transaction that holds the resources, the Provenance,
 * the audit rows and the message's new state. A crash leaves all of a message or nothing of it.
 *
 * What keeps the order is the journal and not this process: only the oldest open message of a lane can be finished, and
 * only once (src/store/journal/finish.ts). Two drains of one lane, after a worker was thought dead, waste work and harm
 * nothing; so no lock is held while a message is being mapped, and none is left behind by a crash.
 */
import type { Clock } from '../kernel/clock.ts'
import { asFailure, type Failure } from '../kernel/failure.ts'
import type { TenantId } from '../kernel/ids.ts'
import type { Log } from '../kernel/log.ts'
import {
  commitIdentified,
  isNotHead,
  noteIdSystems,
  type Journal,
  type Reassignments,
  type OpenMessage,
  type Outcome,
  type Repository,
  type Told,
  type Tx,
} from '../store/index.ts'
import { handledRow, senderAgent } from './audit-rows.ts'
import type { Hl7Channel } from './config/channel.ts'
import type { ChannelMetrics } from './metrics.ts'
import { type CrashGuard, makeCrashGuard } from './crash-guard.ts'
import { afterFailure } from './retry.ts'
import type { Dictionary } from '../mapping/index.ts'
import type { MappingWarning, Transform } from './transform.ts'
import type { LaneHandler, Wake } from './wake.ts'

export interface DrainDeps {
  readonly journal: Journal
  readonly repository: Repository
  readonly reassignments: Reassignments
  readonly transform: Transform
  readonly dictionaryOf?: ((tenant: TenantId) => Promise<Dictionary>) | undefined
  channelOf(name: string): Hl7Channel | undefined
  wake(wakes: readonly Wake[]): Promise<void>
  /** True from the moment on when no further message is to be begun. */
  stopping(): boolean
  readonly clock: Clock
  random(): number
  readonly metrics: ChannelMetrics
  readonly log: Log
}

/** Messages read at once. */
const AT_ONCE = 16
/** Then the lane goes back to the end of the queue, so that a busy one doesn't keep a worker to itself. */
const SLICE = 64
/** How long to stay away from a lane that is being drained. */
const STAND_BACK_MS = 1_000

type Handled = 'finished' | 'held' | 'taken' | { readonly retryInMs: number }

export function makeDrain(deps: DrainDeps): LaneHandler {
  const { journal, channelOf, stopping, clock, log } = deps
  const guard = makeCrashGuard(deps)

  async function drain(lane: Wake): Promise<number | undefined> {
    const channel = channelOf(lane.channel)
    if (channel === undefined) {
      log.warn({ channel: lane.channel }, 'messages wait for a channel that is not configured')
      return undefined
    }
    for (let handled = 0; handled < SLICE;) {
      const messages = await journal.readLane(lane.tenant, lane.lane, AT_ONCE)
      for (const message of messages) {
        if (stopping() || message.held || message.blocked) return undefined
        const waitMs = (message.retryAt ?? 0) - clock.now()
        if (waitMs > 0) return waitMs
        const ended = await handle(deps, guard, channel, lane, message)
        if (ended === 'held') return undefined
        if (ended === 'taken') return STAND_BACK_MS
        if (ended !== 'finished') return ended.retryInMs
        handled += 1
      }
      if (messages.length < AT_ONCE) return undefined
    }
    return undefined
  }

  const atWork = new Set<string>()

  return {
    async drain(lane) {
      const key = `${lane.tenant} ${lane.lane}`
      if (atWork.has(key)) return STAND_BACK_MS
      atWork.add(key)
      try {
        return await drain(lane)
      } finally {
        atWork.delete(key)
      }
    },
    isDue: ({ tenant, lane, channel }) =>
      stopping() || channelOf(channel) === undefined
        ? Promise.resolve(false)
        : journal.isDue(tenant, lane, clock.now()),
  }
}

async function handle(
  deps: DrainDeps,
  guard: CrashGuard,
  channel: Hl7Channel,
  lane: Wake,
  message: OpenMessage,
): Promise<Handled> {
  const { clock, metrics } = deps
  const begun = clock.now()
  const count = (
    outcome: 'done' | 'filtered' | 'retry' | 'held',
    seen: { warnings: number; stale: boolean } = { warnings: 0, stale: false },
  ) => metrics.handled({ channel: channel.channel, outcome, durationMs: clock.now() - begun, ...seen })
  try {
    const { state, ...seen } = await guard.run(lane.tenant, channel, message, () =>
      write(deps, channel, lane.tenant, message),
    )
    count(state, seen)
  } catch (error) {
    if (isNotHead(error)) return 'taken'
    const next = await noteFailure(deps, channel, lane.tenant, message, asFailure(error))
    count(next === 'held' ? 'held' : 'retry')
    return next
  }
  // The other patients of a merge may have messages that waited for this one.
  if (message.otherLanes.length > 0) {
    await deps.wake(message.otherLanes.map((other) => ({ ...lane, lane: other }))).catch(() => {})
  }
  return 'finished'
}

async function write(
  { journal, repository, reassignments, transform, dictionaryOf, clock, log, metrics }: DrainDeps,
  channel: Hl7Channel,
  tenant: TenantId,
  message: OpenMessage,
): Promise<{ state: 'done' | 'filtered'; warnings: number; stale: boolean }> {
  const dictionary = await dictionaryOf?.(tenant)
  const transformed = transform(dictionary ? { ...message, dictionary } : message, channel)
  const filtered = transformed.did === 'filtered'
  const state = filtered ? 'filtered' : 'done'
  const warned = filtered ? [] : transformed.warnings
  const warnings = warned.reduce((sum, { count }) => sum + count, 0)
  let stale = false
  const options = {
    audit: (outcomes: readonly Outcome[]) => [
      handledRow(channel, message, outcomes.filter(isThere), clock.now()),
    ],
    with: async (tx: Tx, outcomes: readonly Outcome[], told?: Told) => {
      const written = outcomes.filter(isThere).map(versionOf)
      stale = told?.isStale ?? false
      const news = told?.isEarly ? 'message-early' : stale ? 'message-stale' : undefined
      const reason = filtered ? transformed.reason : news
      if (!filtered) noteIdSystems(tx, transformed.idSystems ?? [])
      journal.finish(tx, message, { state, finishedAt: clock.now(), written, warnings, reason })
    },
    // A message is never lost for what its resources refer to.
    integrity: { absentTargets: 'accept' } as const,
  }
  if (filtered) await repository.commit(tenant, [], options)
  // A patient whom a client created before the first message came keeps the id that she has.
  else if (transformed.identified) {
    const reassign = {
      reassignments,
      now: clock.now(),
      agent: senderAgent(message),
      source: transformed.source ?? '',
    }
    await commitIdentified(repository, tenant, transformed.identified, { ...options, reassign })
  } else await repository.commit(tenant, transformed.changes, options)
  tellWarnings(warned, channel, { log, metrics })
  return { state, warnings, stale }
}

/** Counted by their kind; what a person can do something about (a name to register, a code to map) is in the log too. */
function tellWarnings(
  warned: readonly MappingWarning[],
  { channel }: Hl7Channel,
  { log, metrics }: Pick<DrainDeps, 'log' | 'metrics'>,
): void {
  for (const { code, about, count } of warned) {
    metrics.warned({ channel, code, count })
    if (TOLD.has(code)) log.debug({ channel, code, about }, 'a name or code of a message is not registered')
  }
}

const TOLD: ReadonlySet<string> = new Set([
  'namespace-not-registered',
  'code-system-unknown',
  'code-not-translated',
])

async function noteFailure(
  { journal, random, clock, log }: DrainDeps,
  channel: Hl7Channel,
  tenant: TenantId,
  message: OpenMessage,
  failure: Failure,
): Promise<'held' | { retryInMs: number }> {
  const decided = afterFailure(failure, message.attempts + 1, channel.retry, random)
  const next = decided === 'hold' ? decided : { retryAt: clock.now() + decided.delayMs }
  await journal.recordFailure(tenant, message, { code: failure.code, next })
  const fields = {
    channel: channel.channel,
    messageId: message.id,
    code: failure.code,
    attempt: message.attempts + 1,
  }
  if (decided === 'hold') {
    log.error(fields, 'message held')
    return 'held'
  }
  log.warn({ ...fields, retryInMs: decided.delayMs }, 'message not handled, will be tried again')
  return { retryInMs: decided.delayMs }
}

/** What would have changed something that is not there has version 0. */
function isThere({ version }: Outcome): boolean {
  return version > 0
}

function versionOf({ type, id, version }: Outcome): string {
  return `${type}/${id}/_history/${version}`
}
