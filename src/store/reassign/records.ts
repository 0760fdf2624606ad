/** What was done about records, kept so that it can be undone: sql/0024_reassignments.sql. */
import type { TenantId } from '../../kernel/ids.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { Db, Tx } from '../db.ts'
import { type ResourceRow } from '../queries/read-resources.ts'
import type { Reassignment } from './plan.ts'
import type { Rewritten } from './rewriter.ts'

export interface ReassignmentRecord {
  readonly id: string
  readonly does: Reassignment['does']
  readonly type: string
  readonly from: string
  readonly to: string
  /** `Type/id` of what was moved. */
  readonly what: string | undefined
  readonly doneAt: number
  /** meta.source of the message. */
  readonly source: string
  readonly moved: number
  readonly undoneAt: number | undefined
}

interface Row {
  readonly id: string
  readonly does: Reassignment['does']
  readonly type: string
  readonly from_id: string
  readonly into_id: string
  readonly what: string | null
  readonly done_at: Date
  readonly source: string
  readonly moved: number
  readonly undo: JsonObject
  readonly undone_at: Date | null
}

const COLUMNS =
  'r.id, r.does, r.type, r.from_id, r.into_id, r.what, r.done_at, r.source, r.moved, r.undo, r.undone_at'

export function insertRecord(
  tx: Tx,
  id: string,
  { does, type, from, to, what }: Reassignment,
  facts: { readonly at: number; readonly source: string; readonly moved: number; readonly undo: JsonObject },
): void {
  void tx.query({
    name: 'reassignment-insert',
    text: `
      insert into reassignment (tenant, id, does, type, from_id, into_id, what, done_at, source, moved, undo)
      values (current_tenant(), $1::uuid, $2, $3, $4, $5, $6, $7::timestamptz, $8, $9::int, $10::jsonb)`,
    values: [
      id,
      does,
      type,
      from,
      to,
      what === undefined ? null : `${what.type}/${what.id}`,
      new Date(facts.at).toISOString(),
      facts.source,
      facts.moved,
      JSON.stringify(facts.undo),
    ],
  })
}

/** From now on who names `from` means `to`. Raises 23505 when somebody said so already. */
export function insertRedirect(tx: Tx, id: string, reassignment: Reassignment): void {
  void tx.query(redirectStatement(id, reassignment))
}

function redirectStatement(id: string, { type, from, to }: Pick<Reassignment, 'type' | 'from' | 'to'>) {
  return {
    name: 'redirect-insert',
    text: 'insert into redirect (tenant, type, id, into_id, reassignment) values (current_tenant(), $1, $2, $3, $4::uuid)',
    values: [type, from, to, id],
  }
}

/** Whoever names `from` means another one than before. */
export function changeRedirect(
  tx: Tx,
  id: string,
  { type, from, to }: Pick<Reassignment, 'type' | 'from' | 'to'>,
): void {
  // The role may not update one.
  void tx.query({ text: 'delete from redirect where type = $1 and id = $2', values: [type, from] })
  void tx.query(redirectStatement(id, { type, from, to }))
}

/** The last move of a visit or an account that is in force; locked. */
export async function moveInForce(
  tx: Tx,
  type: string,
  id: string,
): Promise<{ record: ReassignmentRecord; undo: JsonObject } | undefined> {
  const [row] = await tx.query<Row>({
    text: `
      select ${COLUMNS} from reassignment r
      where r.what = $1 and r.does = 'move' and r.type <> $2 and r.undone_at is null
      order by r.id desc limit 1 for update`,
    values: [`${type}/${id}`, type],
  })
  return row && { record: recordOf(row), undo: row.undo }
}

export function insertRewritten(tx: Tx, id: string, rewritten: readonly Rewritten[]): void {
  void tx.query({
    name: 'reassigned-insert',
    text: `
      insert into reassigned (tenant, rid, version, former, reassignment)
      select current_tenant(), rid, version, former, $1::uuid
      from unnest($2::bigint[], $3::int[], $4::int[]) as n(rid, version, former)`,
    values: [id, ...columnsOf(rewritten)],
  })
}

