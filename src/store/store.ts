/** Puts the resource store together: repository, search, and what they need of FHIR. */
import { LRUCache } from 'lru-cache'

import {
  type Definitions,
  type ExtractContext,
  type Extractor,
  makeReferenceWalk,
  type SearchParameters,
  type Terminology,
  type Validator,
} from '../fhir/index.ts'
import type { Clock } from '../kernel/clock.ts'
import type { TenantId } from '../kernel/ids.ts'
import { type AsyncRequests, makeAsyncRequests } from './async-requests.ts'
import { existingAudits } from './audit-search.ts'
import { makeResourceChecks, type ResourceChecks } from './checks.ts'
import type { Db } from './db.ts'
import { type History, makeHistory } from './history.ts'
import { makeIntegrity, makeReferring, makeResourceIndex, noIntegrity } from './integrity/index.ts'
import { makeResourceNumbers } from './numbers.ts'
import { makeReassignments, type Reassignments } from './reassign/index.ts'
import { makeRepository, type Repository } from './repository.ts'
import type { ParameterDeps } from './search/compile-parameter.ts'
import { makeReindexes, type Reindexes } from './reindex/index.ts'
import { makeTenantSearch, type TenantSearch } from './search/tenant-search.ts'
import { makeSearchModels, type SearchModels } from './search-model/index.ts'
import { makeReadLane } from './read-lane.ts'
import { makeWriteLane } from './write-lane.ts'

export interface StoreDeps {
  readonly db: Db
  readonly clock: Clock
  readonly validator: Validator
  readonly extractor: Extractor
  readonly definitions: Definitions
  readonly parameters: SearchParameters
  readonly terminology: ParameterDeps['terminology'] & Pick<Terminology, 'membership'>
  /** Time zone and local base of a tenant, for dates without an offset and absolute references. */
  contextOf(tenant: TenantId): ExtractContext
  /** Whether references within a tenant must point to what is there. */
  readonly referentialIntegrity: 'enforce' | 'off'
}

/** Token values (about 120 bytes each here) that need not be told to the database again. */
const MAX_KNOWN_VALUES = 50_000

export interface Store {
  readonly repository: Repository
  readonly search: TenantSearch
  readonly models: SearchModels
  readonly reindexes: Reindexes
  readonly history: History
  readonly asyncRequests: AsyncRequests
  readonly checks: ResourceChecks
  readonly reassignments: Reassignments
}

export function makeStore(deps: StoreDeps): Store {
  const { db, clock, definitions, parameters, contextOf } = deps
  const walk = makeReferenceWalk(definitions)
  const referring = makeReferring(parameters, definitions.resourceTypes)
  const checks = makeResourceChecks(deps)
  const models = makeSearchModels({
    ...deps,
    indexWith: makeResourceIndex({ parameters, walk, referring, contextOf }),
  })
  const search = makeTenantSearch({ ...deps, models })
  const numbers = makeResourceNumbers(db)
  const toLocal = (tenant: TenantId) => contextOf(tenant).toLocal
  const repository = makeRepository({
    db,
    clock,
    reads: makeReadLane(db),
    lane: makeWriteLane(db),
    deletions: makeWriteLane(db),
    numbers,
    checks,
    models,
    integrity:
      deps.referentialIntegrity === 'off'
        ? noIntegrity
        : makeIntegrity({
            db,
            walk,
            referring,
            toLocal,
            kept: new Map([['AuditEvent', (tenant, ids) => existingAudits(db, tenant, ids)]]),
          }),
    guard: search.guard,
    known: new LRUCache({ max: MAX_KNOWN_VALUES }),
  })
  return {
    repository,
    search,
    models,
    reindexes: makeReindexes(db),
    history: makeHistory(db),
    asyncRequests: makeAsyncRequests(db),
    checks,
    reassignments: makeReassignments({ db, repository, models, numbers, walk, referring, toLocal }),
  }
}
