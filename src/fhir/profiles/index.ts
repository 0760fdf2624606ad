/** Profiles: what a tenant asks of its resources beyond R4. https://hl7.org/fhir/R4/profiling.html */
export { makeProfiles } from './profiles.ts'
export { namesProfiles, type ProfileFindings } from './check.ts'
export type { ProfileRegistry } from './registry.ts'
export type { Depth } from './run.ts'
