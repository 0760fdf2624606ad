/** A Failure as an OperationOutcome. https://hl7.org/fhir/R4/operationoutcome.html */
import type { OperationOutcome, OperationOutcomeIssue } from '@medplum/fhirtypes'
import type { Failure, FailureKind, Issue } from '../../kernel/failure.ts'
import { messageOf } from './catalogue.ts'
import type { Language } from './language.ts'

/** https://hl7.org/fhir/R4/valueset-issue-type.html */
const ISSUE_TYPES: Readonly<Record<FailureKind, IssueCode>> = {
  invalid: 'invalid',
  unauthenticated: 'login',
  forbidden: 'forbidden',
  'not-found': 'not-found',
  gone: 'deleted',
  conflict: 'conflict',
  precondition: 'conflict',
  'too-large': 'too-long',
  unsupported: 'not-supported',
  unavailable: 'transient',
  timeout: 'timeout',
  internal: 'exception',
}

/** Codes that the issue types have a closer word for than their kind's. */
const CLOSER_TYPES: Readonly<Record<string, IssueCode>> = {
  'json-syntax': 'structure',
  'json-depth': 'structure',
  'json-character': 'structure',
  'json-not-an-object': 'structure',
  'body-not-utf8': 'structure',
  'resource-type-missing': 'structure',
  'profile-not-found': 'not-found',
  'profile-too-costly': 'too-costly',
  'fhirpath-too-costly': 'too-costly',
  'already-exists': 'duplicate',
  'criteria-matched-several': 'multiple-matches',
  'token-invalid': 'login',
  'search-sort-too-broad': 'too-costly',
  'too-much-in-flight': 'throttled',
  'code-system-too-large': 'too-costly',
  'value-set-too-costly': 'too-costly',
  'audit-unavailable': 'transient',
}

type IssueCode = OperationOutcomeIssue['code']

/** The findings of a failure that has some, else one issue for the failure itself, in the caller's language. */
export function operationOutcome(failure: Failure, language: Language): OperationOutcome {
  const { kind, code, params, issues, expression } = failure
  if (issues.length > 0) return outcomeOfIssues(issues, language)
  return {
    resourceType: 'OperationOutcome',
    issue: [
      {
        severity: kind === 'internal' ? 'fatal' : 'error',
        code: issueType(kind, code),
        details: { coding: [{ system: FAILURE_CODES, code }], text: messageOf(code, params, language) },
        ...(expression.length > 0 && { expression: [...expression] }),
      },
    ],
  }
}

function issueType(kind: FailureKind, code: string): IssueCode {
  if (kind === 'invalid' && code.startsWith('xml-')) return 'structure'
  return CLOSER_TYPES[code] ?? ISSUE_TYPES[kind]
}

/** An OperationOutcome of findings: of a validation, or of a write that went well with warnings. */
export function outcomeOfIssues(issues: readonly Issue[], language: Language): OperationOutcome {
  if (issues.length > 0)
    return { resourceType: 'OperationOutcome', issue: issues.map((each) => issueOf(each, language)) }
  return {
    resourceType: 'OperationOutcome',
    issue: [
      {
        severity: 'information',
        code: 'informational',
        details: { text: messageOf('all-ok', {}, language) },
      },
    ],
  }
}

/** Our failure codes, so that a program need not read the texts. */
const FAILURE_CODES = 'urn:passerelle:failure'

/** What sort of finding it is in the caller's language; which element and which rule is in the diagnostics, in English. */
function issueOf(
  { severity, type, expression, diagnostics, code, params = {} }: Issue,
  language: Language,
): OperationOutcomeIssue {
  return {
    severity,
    code: type as IssueCode,
    details:
      code === undefined
        ? { text: messageOf(`issue-${type}`, {}, language) }
        : { coding: [{ system: FAILURE_CODES, code }], text: messageOf(code, params, language) },
    diagnostics,
    ...(expression?.length && { expression: [...expression] }),
  }
}
