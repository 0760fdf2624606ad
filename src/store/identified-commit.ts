/**
 * Writes what may be here already under another id: known by its identifier, or merged into another record. Between the
 * look and the write somebody else may create or merge it, through another door: then the write does not happen, and the
 * next look finds it.
 */
import { Failure } from '../kernel/failure.ts'
import type { TenantId } from '../kernel/ids.ts'
import type { AuditRow } from './audit.ts'
import type { KnownIdentities, WantedIdentity } from './identities.ts'
import type { Key } from './integrity/index.ts'
import {
  assertInForce,
  REDIRECTED,
  type Reassignments,
  type Redirects,
  type RequestedReassignment,
  type StoredPlan,
} from './reassign/index.ts'
import type { Tx } from './db.ts'
import type { Change, Outcome } from './prepare.ts'
import type { CommitOptions, Repository } from './repository.ts'
import { type SourceTime, type SourceTimes, writeSourceTimes } from './source-times.ts'

export interface Identified {
  readonly wanted: readonly WantedIdentity[]
  /** Patients, visits and accounts of the message, those that it only names included; left out: those of `wanted`. */
  readonly records?: readonly Key[]
  /** What it says about two records. */
  readonly reassignments?: readonly RequestedReassignment[]
  /** What is kept in the order of time, under the ids that it is known by. */
  timed?(known: KnownIdentities): readonly Key[]
  changesFor(known: KnownIdentities, names: Names): readonly Change[]
  /** Of the changes that were made last: what to remember, and whether something newer was known. */
  told?(): Told
}

export interface Told {
  readonly times: readonly SourceTime[]
  readonly isStale: boolean
  /** What it changes is not here yet, and waits. */
  readonly isEarly: boolean
}

/** What became of the records that a message speaks of. */
export interface Names {
  /** Of what the message says about two records. */
  readonly plan: StoredPlan
  readonly times: SourceTimes
}

export interface IdentifiedOptions extends Omit<CommitOptions, 'with'> {
  /** More statements of the same transaction. */
  readonly with?: (tx: Tx, outcomes: readonly Outcome[], told: Told) => Promise<void>
  /** For messages that merge. */
  readonly reassign?: {
    readonly reassignments: Reassignments
    readonly now: number
    readonly agent: AuditRow['agent']
    readonly source: string
  }
}

/** Each is lost only to somebody who created what was looked for, or spoke of the same at the same moment. */
const MAX_ATTEMPTS = 20

const NOBODY: KnownIdentities = new Map()
const NOTHING_TOLD: Told = { times: [], isStale: false, isEarly: false }

const NO_PLAN: StoredPlan = {
  todo: [],
  unlinked: [],
  names: new Map(),
  dropped: new Set(),
  merged: new Set(),
  stored: new Map(),
}

export async function commitIdentified(
  repository: Pick<Repository, 'identify' | 'commit' | 'sourceTimes'>,
  tenant: TenantId,
  identified: Identified,
  options: IdentifiedOptions,
): Promise<readonly Outcome[]> {
  const { wanted, reassignments: requested = [], changesFor } = identified
  const records = identified.records ?? wanted
  for (let attempt = 1; ; attempt++) {
    // Mostly a resource is known by the id that its message makes: asked for beside who it is.
    const own = identified.timed?.(NOBODY) ?? []
    const [{ known: found, strangers, redirects }, early] = await Promise.all([
      repository.identify(tenant, wanted, records),
      repository.sourceTimes(tenant, own),
    ])
    const plan =
      requested.length === 0 || options.reassign === undefined
        ? NO_PLAN
        : await options.reassign.reassignments.plan(tenant, requested, found, redirects)
    const known = whereTheyAre(records, found, redirects, plan)
    const asked = new Set(own.map(({ type, id }) => `${type}/${id}`))
    const timed = [...(identified.timed?.(known) ?? []), ...mergedRecords(plan)]
    const others = timed.filter(({ type, id }) => !asked.has(`${type}/${id}`))
    const times = new Map([...early, ...(await repository.sourceTimes(tenant, others))])
    try {
      return await repository.commit(tenant, changesFor(known, { plan, times }), {
        ...options,
        strangers,
        ...(plan.todo.length > 0 && { alone: plan.todo.map(({ type, from }) => ({ type, id: from })) }),
        async with(tx, outcomes) {
          const inForce = recordsOf(outcomes).filter(({ type, id }) => !plan.merged.has(`${type}/${id}`))
          if (inForce.length > 0) void tx.query(assertInForce(tenant, inForce))
          if (options.reassign && plan.todo.length > 0) {
            const { reassignments, ...told } = options.reassign
            await reassignments.apply({ tx, tenant, outcomes, ...told }, plan.todo)
          }
          const told = identified.told?.() ?? NOTHING_TOLD
          if (told.times.length > 0) void tx.query(writeSourceTimes(tenant, told.times))
          await options.with?.(tx, outcomes, told)
        },
      })
    } catch (error) {
      const isRace = error instanceof Failure && error.code === 'criteria-matched'
      if (!isRace || attempt === MAX_ATTEMPTS) throw error
    }
  }
}

function whereTheyAre(
  records: readonly Key[],
  found: KnownIdentities,
  redirects: Redirects,
  plan: StoredPlan,
): KnownIdentities {
  const known = new Map(found)
  for (const { type, id } of records) {
    const name = `${type}/${id}`
    const chain = redirects.get(`${type}/${found.get(name) ?? id}`)
    if (chain !== undefined) known.set(name, chain.at(-1)!)
  }
  for (const [name, id] of plan.names) known.set(name, id)
  return known
}

/** The records that a message wrote about, or found as it left them. */
function recordsOf(outcomes: readonly Outcome[]): Key[] {
  return outcomes.filter(({ type, did }) => REDIRECTED.has(type) && did !== 'deleted')
}

/** A merge says something of both, whichever of them the message names. */
function mergedRecords({ todo }: StoredPlan): Key[] {
  const merges = todo.filter(({ does }) => does === 'merge')
  return merges.flatMap(({ type, from, to }) => [from, to].map((id) => ({ type, id })))
}
