/**
 * Whether rows are found by what they should be found by. The seals cover the rows, not their tokens: whoever deletes
 * tokens hides an access from a search, although the access is still there.
 */
import { COLUMNS, toRecord, type AuditRecord, type Row } from './audit-record.ts'
import { tokenHashes } from './audit-tokens.ts'
import type { Tx } from './db.ts'
import { sql, toStatement } from './search/sql.ts'

/** A place in the order of a block's rows. */
export interface AuditPlace {
  readonly turn: string
  readonly id: string
}

/** The rows with turns in [fromTurn, toTurn), in order, behind a place. */
export async function rowsBetween(
  tx: Tx,
  fromTurn: bigint,
  toTurn: bigint,
  after: AuditPlace,
  count: number,
): Promise<{ place: AuditPlace; record: AuditRecord }[]> {
  const rows = await tx.query<Row & { turn: string }>(
    toStatement(sql`
      select a.turn, ${COLUMNS} from audit a
      where a.tenant # 0 = current_tenant()
        and a.turn >= ${fromTurn.toString()}::bigint and a.turn < ${toTurn.toString()}::bigint
        and (a.turn, a.id) > (${after.turn}::bigint, ${after.id}::bigint)
      order by a.turn, a.id limit ${count}::int`),
  )
  return rows.map((row) => ({ place: { turn: row.turn, id: row.id }, record: toRecord(row) }))
}

/** How many of these tokens are not there. One index probe each. */
export async function missingTokens(
  tx: Tx,
  wanted: readonly { readonly id: string; readonly tokens: readonly string[] }[],
): Promise<number> {
  const pairs = wanted.flatMap(({ id, tokens }) => tokenHashes(tokens).map((hash) => ({ id, hash })))
  const [row] = await tx.query<{ missing: string }>({
    name: 'audit-missing-tokens',
    text: `
      select count(*) as missing from unnest($1::bigint[], $2::bigint[]) as pair (id, hash)
      where (select true from audit_token t
             where t.tenant = current_tenant() and t.hash = pair.hash and t.id = pair.id limit 1) is null`,
    values: [pairs.map(({ id }) => id), pairs.map(({ hash }) => hash)],
  })
  return Number(row!.missing)
}
