/** The seals of the audit trail as rows: reading what is to be sealed, writing a seal, walking over them. */
import type { TenantId } from '../kernel/ids.ts'
import type { Db, Tx } from './db.ts'
import type { Statement } from './statement.ts'

/** Block `number` covers the rows with fromTurn <= turn < toTurn. Turns are transaction numbers; see sql/0003. */
export interface AuditBlock {
  readonly number: number
  readonly fromTurn: bigint
  readonly toTurn: bigint
  readonly rows: number
  /** SHA-256 over the rows, as `audit_digest` makes it. */
  readonly digest: Buffer
  readonly seal: Buffer
  /** Epoch milliseconds. */
  readonly sealedAt: number
}

/** What the digest function says of the rows in a range of turns. */
export interface AuditDigest {
  readonly rows: number
  readonly digest: Buffer
}

interface BlockRow {
  number: string
  from_turn: string
  to_turn: string
  rows: string
  digest: Buffer
  seal: Buffer
  sealed_at: string
}

const COLUMNS = `number, from_turn, to_turn, rows, digest, seal, floor(extract(epoch from sealed_at) * 1000)::bigint as sealed_at`

/** Makes partitions for the months ahead, and after a restore lets the turns go on. Before anything is recorded. */
export async function prepareAudit(db: Db): Promise<void> {
  await db.system({ name: 'audit-months', text: 'select audit_months(2)', values: [] })
  await db.system({ name: 'audit-continue', text: 'select audit_continue()', values: [] })
}

/** The tenants that have rows behind their last seal. */
export async function unsealedTenants(db: Db): Promise<TenantId[]> {
  const rows = await db.system<{ tenant: TenantId }>({
    name: 'audit-unsealed',
    text: 'select tenant from audit_unsealed() as tenant',
    values: [],
  })
  return rows.map(({ tenant }) => tenant)
}

/** One sealer at a time for each tenant; false when another one is at it. Held until the transaction ends. */
export async function lockSealing(tx: Tx): Promise<boolean> {
  const [row] = await tx.query<{ locked: boolean }>({
    name: 'audit-seal-lock',
    text: `select pg_try_advisory_xact_lock(hashtextextended('audit-seal', current_tenant())) as locked`,
    values: [],
  })
  return row!.locked
}

export async function lastBlock(tx: Tx): Promise<AuditBlock | undefined> {
  const [row] = await tx.query<BlockRow>({
    name: 'audit-last-block',
    text: `select ${COLUMNS} from audit_block where tenant = current_tenant() order by number desc limit 1`,
    values: [],
  })
  return row === undefined ? undefined : toBlock(row)
}

/**
 * Where a block that begins at `fromTurn` ends: at the oldest transaction that still runs, or after about `maxRows`
 * rows (the rows of one transaction stay together). Undefined: nothing to seal.
 */
export async function nextCut(tx: Tx, fromTurn: bigint, maxRows: number): Promise<bigint | undefined> {
  const [mark] = await tx.query<{ turn: string }>({
    name: 'audit-watermark',
    text: 'select pg_snapshot_xmin(pg_current_snapshot())::text::bigint + shift as turn from audit_clock',
    values: [],
  })
  // A statement of its own, after the mark: its snapshot then sees every row of the transactions below the mark.
  const [bounds] = await tx.query<{ first: string | null; cut: string | null }>({
    name: 'audit-bounds',
    text: `
      select (${TURNS} order by turn limit 1) as first, (${TURNS} order by turn offset $3::int limit 1) as cut`,
    values: [fromTurn.toString(), mark!.turn, maxRows],
  })
  if (bounds!.first === null) return undefined
  if (bounds!.cut === null) return BigInt(mark!.turn)
  const [first, cut] = [BigInt(bounds!.first), BigInt(bounds!.cut)]
  return cut > first ? cut : first + 1n
}

const TURNS = `select turn from audit where tenant # 0 = current_tenant() and turn >= $1::bigint and turn < $2::bigint`

export async function digestRows(tx: Tx, fromTurn: bigint, toTurn: bigint): Promise<AuditDigest> {
  const [row] = await tx.query<{ rows: string; digest: Buffer }>({
    name: 'audit-digest',
    text: 'select rows, digest from audit_digest($1::bigint, $2::bigint)',
    values: [fromTurn.toString(), toTurn.toString()],
  })
  return { rows: Number(row!.rows), digest: row!.digest }
}

export function insertBlock(block: AuditBlock): Statement {
  return {
    name: 'audit-insert-block',
    text: `
      insert into audit_block (tenant, number, from_turn, to_turn, rows, digest, seal, sealed_at)
      values (current_tenant(), $1, $2, $3, $4, $5, $6, to_timestamp($7::bigint / 1000.0))`,
    values: [
      block.number,
      block.fromTurn.toString(),
      block.toTurn.toString(),
      block.rows,
      block.digest,
      block.seal,
      block.sealedAt,
    ],
  }
}

/** The blocks behind `number`, in order. */
export async function blocksAfter(tx: Tx, number: number, count: number): Promise<AuditBlock[]> {
  const rows = await tx.query<BlockRow>({
    name: 'audit-blocks-after',
    text: `
      select ${COLUMNS} from audit_block
      where tenant = current_tenant() and number > $1::bigint order by number limit $2::int`,
    values: [number, count],
  })
  return rows.map(toBlock)
}

function toBlock(row: BlockRow): AuditBlock {
  return {
    number: Number(row.number),
    fromTurn: BigInt(row.from_turn),
    toTurn: BigInt(row.to_turn),
    rows: Number(row.rows),
    digest: row.digest,
    seal: row.seal,
    sealedAt: Number(row.sealed_at),
  }
}
