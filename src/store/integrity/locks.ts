/**
 * Who waits for whom: a write that refers to a resource and one that deletes it take a lock of its name, the first shared,
 * the second alone. Nobody else waits.
 *
 * Who names very many resources would need more locks than the database has room for (max_locks_per_transaction, some
 * thousands for everybody together), and takes those of whole groups of names instead. So that he meets those who name
 * few, they take a group's lock beside each name's: who deletes, of the groups for who refers to many; who refers, of the
 * groups for who deletes many. A long transaction then keeps a deletion waiting, and the deletion only those who refer to
 * what it deletes.
 */
import type { Key } from './dependencies.ts'
import { nameOf } from './target.ts'

/** Numbers of locks and whether each is taken alone, in the order for everybody, so that nobody waits in a circle. */
export type Locks = readonly (readonly [lock: number, alone: boolean])[]

/** A full group of the write lane names fewer. */
const MANY = 200
const GROUPS = 128

/** The lower numbers are the locks of criteria: ../guard.ts. */
const REFERS_TO_MANY = 0x10000
const DELETES_MANY = REFERS_TO_MANY + GROUPS
const NAMES = DELETES_MANY + GROUPS

export function locksFor(targets: readonly Key[], deleted: readonly Key[]): Locks {
  const locks = new Map<number, boolean>()
  for (const hash of targets.map(hashOf)) {
    if (targets.length > MANY) locks.set(REFERS_TO_MANY + (hash % GROUPS), false)
    else locks.set(DELETES_MANY + (hash % GROUPS), false).set(NAMES + hash, false)
  }
  for (const hash of deleted.map(hashOf)) {
    locks.set(REFERS_TO_MANY + (hash % GROUPS), true)
    locks.set(deleted.length > MANY ? DELETES_MANY + (hash % GROUPS) : NAMES + hash, true)
  }
  return [...locks].toSorted(([a], [b]) => a - b)
}

/** FNV-1a, folded to 30 bits. The processes of an installation must agree on it. */
function hashOf(key: Key): number {
  const name = nameOf(key)
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
  return ((hash ^ (hash >>> 16)) >>> 0) % 2 ** 30
}
