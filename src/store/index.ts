/** The store's public names: what the layers above may use of PostgreSQL. */
export { openDb, type Db, type DbOptions, type Tx } from './db.ts'
export type { Statement } from './statement.ts'
export {
  auditStatement,
  submittedAuditStatement,
  type AuditAgent,
  type AuditEntity,
  type AuditRecorder,
  type AuditRow,
  type SubmittedAuditEvent,
} from './audit.ts'
export {
  blocksAfter,
  digestRows,
  insertBlock,
  lastBlock,
  lockSealing,
  nextCut,
  prepareAudit,
  unsealedTenants,
  type AuditBlock,
} from './audit-blocks.ts'
export { missingTokens, rowsBetween, type AuditPlace } from './audit-completeness.ts'
export type { AuditFilter, TimeRange } from './audit-filters.ts'
export type { AuditRecord } from './audit-record.ts'
export { countAudit, readAudit, searchAudit, type AuditQuery } from './audit-search.ts'
export {
  actionToken,
  agentNames,
  agentToken,
  auditTokens,
  entityTokens,
  kindToken,
  outcomeToken,
  subtypeToken,
  typeToken,
} from './audit-tokens.ts'
export {
  findClient,
  hasClientLocked,
  insertClient,
  listClients,
  replaceSecret,
  revokeClient,
  tenantOfClient,
  type ClientRow,
} from './clients.ts'
export * from './journal/index.ts'
export { listSigningKeys, offerSigningKey, type SigningKeyRow } from './signing-keys.ts'
export { findTenant, findTenantById, insertTenant, listTenants, type Tenant } from './tenants.ts'
export * from './dicom/index.ts'
export type { AsyncAnswer, AsyncRequests, ClaimedRequest, Run } from './async-requests.ts'
export type { Guard } from './guard.ts'
export { makeTurns, type Turns } from './turns.ts'
export type { History, Version } from './history.ts'
export type { VersionPlace, VersionRange } from './queries/read-history.ts'
export type { Change, Outcome } from './prepare.ts'
export type { CommitOptions, Repository } from './repository.ts'
export {
  commitIdentified,
  type Identified,
  type IdentifiedOptions,
  type Names,
  type Told,
} from './identified-commit.ts'
export {
  listReassignments,
  REDIRECTED,
  type ReassignmentRecord,
  type Reassignments,
  type RequestedReassignment,
  type Undone,
} from './reassign/index.ts'
export type { KnownIdentities, WantedIdentity } from './identities.ts'
export type { Labels } from './labels.ts'
export { makeReindexer, type Reindex, type Reindexer, type Reindexes } from './reindex/index.ts'
export type { Stored } from './resource.ts'
export type { SourceTime, SourceTimes } from './source-times.ts'
export type { SearchModel, SearchModels } from './search-model/index.ts'
export { supportedSearch } from './search/compile.ts'
export type { SearchOptions, SearchPage, SearchStore } from './search/search-store.ts'
export type { TenantSearch } from './search/tenant-search.ts'
export type { Explanation } from './search/explain.ts'
export { makeStore, type Store, type StoreDeps } from './store.ts'
export type { ResourceChecks } from './checks.ts'
export { dictionaryResources, dictionaryRevision, noteIdSystems, readIdSystems } from './dictionaries.ts'
export { makeStoredTerminology } from './terminology.ts'
export {
  asBase64,
  base64Length,
  type Binaries,
  type BinaryContent,
  type BinaryPlace,
  keepBinaries,
  type StoreWithBinaries,
  sweepBinaries,
} from './binaries/index.ts'