function columnsOf(rewritten: readonly Rewritten[]): string[] {
  const list = (of: (one: Rewritten) => number): string => `{${rewritten.map(of).join(',')}}`
  return [list(({ rid }) => rid), list(({ version }) => version), list(({ former }) => former)]
}

/** The latest first. The table is small: one row a merge. */
export async function listRecords(db: Db, tenant: TenantId, limit: number): Promise<ReassignmentRecord[]> {
  const rows = await db.query<Row>(tenant, {
    text: `select ${COLUMNS} from reassignment r order by r.id desc limit $1::int`,
    values: [limit],
  })
  return rows.map(recordOf)
}

/** The merge that is in force of a record that was merged, with what it did; locked. */
export async function recordInForce(
  tx: Tx,
  tenant: TenantId,
  type: string,
  id: string,
): Promise<{ record: ReassignmentRecord; undo: JsonObject } | undefined> {
  const [row] = await tx.query<Row>({
    text: `
      select ${COLUMNS} from redirect d
      cross join lateral (select * from reassignment r where r.id = d.reassignment for update) r
      where d.tenant = $1::int and d.type = $2 and d.id = $3`,
    values: [tenant, type, id],
  })
  return row && { record: recordOf(row), undo: row.undo }
}

function recordOf(row: Row): ReassignmentRecord {
  return {
    id: row.id,
    does: row.does,
    type: row.type,
    from: row.from_id,
    to: row.into_id,
    what: row.what ?? undefined,
    doneAt: row.done_at.getTime(),
    source: row.source,
    moved: row.moved,
    undoneAt: row.undone_at?.getTime(),
  }
}

export interface MovedRow extends ResourceRow {
  /** The version that the move made. */
  readonly moved_to: number
  /** Content of the version before. */
  readonly before: string | null
}

/** What a reassignment moved, part by part, with what it was before; locked. */
export async function* movedBy(tx: Tx, tenant: TenantId, id: string): AsyncGenerator<readonly MovedRow[]> {
  const limit = 200
  let after = '0'
  for (;;) {
    const rows = await tx.query<MovedRow>({
      name: 'reassigned-next',
      text: MOVED,
      values: [tenant, id, after, limit],
    })
    if (rows.length > 0) yield rows
    if (rows.length < limit) return
    after = rows.at(-1)!.rid
  }
}

const MOVED = `
select r.type, r.id, r.rid, r.version, r.last_updated, r.deleted, r.patients, r.content::text as content,
  m.version as moved_to, h.content::text as before
from (
  select rid, version, former from reassigned where reassignment = $2::uuid and rid > $3::bigint order by rid limit $4::int
) m
cross join lateral (select * from resource o where o.rid = m.rid offset 0 for update) r
left join lateral (
  select content from resource_history o
  where o.tenant = $1::int and o.rid = m.rid and o.version = m.former offset 0
) h on true
order by m.rid`

/** What was moved twice and moved back once is as the first move left it, two versions later. */
export function carryOn(tx: Tx, tenant: TenantId, rewritten: readonly Rewritten[]): void {
  void tx.query({
    name: 'reassigned-carry-on',
    text: `
      update reassigned m set version = n.version
      from (
        select $1::int as tenant, * from unnest($2::bigint[], $3::int[], $4::int[]) as n(rid, version, former) offset 0
      ) n
      where m.tenant = n.tenant and m.rid = n.rid and m.version = n.former - 1`,
    values: [tenant, ...columnsOf(rewritten)],
  })
}

export function closeRecord(tx: Tx, record: ReassignmentRecord, at: number, by: string): void {
  void tx.query({ text: 'delete from redirect where reassignment = $1::uuid', values: [record.id] })
  void tx.query({ text: 'delete from reassigned where reassignment = $1::uuid', values: [record.id] })
  void tx.query({
    text: 'update reassignment set undone_at = $2::timestamptz, undone_by = $3 where id = $1::uuid',
    values: [record.id, new Date(at).toISOString(), by],
  })
}
