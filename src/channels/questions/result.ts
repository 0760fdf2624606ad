/** What a question found, or why it can't be answered; said by QAK, MSA and ERR. IHE ITI TF-2 §3.9.4.2.2, §3.21.4.2.2. */
import type { ErrorLocation } from '../../hl7/index.ts'
import { Failure } from '../../kernel/failure.ts'
import type { Placed } from '../../mapping/index.ts'
import type { Stored } from '../../store/index.ts'

/** A person of the answer: the fields of PID and PD1. */
export interface Person {
  readonly pid: Placed
  readonly pd1?: Placed
}

export interface Found {
  readonly did: 'found'
  readonly people: readonly Person[]
  /** Where the next answer begins, when there is more. */
  readonly next?: string | undefined
  /** Whose data was looked at, for the audit trail. */
  readonly seen: readonly Stored[]
}

/** The question is wrong, or asks for what nobody knows. */
export interface Unanswerable {
  readonly did: 'fault'
  readonly failure: Failure
  readonly location: ErrorLocation | undefined
}

export type Result = Found | Unanswerable

export function fault(
  code: string,
  field?: number,
  at: { readonly repetition?: number; readonly component?: number } = {},
): Unanswerable {
  return {
    did: 'fault',
    failure: new Failure('invalid', code),
    location: field === undefined ? undefined : { segment: 'QPD', sequence: 1, field, ...at },
  }
}
