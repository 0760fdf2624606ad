/** What a write needs of the database for integrity, and the statements around the writes that see to it. */
import type { TenantId } from '../../kernel/ids.ts'
import type { Db } from '../db.ts'
import type { Statement } from '../statement.ts'
import type { Key } from './dependencies.ts'
import { assertUnreferenced, holdTargets, isTargetMissing, missingTargets } from './statements.ts'
import { type Target, versionNameOf } from './target.ts'

export interface Needs {
  /** Must be there. */
  readonly targets: readonly Target[]
  /** Are deleted: nothing may refer to them afterwards … */
  readonly deleted: readonly Key[]
  /** … and so nothing may have these tokens. */
  readonly tokens: readonly string[]
  /** Nothing has to be looked up, and nothing is missing for certain, before it is written. */
  readonly settled: boolean
}

export const NO_NEEDS: Needs = { targets: [], deleted: [], tokens: [], settled: true }

/** Of writes that go out together. */
export function mergeNeeds(all: readonly Needs[]): Needs {
  const targets = new Map(
    all.flatMap((needs) => needs.targets).map((target) => [versionNameOf(target), target]),
  )
  return {
    targets: [...targets.values()],
    deleted: all.flatMap(({ deleted }) => deleted),
    tokens: all.flatMap(({ tokens }) => tokens),
    settled: true,
  }
}

/**
 * Those of the writes that went out together that can't be done, for what they refer to is not there; none when it isn't
 * for that that all of them failed, or when it can't be told.
 */
export async function lackingTargets(
  db: Db,
  tenant: TenantId,
  all: readonly Needs[],
  error: unknown,
): Promise<ReadonlySet<Needs>> {
  if (!isTargetMissing(error)) return new Set()
  const { targets } = mergeNeeds(all)
  const rows = await db.query<Target>(tenant, missingTargets(tenant, targets)).catch(() => [])
  const missing = new Set(rows.map(versionNameOf))
  return new Set(all.filter((needs) => needs.targets.some((target) => missing.has(versionNameOf(target)))))
}

export function statementsAhead(tenant: TenantId, { targets, deleted }: Needs): Statement[] {
  return targets.length + deleted.length === 0 ? [] : [holdTargets(tenant, targets, deleted)]
}

export function statementsBehind(tenant: TenantId, { tokens }: Needs): Statement[] {
  return tokens.length === 0 ? [] : [assertUnreferenced(tenant, tokens)]
}
