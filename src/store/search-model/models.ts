/**
 * The search model of each tenant, at hand without a question. Whether it is still the current one is asked at most once
 * a second (fresh), or where it matters, each time (current). A write carries the revision that it was indexed for and
 * is refused when there is another, so what another process changes can't lead to a resource that isn't found.
 */
import { setTimeout as sleep } from 'node:timers/promises'

import { LRUCache } from 'lru-cache'

import type { Clock } from '../../kernel/clock.ts'
import type { TenantId } from '../../kernel/ids.ts'
import type { Db } from '../db.ts'
import { INDEX_VERSION } from '../index-version.ts'
import { makeModelMaker, type SearchModel, type SearchModelDeps } from './model.ts'
import { settle } from './settle.ts'
import { readParameters, readRevision, type SearchState } from './state.ts'

export interface SearchModels {
  /** As it was when it was last asked for; R4's own parameters for a tenant that nobody asked for yet. */
  of(tenant: TenantId): SearchModel
  /** Sees to it that the model is not older than a second; undefined: it isn't. */
  fresh(tenant: TenantId): Promise<unknown> | undefined
  /** What is current now. */
  current(tenant: TenantId): Promise<SearchModel>
  /** What is current now, after what needs no pass over the resources has been settled. */
  settled(tenant: TenantId): Promise<SearchModel>
  /** Tells that this process changed a SearchParameter. Resolves when this process works by it. */
  changed(tenant: TenantId): Promise<void>
}

const REVISION_MS = 1000
/** A tenant without own parameters costs some hundred bytes, one with a hundred of them about a megabyte. */
const MAX_TENANTS = 1000

/** Transactions end within milliseconds; for one that doesn't nobody waits: the first search looks again. */
const LOOKS = 10
const LOOK_MS = 20

interface Known {
  readonly model: SearchModel
  askedAt: number
}

const NEVER_ASKED: SearchState = {
  revision: 0,
  indexVersion: INDEX_VERSION,
  isReindexing: false,
  parameters: [],
}

export function makeSearchModels(
  deps: SearchModelDeps & { readonly db: Db; readonly clock: Clock },
): SearchModels {
  const { db, clock } = deps
  const makeModel = makeModelMaker(deps)
  const tenants = new LRUCache<TenantId, Known>({ max: MAX_TENANTS })
  const asking = new Map<TenantId, Promise<SearchModel>>()

  async function ask(tenant: TenantId): Promise<SearchModel> {
    const askedAt = clock.now()
    const revision = (await readRevision(db, tenant)) ?? NEVER_ASKED
    const known = tenants.get(tenant)
    const isSame =
      known?.model.revision === revision.revision && known.model.indexVersion === revision.indexVersion
    if (isSame) {
      known.askedAt = askedAt
      return known.model
    }
    const model = makeModel(tenant, await readParameters(db, tenant, revision))
    // Who asked later may have been faster.
    const newest = tenants.get(tenant)
    if (newest && newest.model.revision > model.revision) return newest.model
    tenants.set(tenant, { model, askedAt })
    return model
  }

  /** One question at a time, for all who don't mind when it was sent. */
  function asked(tenant: TenantId): Promise<SearchModel> {
    let question = asking.get(tenant)
    if (!question) {
      question = ask(tenant).finally(() => asking.delete(tenant))
      asking.set(tenant, question)
    }
    return question
  }

  return {
    of(tenant) {
      const known = tenants.get(tenant)
      if (known) return known.model
      const model = makeModel(tenant, NEVER_ASKED)
      tenants.set(tenant, { model, askedAt: -Infinity })
      return model
    },
    fresh(tenant) {
      const known = tenants.get(tenant)
      return known && clock.now() - known.askedAt < REVISION_MS ? undefined : asked(tenant)
    },
    current: ask,
    async settled(tenant) {
      const model = await ask(tenant)
      return (await settle(db, tenant, model.own)) === 'settled' ? ask(tenant) : model
    },
    async changed(tenant) {
      tenants.delete(tenant)
      try {
        for (let look = 1; look <= LOOKS; look++) {
          const { own } = await ask(tenant)
          if ((await settle(db, tenant, own)) !== 'waiting') break
          await sleep(LOOK_MS)
        }
        await ask(tenant)
      } catch {
        // The change is made. What this process knows is asked for again by the next who needs it.
        tenants.delete(tenant)
      }
    },
  }
}
