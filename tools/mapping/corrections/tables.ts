/** Whole official tables that ours have no use for. */
import type { RuleCorrection } from '../corrections.ts'

const ONE_PROVENANCE = 'one Provenance a message, made by us'
const NO_MESSAGE = 'resources are kept, not FHIR messages'
const OWN_HEADER = 'header.tsv and our own MSH[MessageHeader] say it'
const REFERENCE = 'the reference is set by the message table'

const TABLES: readonly RuleCorrection[] = [
  {
    map: /^MSH\[MessageHeader\]$|^(MSA|SFT|MSG)\[MessageHeader\]$|^HD\[MessageHeader/,
    leaveOut: OWN_HEADER,
  },
  { map: /^(MSG\[Coding\]|PT\[Meta\])$/, leaveOut: OWN_HEADER },
  { map: 'MSH[Bundle]', leaveOut: NO_MESSAGE },
  {
    map: /^MSH\[Provenance-Transformation\]$|^PID\[Provenance-Patient\]$|^(SCH|TXA)\[Provenance\]$/,
    leaveOut: ONE_PROVENANCE,
  },
  { map: 'MSH[Provenance-Operator]', leaveOut: ONE_PROVENANCE },
  { map: 'PID[Appointment]', leaveOut: REFERENCE },
  { map: 'PV1[Basic-EncounterHistory]', leaveOut: 'the versions of an Encounter are its history' },
  { map: 'EI[Condition]', leaveOut: 'an identifier of another Condition is not followed' },
  { map: 'CWE[Duration]', leaveOut: 'R4 has no such element' },
  { map: 'NA[SampledData]', leaveOut: 'SampledData needs an origin and a period, which NA does not carry' },
  { map: 'CX[RelatedPerson-Mother]', leaveOut: 'the identifier of the mother alone makes no person' },
  { map: /^RI\[Timing\]$/, source: 'RI-2', use: { from: 'RI.2' }, because: 'a component of RI' },
]

export const tables: readonly RuleCorrection[] = [...TABLES]
