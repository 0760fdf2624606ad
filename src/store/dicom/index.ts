/** The index of stored DICOM objects: PostgreSQL's side of imaging. */
export { indexInstances, replaceInstance } from './index-instances.ts'
export type { Indexed, NewInstance } from './instance.ts'
export { claimUnprojected, isProjected, markProjected } from './projection.ts'
export { readStudy } from './study-content.ts'
