/** What a check against profiles can find; the texts are in outcome/messages. https://hl7.org/fhir/R4/valueset-issue-type.html */
import type { Issue } from '../../kernel/failure.ts'

type Finding = Pick<Issue, 'severity' | 'type'>

export const FINDINGS = {
  'profile-binding': { severity: 'error', type: 'code-invalid' },
  'profile-binding-extensible': { severity: 'warning', type: 'code-invalid' },
  'profile-binding-unchecked': { severity: 'information', type: 'incomplete' },
  'profile-base-unknown': { severity: 'warning', type: 'not-found' },
  'profile-conform': { severity: 'error', type: 'structure' },
  'profile-constraint': { severity: 'error', type: 'invariant' },
  'profile-constraint-advice': { severity: 'warning', type: 'invariant' },
  'profile-constraint-unchecked': { severity: 'warning', type: 'incomplete' },
  'profile-fixed': { severity: 'error', type: 'value' },
  'profile-length': { severity: 'error', type: 'too-long' },
  'profile-max': { severity: 'error', type: 'structure' },
  'profile-max-value': { severity: 'error', type: 'value' },
  'profile-min': { severity: 'error', type: 'required' },
  'profile-min-value': { severity: 'error', type: 'value' },
  'profile-other-type': { severity: 'error', type: 'structure' },
  'profile-pattern': { severity: 'error', type: 'value' },
  'profile-slice-closed': { severity: 'error', type: 'structure' },
  'profile-slice-end': { severity: 'error', type: 'structure' },
  'profile-slice-max': { severity: 'error', type: 'structure' },
  'profile-slice-min': { severity: 'error', type: 'required' },
  'profile-slice-order': { severity: 'error', type: 'structure' },
  'profile-slice-unchecked': { severity: 'warning', type: 'incomplete' },
  'profile-target': { severity: 'error', type: 'value' },
  'profile-type': { severity: 'error', type: 'structure' },
  'profile-unknown': { severity: 'warning', type: 'not-found' },
} as const satisfies Record<string, Finding>

export type FindingCode = keyof typeof FINDINGS
