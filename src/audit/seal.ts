/**
 * Tamper evidence. Every block of finished audit rows gets a seal: an HMAC over what the block says and over the seal
 * before it, with a key that the database never sees. Whoever changes, removes or inserts a row, or a block, cannot
 * make the seals fit again without that key. What is not sealed yet (docs/audit.md: the window) is not protected yet.
 */
import { createHmac } from 'node:crypto'
import type { Clock } from '../kernel/clock.ts'
import type { TenantId } from '../kernel/ids.ts'
import {
  digestRows,
  insertBlock,
  lastBlock,
  lockSealing,
  nextCut,
  type AuditBlock,
  type Db,
  type Tx,
} from '../store/index.ts'

export interface SealDeps {
  readonly db: Db
  readonly clock: Clock
  /** 32 bytes; see deriveKey in src/access. */
  readonly key: Buffer
  /** A block ends after about so many rows. */
  readonly maxRows?: number
}

/** What comes before the first seal. */
export const NO_SEAL = Buffer.alloc(32)

/** Seals all finished rows of a tenant that have no seal yet; answers the number of new blocks. */
export async function sealTenant(deps: SealDeps, tenant: TenantId): Promise<number> {
  for (let sealed = 0; ; sealed += 1) {
    const more = await deps.db.transaction(tenant, (tx) => sealNext(deps, tx, tenant))
    if (!more) return sealed
  }
}

async function sealNext(
  { clock, key, maxRows = 10_000 }: SealDeps,
  tx: Tx,
  tenant: TenantId,
): Promise<boolean> {
  if (!(await lockSealing(tx))) return false
  const last = await lastBlock(tx)
  const fromTurn = last?.toTurn ?? 0n
  const toTurn = await nextCut(tx, fromTurn, maxRows)
  if (toTurn === undefined) return false
  const unsealed = {
    number: (last?.number ?? 0) + 1,
    fromTurn,
    toTurn,
    ...(await digestRows(tx, fromTurn, toTurn)),
    sealedAt: clock.now(),
  }
  await tx.query(insertBlock({ ...unsealed, seal: sealOf(key, tenant, unsealed, last?.seal ?? NO_SEAL) }))
  return true
}

/** The seal of a block: HMAC-SHA-256 over its fields in a fixed order and the seal before it. */
export function sealOf(
  key: Buffer,
  tenant: TenantId,
  block: Omit<AuditBlock, 'seal'>,
  previous: Buffer,
): Buffer {
  const text = [
    'passerelle audit block 1',
    tenant,
    block.number,
    block.fromTurn,
    block.toTurn,
    block.rows,
    block.digest.toString('hex'),
    block.sealedAt,
    previous.toString('hex'),
  ].join('\n')
  return createHmac('sha256', key).update(text).digest()
}
