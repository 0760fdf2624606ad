/**
 * New versions of many resources inside one transaction, part by part: memory holds one part, and what is locked or
 * written is undone as a whole when something fails. Each part leaves its audit row and its Provenance.
 */
import type { AuditRow } from '../audit.ts'
import { auditStatement } from '../audit.ts'
import { toInstant } from '../../kernel/clock.ts'
import { uuidv7, type TenantId } from '../../kernel/ids.ts'
import { type ExactJson, exactJsonOf, type JsonObject, parseExactObject } from '../../kernel/json.ts'
import type { Tx } from '../db.ts'
import { emptyIndex, indexDifference } from '../index-rows.ts'
import type { ResourceNumbers } from '../numbers.ts'
import type { ResourceRow } from '../queries/read-resources.ts'
import { type ResourceWrite, type TokenMeaning, writeResources } from '../queries/write-resources.ts'
import { bodyOf } from '../resource.ts'
import type { SearchModel } from '../search-model/index.ts'

export interface Rewritten {
  readonly rid: number
  readonly type: string
  readonly id: string
  /** The version before, and the one that it got. */
  readonly former: number
  readonly version: number
}

export interface RewriteDeps {
  readonly tx: Tx
  readonly tenant: TenantId
  readonly model: SearchModel
  readonly numbers: ResourceNumbers
  readonly now: number
  /** The audit row of a part. */
  audit(entities: AuditRow['entities'], patients: readonly string[]): AuditRow
  /** The Provenance of a part, but for its targets. */
  readonly provenance: JsonObject
}

/** @param change the next content; undefined leaves the resource as it is */
export async function rewritePart(
  { tx, tenant, model, numbers, now, audit, provenance }: RewriteDeps,
  rows: readonly ResourceRow[],
  change: (current: ExactJson, row: ResourceRow) => ExactJson | undefined,
): Promise<Rewritten[]> {
  const writes: ResourceWrite[] = []
  const meanings: TokenMeaning[] = []
  const patients = new Set<string>()
  for (const row of rows) {
    const current = parseExactObject(bodyOf(row.type, row.content!))
    const next = change(current, row)
    if (next === undefined) continue
    const after = model.index(row.type, next.value)
    meanings.push(...after.meanings)
    for (const id of [...row.patients, ...after.row.patients]) patients.add(id)
    const lastUpdatedMs = Math.max(now, row.last_updated.getTime())
    writes.push({
      type: row.type,
      id: row.id,
      rid: Number(row.rid),
      expected: row.version,
      lastUpdatedMs,
      method: 'PUT',
      content: contentOf(next.exact, row.id, row.version + 1, lastUpdatedMs),
      ...after.row,
      ...indexDifference(model.formerIndex(row.type, current.value), after),
    })
  }
  if (writes.length === 0) return []
  const told = await provenanceOf(writes)
  meanings.push(...told.meanings)
  const sorted = [...meanings].toSorted((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0))
  const distinct = sorted.filter(({ hash }, at) => sorted[at - 1]?.hash !== hash)
  const all = [...writes, told.write]
  const entities = all.map(({ type, id, expected }) => ({ type, id, version: expected + 1 }))
  await Promise.all([
    tx.query(writeResources(tenant, all, distinct, { revision: model.revision, again: true })),
    tx.query(auditStatement([audit(entities, [...patients])])),
  ])
  return writes.map(({ rid, type, id, expected }) => ({
    rid,
    type,
    id,
    former: expected,
    version: expected + 1,
  }))

  async function provenanceOf(targets: readonly ResourceWrite[]) {
    const id = uuidv7()
    const [rid] = await numbers.take(1)
    // As they are now: such a reference is never turned.
    const target = targets.map(({ type, id: of, expected }) => ({
      reference: `${type}/${of}/_history/${expected + 1}`,
    }))
    const resource = { resourceType: 'Provenance', id, target, recorded: toInstant(now), ...provenance }
    const { exact, value } = exactJsonOf(resource)
    const index = model.index('Provenance', value)
    const write: ResourceWrite = {
      type: 'Provenance',
      id,
      rid: rid!,
      expected: 0,
      lastUpdatedMs: now,
      method: 'POST',
      content: contentOf(exact, id, 1, now),
      ...index.row,
      ...indexDifference(emptyIndex, index),
    }
    return { write, meanings: index.meanings }
  }
}

function contentOf(exact: JsonObject, id: string, version: number, lastUpdatedMs: number): string {
  const { resourceType: _type, id: _id, meta, ...rest } = exact
  const own = { versionId: String(version), lastUpdated: toInstant(lastUpdatedMs) }
  return JSON.stringify({ id, meta: { ...(meta as JsonObject | undefined), ...own }, ...rest })
}
