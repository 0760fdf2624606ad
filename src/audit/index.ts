/** The audit trail: recorded before an access is answered, sealed against tampering, readable as FHIR AuditEvents. */
export { toAuditEvent } from './audit-event.ts'
export {
  makeAuditEvents,
  type AuditEventPage,
  type AuditEvents,
  type AuditEventStored,
} from './audit-events.ts'
export { makeAuditRecorder, type AuditMetrics } from './recorder.ts'
export { sealTenant } from './seal.ts'
export { makeSealer, type Sealer } from './sealer.ts'
export { auditSearchParameters } from './search-parameters.ts'
export { verifyTenant, type AuditHead, type AuditVerdict, type BrokenBecause } from './verify.ts'
