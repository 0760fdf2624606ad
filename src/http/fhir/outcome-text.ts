/** OperationOutcomes as text. https://hl7.org/fhir/R4/operationoutcome.html */
import type { Failure } from '../../kernel/failure.ts'
import { type Language, operationOutcome } from './interim.ts'
import type { Outcome } from './ports.ts'

/** The OperationOutcome of a failure, in the caller's language. */
export function problemText(failure: Failure, language: Language): string {
  return JSON.stringify(operationOutcome(failure, language))
}

/** For `Prefer: return=OperationOutcome`: that it went well. */
export function informationOutcome(did: Outcome['did']): string {
  return JSON.stringify({
    resourceType: 'OperationOutcome',
    issue: [{ severity: 'information', code: 'informational', diagnostics: `The resource was ${did}.` }],
  })
}
