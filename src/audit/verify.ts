/** Recomputes the seals of a tenant's audit trail and names the first block that does not fit. */
import type { TenantId } from '../kernel/ids.ts'
import { parseExactObject } from '../kernel/json.ts'
import {
  auditTokens,
  blocksAfter,
  digestRows,
  missingTokens,
  rowsBetween,
  type AuditBlock,
  type AuditPlace,
  type AuditRecord,
  type Db,
  type Tx,
} from '../store/index.ts'
import { NO_SEAL, sealOf } from './seal.ts'
import { readSubmitted } from './submitted.ts'

export interface AuditHead {
  readonly number: number
  /** The seal in hex. Kept outside the database, it shows later that no block was cut off the end. */
  readonly seal: string
}

type BrokenBecause =
  | 'block-missing' // the numbers have a gap
  | 'block-changed' // the seal does not fit what the block says, or the block before it
  | 'rows-missing' // fewer rows than were sealed
  | 'rows-added' // more rows than were sealed
  | 'rows-changed' // as many rows as were sealed, with other content
  | 'rows-hidden' // the rows are as they were sealed, but a search does not find all of them
  | 'head-missing' // the expected head is not there: blocks were cut off, or the trail was replaced

export type AuditVerdict =
  | {
      readonly intact: true
      readonly blocks: number
      readonly rows: number
      /** Recorded after the last seal: not protected yet. */
      readonly unsealed: number
      readonly head: AuditHead | undefined
    }
  | {
      readonly intact: false
      readonly block: number
      readonly because: BrokenBecause
      /** The block's time (epoch ms), if it is there. */
      readonly sealedAt: number | undefined
    }

export interface VerifyDeps {
  readonly db: Db
  readonly key: Buffer
}

/** `expected`: a head that an earlier verification gave; the trail must still contain it. */
export async function verifyTenant(
  { db, key }: VerifyDeps,
  tenant: TenantId,
  expected?: AuditHead,
): Promise<AuditVerdict> {
  let previous: AuditBlock | undefined
  let rows = 0
  for (;;) {
    const blocks = await db.transaction(tenant, (tx) => blocksAfter(tx, previous?.number ?? 0, 1000))
    for (const block of blocks) {
      // A transaction each: a trail of years takes minutes, and its rows never change anyway.
      const because =
        faultOfBlock(key, tenant, block, previous) ??
        (await db.transaction(tenant, (tx) => faultOfRows(tx, block))) ??
        faultOfHead(block, expected)
      if (because !== undefined) return broken(block, previous, because)
      rows += block.rows
      previous = block
    }
    if (blocks.length === 0) break
  }
  const head = previous && { number: previous.number, seal: previous.seal.toString('hex') }
  if (expected !== undefined && expected.number > (head?.number ?? 0)) {
    return { intact: false, block: expected.number, because: 'head-missing', sealedAt: undefined }
  }
  const rest = await db.transaction(tenant, (tx) => digestRows(tx, previous?.toTurn ?? 0n, LAST_TURN))
  return { intact: true, blocks: previous?.number ?? 0, rows, unsealed: rest.rows, head }
}

const LAST_TURN = 2n ** 62n

function broken(block: AuditBlock, previous: AuditBlock | undefined, because: BrokenBecause): AuditVerdict {
  if (because === 'block-missing') {
    return { intact: false, block: (previous?.number ?? 0) + 1, because, sealedAt: undefined }
  }
  return { intact: false, block: block.number, because, sealedAt: block.sealedAt }
}

function faultOfBlock(
  key: Buffer,
  tenant: TenantId,
  block: AuditBlock,
  previous: AuditBlock | undefined,
): BrokenBecause | undefined {
  if (block.number !== (previous?.number ?? 0) + 1) return 'block-missing'
  if (block.fromTurn !== (previous?.toTurn ?? 0n)) return 'block-changed'
  return sealOf(key, tenant, block, previous?.seal ?? NO_SEAL).equals(block.seal)
    ? undefined
    : 'block-changed'
}

async function faultOfRows(tx: Tx, block: AuditBlock): Promise<BrokenBecause | undefined> {
  const now = await digestRows(tx, block.fromTurn, block.toTurn)
  if (now.rows < block.rows) return 'rows-missing'
  if (now.rows > block.rows) return 'rows-added'
  if (!now.digest.equals(block.digest)) return 'rows-changed'
  return (await areAllFound(tx, block)) ? undefined : 'rows-hidden'
}

async function areAllFound(tx: Tx, { fromTurn, toTurn }: AuditBlock): Promise<boolean> {
  let after: AuditPlace = { turn: '-1', id: '0' }
  for (;;) {
    const rows = await rowsBetween(tx, fromTurn, toTurn, after, 1000)
    if (rows.length === 0) return true
    const wanted = rows.map(({ record }) => ({ id: record.id, tokens: tokensOf(record) }))
    if ((await missingTokens(tx, wanted)) > 0) return false
    after = rows.at(-1)!.place
  }
}

function tokensOf(record: AuditRecord): readonly string[] {
  if (record.content === undefined) return auditTokens(record)
  return readSubmitted(parseExactObject(record.content), record.at).tokens
}

function faultOfHead(block: AuditBlock, expected: AuditHead | undefined): BrokenBecause | undefined {
  if (expected === undefined || block.number !== expected.number) return undefined
  return block.seal.toString('hex') === expected.seal ? undefined : 'head-missing'
}
