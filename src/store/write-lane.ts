/**
 * Group commit: writes that wait while another commit runs go out together, in one transaction with one flush of the
 * log. No timers: an idle store writes at once, a busy one in groups. A group whose transaction fails is sifted by what
 * its members refer to, or else halved until those that fail are alone, so that nobody fails for a neighbour's sake and
 * few have to go without company.
 */
import { isOutage } from '../kernel/group-commit.ts'
import type { TenantId } from '../kernel/ids.ts'
import { type AuditRow, auditStatement } from './audit.ts'
import type { Db, Tx } from './db.ts'
import {
  lackingTargets,
  mergeNeeds,
  type Needs,
  statementsAhead,
  statementsBehind,
} from './integrity/index.ts'
import { lockResources } from './queries/lock-resources.ts'
import {
  distinctByHash,
  type ResourceWrite,
  type TokenMeaning,
  writeResources,
} from './queries/write-resources.ts'
import type { Statement } from './statement.ts'

export interface WriteRequest {
  readonly writes: readonly ResourceWrite[]
  readonly meanings: readonly TokenMeaning[]
  readonly audit: readonly AuditRow[]
  readonly needs: Needs
  /** Of the search model that the writes are indexed for: another one raises PA004. */
  readonly revision: number
  /** Others write the index of resources beside us: see store/reindex/reindexes.ts. */
  readonly locksFirst: boolean
  /** It has lost a race before. */
  readonly again?: boolean
}

export interface WriteLane {
  /** Resolves when the request is durable. */
  submit(tenant: TenantId, request: WriteRequest): Promise<void>
}

/** Two, so that one group is prepared while the other is being flushed. */
const MAX_RUNNING = 2
const MAX_GROUP = 64
/** Keeps one statement's parameters to a few megabytes. */
const MAX_WRITES_PER_STATEMENT = 200
const MAX_CONTENT_PER_STATEMENT = 4_000_000
const MAX_AUDIT_ROWS_PER_STATEMENT = 500

interface Waiting {
  readonly tenant: TenantId
  readonly request: WriteRequest
  readonly done: PromiseWithResolvers<void>
}

export function makeWriteLane(db: Db): WriteLane {
  const waiting: Waiting[] = []
  let running = 0

  function start(): void {
    while (running < MAX_RUNNING && waiting.length > 0) {
      running++
      void runGroup(takeGroup()).finally(() => {
        running--
        start()
      })
    }
  }

  /** The oldest waiting request and those of the same tenant behind it. */
  function takeGroup(): Waiting[] {
    const { tenant } = waiting[0]!
    const group: Waiting[] = []
    let writes = 0
    for (let i = 0; i < waiting.length && group.length < MAX_GROUP && writes < MAX_WRITES_PER_STATEMENT;) {
      if (waiting[i]!.tenant === tenant) {
        const [next] = waiting.splice(i, 1)
        writes += next!.request.writes.length
        group.push(next!)
      } else {
        i++
      }
    }
    return group
  }

  async function runGroup(group: readonly Waiting[]): Promise<void> {
    try {
      await write(group)
      for (const { done } of group) done.resolve()
    } catch (error) {
      if (group.length === 1 || isOutage(error)) {
        for (const { done } of group) done.reject(error)
      } else {
        for (const part of await apart(group, error)) await runGroup(part)
      }
    }
  }

  /** A group that failed, in parts that are worth a try of their own. Who refers to what is not there is told so. */
  async function apart(group: readonly Waiting[], error: unknown): Promise<(readonly Waiting[])[]> {
    const { tenant } = group[0]!
    const needs = group.map(({ request }) => request.needs)
    const lacking = await lackingTargets(db, tenant, needs, error)
    if (lacking.size === 0) {
      const half = Math.ceil(group.length / 2)
      return [group.slice(0, half), group.slice(half)]
    }
    for (const { request, done } of group) if (lacking.has(request.needs)) done.reject(error)
    const others = group.filter(({ request }) => !lacking.has(request.needs))
    return others.length === 0 ? [] : [others]
  }

  async function write(group: readonly Waiting[]): Promise<void> {
    const { tenant } = group[0]!
    await db.transaction(tenant, async (tx) => {
      sendWrites(tx, tenant, mergeRequests(group.map((member) => member.request)))
    })
  }

  return {
    submit(tenant, request) {
      const done = Promise.withResolvers<void>()
      waiting.push({ tenant, request, done })
      start()
      return done.promise
    },
  }
}

/** Sends the statements of a request into a transaction, without waiting for their answers. */
export function sendWrites(tx: Tx, tenant: TenantId, request: WriteRequest): void {
  for (const statement of statementsFor(tenant, request)) void tx.query(statement)
}

function mergeRequests(requests: readonly WriteRequest[]): WriteRequest {
  if (requests.length === 1) return requests[0]!
  return {
    writes: requests.flatMap((request) => request.writes),
    meanings: requests.flatMap((request) => request.meanings),
    audit: requests.flatMap((request) => request.audit),
    needs: mergeNeeds(requests.map((request) => request.needs)),
    // Where they differ the older one is out of date, and who has it will be found out.
    revision: Math.min(...requests.map((request) => request.revision)),
    locksFirst: requests.some((request) => request.locksFirst),
    again: requests.some((request) => request.again === true),
  }
}

function* statementsFor(tenant: TenantId, request: WriteRequest): Generator<Statement> {
  // One order of keys for everybody: two transactions that touch the same resources wait in line, not in a circle.
  const writes = request.writes.toSorted((a, b) => compare(a.type, b.type) || compare(a.id, b.id))
  const meanings = distinctByHash(request.meanings)
  if (writes.some(({ type }) => type === 'SearchParameter'))
    yield lockSearchParameters(tenant, request.revision)
  yield* statementsAhead(tenant, request.needs)
  if (request.locksFirst) yield lockResources(tenant, writes)
  let first = true
  for (const chunk of chunks(writes)) {
    yield writeResources(tenant, chunk, first ? meanings : [], request)
    first = false
  }
  for (let i = 0; i < request.audit.length; i += MAX_AUDIT_ROWS_PER_STATEMENT) {
    yield auditStatement(request.audit.slice(i, i + MAX_AUDIT_ROWS_PER_STATEMENT))
  }
  yield* statementsBehind(tenant, request.needs)
}

/** Before anything else is locked, so that those who wait for it hold nothing. */
function lockSearchParameters(tenant: TenantId, revision: number): Statement {
  return {
    name: 'lock-search-parameters',
    text: 'select lock_search_parameters($1::int, $2::bigint)',
    values: [tenant, revision],
  }
}

function* chunks(writes: readonly ResourceWrite[]): Generator<ResourceWrite[]> {
  let chunk: ResourceWrite[] = []
  let size = 0
  for (const write of writes) {
    if (chunk.length >= MAX_WRITES_PER_STATEMENT || (chunk.length > 0 && size > MAX_CONTENT_PER_STATEMENT)) {
      yield chunk
      chunk = []
      size = 0
    }
    chunk.push(write)
    size += write.content?.length ?? 0
  }
  if (chunk.length > 0) yield chunk
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
