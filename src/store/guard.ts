/**
 * What criteria must match at the moment of a write: conditional interactions look first and write then, and between
 * the two others may have written. https://hl7.org/fhir/R4/http.html#concurrency
 */
import { foldCode, type SearchRequest } from '../fhir/index.ts'
import type { TenantId } from '../kernel/ids.ts'
import { hash64, tokenHash } from './hash.ts'
import type { WantedIdentity } from './identities.ts'
import type { Statement } from './statement.ts'

export interface Guard {
  readonly criteria: SearchRequest
  /** Id of the one resource that must match, and no other may; undefined: none may. */
  readonly only?: string | undefined
  /** Ids that don't count, because the same transaction deletes them. */
  readonly except?: readonly string[]
}

export interface CompiledGuard {
  /** The same for the same criteria. */
  readonly locks: readonly number[]
  /** Raises PA002 when something else matches than the guard says. */
  readonly check: Statement
}

/**
 * Few enough that a transaction with thousands of criteria stays within PostgreSQL's table of locks, many enough that
 * strangers seldom wait for each other.
 */
const LOCKS = 1024

export function lockOf(name: string): number {
  return Number(BigInt.asUintN(64, BigInt(hash64(name))) % BigInt(LOCKS))
}

/**
 * Criteria that name an identifier lock its value, whatever else they say and whether they know its system; so does who
 * brings along a resource that has it. A conditional create and a message about the same person wait for each other.
 */
export function identifierLock(type: string, value: string): number {
  return lockOf(`${type}.identifier\n${foldCode(value)}`)
}

/** That nobody has the identifiers of what is created. One probe of token_pkey each. */
export function newcomersGuard(tenant: TenantId, newcomers: readonly WantedIdentity[]): CompiledGuard {
  const hashes = newcomers.map(({ type, system, value }) => tokenHash(type, 'identifier', system, value))
  return {
    locks: newcomers.map(({ type, value }) => identifierLock(type, value)),
    check: {
      name: 'assert-newcomers',
      text: `select assert_absent(exists (
        select from token t where t.tenant = $1::int and t.hash = any($2::bigint[])))`,
      values: [tenant, `{${hashes.join(',')}}`],
    },
  }
}

/**
 * What to send before the writes of the same transaction. Locks first, in one order for everybody, so that two
 * transactions wait in line and not in a circle; then the checks, each a statement of its own, which sees what those
 * who held the locks have committed.
 */
export function guardStatements(tenant: TenantId, guards: readonly CompiledGuard[]): readonly Statement[] {
  if (guards.length === 0) return []
  const locks = [...new Set(guards.flatMap(({ locks }) => locks))].toSorted((a, b) => a - b)
  return [
    {
      name: 'lock-criteria',
      text: 'select pg_advisory_xact_lock($1::int, lock) from unnest($2::int[]) as lock',
      values: [tenant, locks],
    },
    ...guards.map(({ check }) => check),
  ]
}
