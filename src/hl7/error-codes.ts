/**
 * From a Failure to the words of HL7: the acknowledgement code (table 0008) and the error code of ERR-3 (table 0357).
 * This is the HL7 edge's one translation of kinds.
 */
import { Failure, type FailureKind } from '../kernel/failure.ts'

/** Table 0008. A: original mode and application; C: commit (accept) acknowledgement of enhanced mode. */
export type AckCode = 'AA' | 'AE' | 'AR' | 'CA' | 'CE' | 'CR'

/** What happened, whatever the mode says it with. */
export type Verdict = 'accepted' | 'error' | 'rejected'

/** Table 0357 with its display names. */
export const errorTexts = {
  '0': 'Message accepted',
  '100': 'Segment sequence error',
  '101': 'Required field missing',
  '102': 'Data type error',
  '103': 'Table value not found',
  '104': 'Value too long',
  '198': 'Non-conformant cardinality',
  '199': 'Other HL7 error',
  '200': 'Unsupported message type',
  '201': 'Unsupported event code',
  '202': 'Unsupported processing id',
  '203': 'Unsupported version id',
  '204': 'Unknown key identifier',
  '205': 'Duplicate key identifier',
  '206': 'Application record locked',
  '207': 'Application error',
} as const

export type ErrorCode = keyof typeof errorTexts

/** Where in the message it is wrong: ERL of v2.5, ELD before. */
export interface ErrorLocation {
  readonly segment: string
  /** Which segment of that name, from 1. */
  readonly sequence?: number | undefined
  readonly field?: number | undefined
  readonly repetition?: number | undefined
  readonly component?: number | undefined
  readonly subcomponent?: number | undefined
}

/** One ERR segment. */
export interface AckError {
  readonly code: ErrorCode
  readonly severity?: 'E' | 'W' | 'I' | 'F'
  readonly location?: ErrorLocation | undefined
  /** Our own stable code (Failure.code): ERR-5. */
  readonly applicationCode?: string | undefined
  /** For a person, without patient data: ERR-8. */
  readonly text?: string | undefined
}

export interface Refusal {
  readonly verdict: 'error' | 'rejected'
  readonly error: AckError
}

/**
 * `error` (AE, CE): the message, or our handling of it, went wrong; sending it again may help.
 * `rejected` (AR, CR): it will not be taken as it is, however often it comes.
 */
const VERDICTS: Readonly<Record<FailureKind, Refusal['verdict']>> = {
  invalid: 'error',
  unauthenticated: 'rejected',
  forbidden: 'rejected',
  'not-found': 'error',
  gone: 'error',
  conflict: 'error',
  precondition: 'error',
  'too-large': 'rejected',
  unsupported: 'rejected',
  unavailable: 'error',
  timeout: 'error',
  internal: 'error',
}

const CODES: Readonly<Record<FailureKind, ErrorCode>> = {
  invalid: '102',
  unauthenticated: '207',
  forbidden: '207',
  'not-found': '204',
  gone: '204',
  conflict: '205',
  precondition: '206',
  'too-large': '104',
  unsupported: '200',
  unavailable: '207',
  timeout: '207',
  internal: '207',
}

/** Failures that table 0357 knows more exactly than their kind, and those that no resend can cure. */
const EXACT: Readonly<
  Record<string, { code: ErrorCode; verdict?: Refusal['verdict']; location?: ErrorLocation }>
