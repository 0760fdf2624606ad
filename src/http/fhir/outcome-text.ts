/** OperationOutcomes as text. https://hl7.org/fhir/R4/operationoutcome.html */
import { type Language, operationOutcome, outcomeOfIssues } from '../../fhir/index.ts'
import type { Failure, Issue } from '../../kernel/failure.ts'

/** Of a failure, in the caller's language. */
export function problemText(failure: Failure, language: Language): string {
  return JSON.stringify(operationOutcome(failure, language))
}

/** For `Prefer: return=OperationOutcome`: that all went well. */
export function successText(language: Language): string {
  return JSON.stringify(outcomeOfIssues([], language))
}

/** Of a review: what would be refused before the content is looked at, then what the content is found to be. */
export function reviewText(
  problems: readonly Failure[],
  issues: readonly Issue[],
  language: Language,
): string {
  if (problems.length === 0) return JSON.stringify(outcomeOfIssues(issues, language))
  const all = problems.flatMap((failure) => operationOutcome(failure, language).issue)
  if (issues.length > 0) all.push(...outcomeOfIssues(issues, language).issue)
  return JSON.stringify({ resourceType: 'OperationOutcome', issue: all })
}
