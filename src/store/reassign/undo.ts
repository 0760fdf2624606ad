/**
 * Takes a merge back, or the move of a visit or an account: what it moved and nobody changed since is what it was before, the two records are two again, and
 * messages find each under its own numbers. What was changed since stays with the survivor, for nobody can say whose the
 * change was; it is named.
 */
import { Failure } from '../../kernel/failure.ts'
import type { TenantId } from '../../kernel/ids.ts'
import { exactJsonOf, parseExactObject } from '../../kernel/json.ts'
import type { AuditRow } from '../audit.ts'
import type { Db, Tx } from '../db.ts'
import type { ReferenceWalk } from '../../fhir/index.ts'
import type { ToLocal } from '../integrity/index.ts'
import type { ResourceNumbers } from '../numbers.ts'
import type { Change } from '../prepare.ts'
import type { Repository } from '../repository.ts'
import { bodyOf } from '../resource.ts'
import type { SearchModels } from '../search-model/index.ts'
import {
  carryOn,
  closeRecord,
  movedBy,
  moveInForce,
  type ReassignmentRecord,
  recordInForce,
} from './records.ts'
import { readRedirects } from './redirects.ts'
import { withReferencesTurned } from './rewrite.ts'
import { rewritePart, type RewriteDeps } from './rewriter.ts'
import { type UndoNotes, withoutReplaced, withoutReplacement } from './undo-notes.ts'

export interface Undone {
  readonly record: ReassignmentRecord
  /** How many resources went back. */
  readonly restored: number
  /** `Type/id` of those that were changed or deleted since, the first hundred. */
  readonly kept: readonly string[]
  readonly keptCount: number
}

export interface UndoDeps {
  readonly db: Db
  readonly repository: Pick<Repository, 'commit'>
  readonly models: SearchModels
  readonly numbers: ResourceNumbers
  readonly walk: ReferenceWalk
  toLocal(tenant: TenantId): ToLocal
}

export interface UndoInput {
  readonly type: string
  /** Of the record that was merged, or of what was moved. */
  readonly id: string
  readonly at: number
  readonly agent: AuditRow['agent']
}

const MAX_NAMED = 100
const UNMERGE = {
  system: 'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle',
  code: 'unmerge',
  display: 'Unmerge Record Lifecycle Event',
}

/** @throws Failure `not-found`/`merge-not-found`, `conflict`/`merge-covered` when the survivor was merged itself since */
export async function undoMerge(deps: UndoDeps, tenant: TenantId, input: UndoInput): Promise<Undone> {
  const { db, repository, models } = deps
  const { type } = input
  const found = await db.transaction(tenant, (tx) => undoable(tx, tenant, input))
  if (found === undefined) throw new Failure('not-found', 'merge-not-found', { type })
  const { record } = found
  const covered = await readRedirects(db, tenant, [{ type: record.type, id: record.to }])
  if (covered.size > 0) throw new Failure('conflict', 'merge-covered', { type })
  const model = await models.current(tenant)
  let undone: Undone | undefined
  const changes =
    record.does === 'merge' ? partedRecords(record, found.undo) : [movedBack(deps, tenant, input, record)]
  await repository.commit(tenant, changes, {
    integrity: { absentTargets: 'accept' },
    audit: (outcomes) => [
      {
        ...auditBase(input, record),
        entities: outcomes.map((outcome) => ({
          type: outcome.type,
          id: outcome.id,
          version: outcome.version,
        })),
        patients: [...new Set(outcomes.flatMap(({ patients }) => patients))],
      },
    ],
    async with(tx) {
      const again = await undoable(tx, tenant, input)
      if (again?.record.id !== record.id) throw new Failure('not-found', 'merge-not-found', { type })
      undone = await restore(tx, tenant, rewriteDeps({ ...deps, tx, tenant, model }, input, record), record)
      closeRecord(tx, record, input.at, input.agent.id)
    },
  })
  return undone!
}

/** The merge that is in force of a record, else the last move of what can be moved. */
async function undoable(tx: Tx, tenant: TenantId, { type, id }: UndoInput) {
  const merge = await recordInForce(tx, tenant, type, id)
  return merge?.record.does === 'merge' ? merge : moveInForce(tx, type, id)
}

/** What was moved says itself where it belongs: the message that moved it wrote so. */
function movedBack(
  { walk, toLocal }: UndoDeps,
  tenant: TenantId,
  { type: whatType, id }: UndoInput,
  { type, from, to }: ReassignmentRecord,
): Change {
  const turn = { type, from: to, to: from }
  return {
    type: whatType,
    id,
    make: (current) => (current && withReferencesTurned(walk, toLocal(tenant), current, turn)) ?? 'keep',
  }
}

function partedRecords({ type, from, to }: ReassignmentRecord, undo: UndoNotes): Change[] {
  return [
    {
      type,
      id: from,
      make: (current) =>
        current === undefined ? 'keep' : exactJsonOf(withoutReplacement(current.exact, type, to, undo)),
    },
    {
      type,
      id: to,
      make: (current) =>
        current === undefined ? 'keep' : exactJsonOf(withoutReplaced(current.exact, type, from, undo)),
    },
  ]
}

async function restore(
  tx: Tx,
  tenant: TenantId,
  rewrite: RewriteDeps,
  record: ReassignmentRecord,
): Promise<Undone> {
  let restored = 0
  let keptCount = 0
  const kept: string[] = []
  for await (const part of movedBy(tx, tenant, record.id)) {
    const rows = part.filter((row) => `${row.type}/${row.id}` !== record.what)
    const untouched = rows.filter(
      (row) => row.version === row.moved_to && row.before !== null && !row.deleted,
    )
    for (const row of rows) {
      if (untouched.includes(row)) continue
      keptCount += 1
      if (kept.length < MAX_NAMED) kept.push(`${row.type}/${row.id}`)
    }
    const before = new Map(untouched.map((row) => [row.rid, row.before!]))
    const rewritten = await rewritePart(rewrite, untouched, (_current, row) =>
      parseExactObject(bodyOf(row.type, before.get(row.rid)!)),
    )
    carryOn(tx, tenant, rewritten)
    restored += rewritten.length
  }
  return { record, restored, kept, keptCount }
}

function auditBase({ at, agent }: UndoInput, { type, from, to }: ReassignmentRecord) {
  return {
    at,
    kind: 'admin' as const,
    interaction: 'record-unmerge',
    action: 'U' as const,
    outcome: 0 as const,
    agent,
    detail: { from: `${type}/${to}`, to: `${type}/${from}` },
  }
}

function rewriteDeps(
  { tx, tenant, model, numbers }: Pick<RewriteDeps, 'tx' | 'tenant' | 'model' | 'numbers'>,
  input: UndoInput,
  record: ReassignmentRecord,
): RewriteDeps {
  const { type, from } = record
  return {
    tx,
    tenant,
    model,
    numbers,
    now: input.at,
    audit: (entities, patients) => ({ ...auditBase(input, record), entities, patients }),
    provenance: {
      activity: { coding: [{ ...UNMERGE }] },
      agent: [{ who: { display: input.agent.id } }],
      entity: [{ role: 'source', what: { reference: `${type}/${from}` } }],
    },
  }
}
