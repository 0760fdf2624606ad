/** OperationOutcomes as text. https://hl7.org/fhir/R4/operationoutcome.html */
import { type Language, operationOutcome, outcomeOfIssues } from '../../fhir/index.ts'
import type { Failure } from '../../kernel/failure.ts'

/** Of a failure, in the caller's language. */
export function problemText(failure: Failure, language: Language): string {
  return JSON.stringify(operationOutcome(failure, language))
}

/** For `Prefer: return=OperationOutcome`: that all went well. */
export function successText(language: Language): string {
  return JSON.stringify(outcomeOfIssues([], language))
}
