/** Where a page ended: the sort keys and the number of its last resource. Opaque outside the store, which signs nothing. */
import { Failure } from '../../kernel/failure.ts'

export type SortKey = string | number | null

export interface Cursor {
  readonly keys: readonly SortKey[]
  readonly rid: number
}

/** Where a page of those who are referred to ended. */
export interface ReferredPlace {
  /** Number of the newest one that refers to the last. */
  readonly at: number
  readonly rid: number
  /** What began to refer later than the first page was read doesn't count. */
  readonly until: number
}

export function encodeCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify([cursor.rid, ...cursor.keys])).toString('base64url')
}

/** @throws Failure `invalid`/`search-cursor` */
export function decodeCursor(text: string): Cursor {
  try {
    const [rid, ...keys] = JSON.parse(Buffer.from(text, 'base64url').toString()) as [number, ...SortKey[]]
    if (Number.isSafeInteger(rid) && keys.every(isSortKey)) return { rid, keys }
  } catch {
    // falls through: what can't be read is as wrong as what reads as something else
  }
  throw new Failure('invalid', 'search-cursor')
}

function isSortKey(value: unknown): value is SortKey {
  return value === null || typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value))
}

const REFERRED = 'referred'

/** The page stands in the order of those who refer: see statements.referredNewest. */
export function isReferred({ keys }: Cursor): boolean {
  return keys[0] === REFERRED
}

export function referredCursor({ at, rid, until }: ReferredPlace): Cursor {
  return { rid, keys: [REFERRED, at, until] }
}

export function referredPlace({ keys, rid }: Cursor): ReferredPlace {
  return { rid, at: Number(keys[1]), until: Number(keys[2]) }
}
