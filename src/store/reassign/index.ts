/** Records that are merged, renumbered, moved, and parted again. */
import type { ReferenceWalk } from '../../fhir/index.ts'
import type { TenantId } from '../../kernel/ids.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { Db } from '../db.ts'
import type { Referring, ToLocal } from '../integrity/index.ts'
import type { ResourceNumbers } from '../numbers.ts'
import { readMany, type ResourceRow } from '../queries/read-resources.ts'
import type { Repository } from '../repository.ts'
import type { SearchModels } from '../search-model/index.ts'
import { type ApplyInput, applyReassignment } from './apply.ts'
import {
  planReassignments,
  type RecordNumber,
  type Reassignment,
  type ReassignmentPlan,
  type RequestedReassignment,
} from './plan.ts'
import { listRecords, type ReassignmentRecord } from './records.ts'
import type { Redirects } from './redirects.ts'
import { type Undone, type UndoInput, undoMerge } from './undo.ts'

export type { ReassignmentPlan, RequestedReassignment } from './plan.ts'
export { listRecords as listReassignments, type ReassignmentRecord } from './records.ts'
export { assertInForce, REDIRECTED, type Redirects } from './redirects.ts'
export type { Undone } from './undo.ts'

export interface Reassignments {
  /** @throws Failure `invalid`/`merge-circular`, `merge-elsewhere`, `move-shared-record` */
  plan(
    tenant: TenantId,
    requested: readonly RequestedReassignment[],
    known: ReadonlyMap<string, string>,
    redirects: Redirects,
  ): Promise<StoredPlan>
  /** In the transaction of the message that says so; answers how many resources got a new version. */
  apply(input: Omit<ApplyInput, 'model'>, todo: readonly Reassignment[]): Promise<number>
  /** The latest first. */
  list(tenant: TenantId, limit: number): Promise<ReassignmentRecord[]>
  /** @throws Failure `not-found`/`merge-not-found`, `conflict`/`merge-covered` */
  undo(tenant: TenantId, input: UndoInput): Promise<Undone>
}

export interface StoredPlan extends ReassignmentPlan {
  /** JSON text of the records that are there, `Type/id` each. */
  readonly stored: ReadonlyMap<string, string>
}

export interface ReassignmentsDeps {
  readonly db: Db
  readonly repository: Repository
  readonly models: SearchModels
  readonly numbers: ResourceNumbers
  readonly walk: ReferenceWalk
  readonly referring: Referring
  toLocal(tenant: TenantId): ToLocal
}

export function makeReassignments(deps: ReassignmentsDeps): Reassignments {
  const { db, models } = deps
  return {
    async plan(tenant, requested, known, redirects) {
      const keys = requested.flatMap(({ type, from, to }) =>
        [from, to].map((id) => {
          const found = known.get(`${type}/${id}`) ?? id
          return { type, id: redirects.get(`${type}/${found}`)?.at(-1) ?? found }
        }),
      )
      const distinct = [...new Map(keys.map((key) => [`${key.type}/${key.id}`, key])).values()]
      const rows = await db.query<ResourceRow>(tenant, readMany(tenant, distinct))
      const stored = new Map(
        rows.flatMap((row) => (row.content === null ? [] : [[`${row.type}/${row.id}`, row.content]])),
      )
      const there = new Set(stored.keys())
      const numbersOf = (name: string) => numbersIn(stored.get(name))
      const plan = planReassignments({ requested, known, redirects, there, numbersOf })
      return { ...plan, stored }
    },
    async apply(input, todo) {
      const model = models.of(input.tenant)
      let moved = 0
      for (const one of todo) moved += await applyReassignment(deps, { ...input, model }, one)
      return moved
    },
    list: (tenant, limit) => listRecords(db, tenant, limit),
    undo: (tenant, input) => undoMerge(deps, tenant, input),
  }
}

function numbersIn(text: string | undefined): RecordNumber[] {
  const list = text === undefined ? [] : (JSON.parse(text) as { identifier?: JsonObject[] }).identifier
  return (list ?? []).flatMap(({ system, value, use }) =>
    typeof system === 'string' && typeof value === 'string' && use !== 'old' ? [{ system, value }] : [],
  )
}
