/**
 * Writes what may be here already under another id. Between the look and the write somebody else may create it, through
 * another door: then the write does not happen, and the next look finds it.
 */
import { Failure } from '../kernel/failure.ts'
import type { TenantId } from '../kernel/ids.ts'
import type { KnownIdentities, WantedIdentity } from './identities.ts'
import type { Change, CommitOptions, Outcome, Repository } from './repository.ts'

export interface Identified {
  readonly wanted: readonly WantedIdentity[]
  changesFor(known: KnownIdentities): readonly Change[]
}

/** Each is lost only to somebody who created what was looked for. */
const MAX_ATTEMPTS = 5

export async function commitIdentified(
  repository: Pick<Repository, 'identify' | 'commit'>,
  tenant: TenantId,
  { wanted, changesFor }: Identified,
  options: CommitOptions,
): Promise<readonly Outcome[]> {
  for (let attempt = 1; ; attempt++) {
    const { known, strangers } = await repository.identify(tenant, wanted)
    try {
      return await repository.commit(tenant, changesFor(known), { ...options, strangers })
    } catch (error) {
      const isRace = error instanceof Failure && error.code === 'criteria-matched'
      if (!isRace || attempt === MAX_ATTEMPTS) throw error
    }
  }
}
