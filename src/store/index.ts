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
export {
  countAudit,
  readAudit,
  searchAudit,
  type AuditFilter,
  type AuditQuery,
  type AuditRecord,
  type TimeRange,
} from './audit-search.ts'
export {
  actionToken,
  agentNames,
  agentToken,
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
