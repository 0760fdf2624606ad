/**
 * What people look for newest first: of types with a clinical date, the tokens of the patient and of the code are kept
 * in the order of that date too (token_at). Everything else is sorted after it was collected, or probed along the
 * order's own index.
 */

export interface Leading {
  /** The date parameter. */
  readonly date: string
  /** Parameters whose tokens stand in its order. */
  readonly by: ReadonlySet<string>
}

const LEADING: Readonly<Record<string, Leading>> = Object.fromEntries(
  (
    [
      ['Appointment', 'date', 'actor'],
      ['CarePlan', 'date', 'subject', 'category'],
      ['Claim', 'created', 'patient'],
      ['Communication', 'sent', 'subject'],
      ['Composition', 'date', 'subject', 'type'],
      ['Condition', 'onset-date', 'subject', 'code'],
      ['DiagnosticReport', 'date', 'subject', 'code'],
      ['DocumentReference', 'date', 'subject', 'type'],
      ['Encounter', 'date', 'subject', 'type'],
      ['ExplanationOfBenefit', 'created', 'patient'],
      ['ImagingStudy', 'started', 'subject'],
      ['Immunization', 'date', 'patient', 'vaccine-code'],
      ['Invoice', 'date', 'subject'],
      ['MedicationAdministration', 'effective-time', 'subject', 'code'],
      ['MedicationDispense', 'whenhandedover', 'subject', 'code'],
      ['MedicationRequest', 'authoredon', 'subject', 'code'],
      ['MedicationStatement', 'effective', 'subject', 'code'],
      ['Observation', 'date', 'subject', 'code'],
      ['Procedure', 'date', 'subject', 'code'],
      ['QuestionnaireResponse', 'authored', 'subject'],
      ['ServiceRequest', 'authored', 'subject', 'code'],
    ] as const
  ).map(([type, date, ...by]) => [type, { date, by: new Set<string>(by) }]),
)

export function leadingOf(type: string): Leading | undefined {
  return LEADING[type]
}
