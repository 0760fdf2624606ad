export type { Coding, Verdict } from './coding.ts'
export { makeR4Content, type R4Content } from './r4-content.ts'
export type { StoredEdition, StoredTerminology, TerminologyType } from './tenant-content.ts'
export { makeTerminology, type Membership, type Terminology } from './terminology.ts'
