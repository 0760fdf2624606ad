/**
 * What our kinds and interactions are called in an AuditEvent, both ways: written by the projection, read by search.
 * https://hl7.org/fhir/R4/valueset-audit-event-type.html, https://hl7.org/fhir/R4/valueset-audit-event-sub-type.html
 */

export interface Coding {
  readonly system: string
  readonly code: string
  readonly display?: string
}

export const DCM = 'http://dicom.nema.org/resources/ontology/DCM'
const EVENT_TYPE = 'http://terminology.hl7.org/CodeSystem/audit-event-type'
const LIFECYCLE = 'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle'
const RESTFUL = 'http://hl7.org/fhir/restful-interaction'
const IHE = 'urn:ihe:event-type-code'
/** Ours, for what no standard names. */
const INTERACTION = 'urn:passerelle:interaction'

/** By kind. Kinds that are not listed (there are none today) are application activity. */
const TYPES: Readonly<Record<string, Coding>> = {
  rest: { system: EVENT_TYPE, code: 'rest', display: 'RESTful Operation' },
  token: { system: DCM, code: '110114', display: 'User Authentication' },
  hl7: { system: DCM, code: '110107', display: 'Import' },
  query: { system: DCM, code: '110112', display: 'Query' },
  dicom: { system: DCM, code: '110104', display: 'DICOM Instances Transferred' },
  admin: { system: DCM, code: '110113', display: 'Security Alert' },
}
const OTHER_TYPE: Coding = { system: DCM, code: '110100', display: 'Application Activity' }

/** By interaction, where the standards' name is another than ours. */
const SUBTYPES: Readonly<Record<string, Coding>> = {
  token: { system: DCM, code: '110122', display: 'Login' },
  'patient-demographics-query': {
    system: IHE,
    code: 'ITI-21',
    display: 'Patient Demographics Query',
  },
  'patient-identifiers-query': { system: IHE, code: 'ITI-9', display: 'PIX Query' },
  'record-merge': { system: LIFECYCLE, code: 'merge', display: 'Merge Record Lifecycle Event' },
  'record-unmerge': { system: LIFECYCLE, code: 'unmerge', display: 'Unmerge Record Lifecycle Event' },
  'record-move': { system: LIFECYCLE, code: 'amend', display: 'Amend (Update) Record Lifecycle Event' },
  'message-received': {
    system: LIFECYCLE,
    code: 'receive',
    display: 'Receive/Retain Record Lifecycle Event',
  },
}

/** https://hl7.org/fhir/R4/valueset-type-restful-interaction.html and the system's */
const RESTFUL_CODES: ReadonlySet<string> = new Set([
  'read',
  'vread',
  'update',
  'patch',
  'delete',
  'history-instance',
  'history-type',
  'history-system',
  'create',
  'search-type',
  'search-system',
  'search',
  'history',
  'capabilities',
  'transaction',
  'batch',
  'operation',
])

export function typeOf(kind: string): Coding {
  return TYPES[kind] ?? OTHER_TYPE
}

export function subtypeOf(interaction: string): Coding {
  return (
    SUBTYPES[interaction] ?? {
      system: RESTFUL_CODES.has(interaction) ? RESTFUL : INTERACTION,
      code: interaction,
    }
  )
}

/** What a token of a search asks for; a part that is undefined may be anything. */
export interface CodingPattern {
  readonly system?: string
  readonly code?: string
}

/** The kinds that a pattern means. */
export function kindsOf(pattern: CodingPattern): string[] {
  return Object.keys(TYPES).filter((kind) => fits(typeOf(kind), pattern))
}

/** The interactions that a pattern means. A pattern without a code means every known one of the system. */
export function interactionsOf(pattern: CodingPattern): string[] {
  const candidates = [
    ...Object.keys(SUBTYPES),
    ...(pattern.code === undefined ? RESTFUL_CODES : [pattern.code]),
  ]
  return candidates.filter((interaction) => fits(subtypeOf(interaction), pattern))
}

function fits(coding: Coding, { system, code }: CodingPattern): boolean {
  return (system === undefined || system === coding.system) && (code === undefined || code === coding.code)
}
