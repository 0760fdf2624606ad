/** What each tenant keeps to read messages with, at hand as long as its revision is the same. */
import { LRUCache } from 'lru-cache'

import type { Clock } from '../kernel/clock.ts'
import type { TenantId } from '../kernel/ids.ts'
import { type Dictionary, EMPTY_DICTIONARY, makeDictionary } from '../mapping/index.ts'
import { type Db, dictionaryResources, dictionaryRevision, readIdSystems } from '../store/index.ts'

/** A change counts for messages that are begun so much later. */
const REVISION_MS = 500
const MAX_TENANTS = 200

interface Known {
  readonly revision: string | undefined
  readonly dictionary: Dictionary
  askedAt: number
}

export type DictionaryOf = (tenant: TenantId) => Promise<Dictionary>

export function makeTenantDictionaries({
  db,
  clock,
}: {
  readonly db: Db
  readonly clock: Clock
}): DictionaryOf {
  const tenants = new LRUCache<TenantId, Known>({ max: MAX_TENANTS })
  return async (tenant) => {
    const askedAt = clock.now()
    const known = tenants.get(tenant)
    if (known !== undefined && askedAt - known.askedAt < REVISION_MS) return known.dictionary
    // Asked first: what changes while the resources are read is seen the next time.
    const revision = await dictionaryRevision(db, tenant)
    if (known !== undefined && known.revision === revision) {
      known.askedAt = askedAt
      return known.dictionary
    }
    const dictionary =
      revision === undefined
        ? EMPTY_DICTIONARY
        : makeDictionary(await dictionaryResources(db, tenant), await readIdSystems(db, tenant))
    tenants.set(tenant, { revision, dictionary, askedAt })
    return dictionary
  }
}
