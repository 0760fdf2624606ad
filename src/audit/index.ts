/** The audit trail: recorded before an access is answered, sealed against tampering, readable as FHIR AuditEvents. */
export { makeAuditEvents, type AuditEvents } from './audit-events.ts'
export { makeAuditRecorder } from './recorder.ts'
export { sealTenant } from './seal.ts'
export { makeSealer } from './sealer.ts'
export { auditSearchParameters } from './search-parameters.ts'
export { verifyTenant, type AuditHead, type AuditVerdict } from './verify.ts'