> = {
  'hl7-no-header': { code: '100', verdict: 'rejected', location: { segment: 'MSH', sequence: 1 } },
  'hl7-empty': { code: '100', verdict: 'rejected', location: { segment: 'MSH', sequence: 1 } },
  'hl7-no-end': { code: '100', verdict: 'rejected' },
  'hl7-batch': { code: '100', verdict: 'rejected', location: { segment: 'MSH', sequence: 1 } },
  'hl7-several-messages': { code: '100', verdict: 'rejected' },
  'hl7-batch-count': {
    code: '198',
    verdict: 'rejected',
    location: { segment: 'BTS', sequence: 1, field: 1 },
  },
  'hl7-file-count': { code: '198', verdict: 'rejected', location: { segment: 'FTS', sequence: 1, field: 1 } },
  'hl7-batch-trailer-missing': {
    code: '100',
    verdict: 'rejected',
    location: { segment: 'BTS', sequence: 1 },
  },
  'hl7-file-trailer-missing': { code: '100', verdict: 'rejected', location: { segment: 'FTS', sequence: 1 } },
  'hl7-outside': { code: '100', verdict: 'rejected' },
  'hl7-query-event': {
    code: '201',
    verdict: 'rejected',
    location: { segment: 'MSH', sequence: 1, field: 9 },
  },
  'hl7-query-refused': { code: '207', verdict: 'rejected' },
  'hl7-query-empty': { code: '101', location: { segment: 'QPD', sequence: 1 } },
  'hl7-query-parameter': { code: '103' },
  'hl7-query-domain': { code: '204' },
  'hl7-query-identifier': { code: '204' },
  'hl7-query-continuation': { code: '102' },
  'hl7-field-separator': {
    code: '101',
    verdict: 'rejected',
    location: { segment: 'MSH', sequence: 1, field: 1 },
  },
  'hl7-encoding-characters': {
    code: '101',
    verdict: 'rejected',
    location: { segment: 'MSH', sequence: 1, field: 2 },
  },
  'hl7-charset': { code: '102', location: { segment: 'MSH', sequence: 1, field: 18 } },
  'hl7-lines': { code: '104', verdict: 'rejected' },
  'hl7-parts': { code: '104', verdict: 'rejected' },
  'hl7-charset-unknown': { code: '103', location: { segment: 'MSH', sequence: 1, field: 18 } },
  'hl7-unsupported-message': { code: '200', location: { segment: 'MSH', sequence: 1, field: 9 } },
  'hl7-unsupported-event': { code: '201', location: { segment: 'MSH', sequence: 1, field: 9, component: 2 } },
  'hl7-unsupported-processing-id': { code: '202', location: { segment: 'MSH', sequence: 1, field: 11 } },
  'hl7-unsupported-version': { code: '203', location: { segment: 'MSH', sequence: 1, field: 12 } },
  'hl7-not-strict': { code: '100', verdict: 'rejected' },
  'hl7-segment-missing': { code: '100' },
  'hl7-field-missing': { code: '101' },
  'hl7-code-unknown': { code: '103' },
  'hl7-half-frame': { code: '100', verdict: 'rejected' },
  'message-not-mapped': {
    code: '200',
    verdict: 'rejected',
    location: { segment: 'MSH', sequence: 1, field: 9 },
  },
  'message-ends-worker': { code: '207', verdict: 'rejected' },
  'message-skipped': { code: '207', verdict: 'rejected' },
  'hl7-duplicate-control-id': { code: '205', location: { segment: 'MSH', sequence: 1, field: 10 } },
}

/** The verdict and the ERR segment for a Failure. The text is the error code's: a Failure's own words may be too much. */
export function refusalOf(failure: Failure, location?: ErrorLocation): Refusal {
  const exact = EXACT[failure.code]
  const code = exact?.code ?? CODES[failure.kind]
  return {
    verdict: exact?.verdict ?? VERDICTS[failure.kind],
    error: {
      code,
      severity: 'E',
      location: location ?? exact?.location,
      applicationCode: failure.code,
      text: errorTexts[code],
    },
  }
}

/** The same when only the code is known: of a message that failed while it was handled. */
export function refusalOfCode(code: string): Refusal {
  return refusalOf(new Failure('internal', code))
}

/** The code of a verdict in a mode. */
export function ackCode(mode: 'original' | 'enhanced', verdict: Verdict): AckCode {
  switch (verdict) {
    case 'accepted':
      return mode === 'original' ? 'AA' : 'CA'
    case 'error':
      return mode === 'original' ? 'AE' : 'CE'
    case 'rejected':
      return mode === 'original' ? 'AR' : 'CR'
  }
}
