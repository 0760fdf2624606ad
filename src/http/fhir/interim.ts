import type { Failure, Issue } from '../../kernel/failure.ts'
export type SearchRequest = any
export type Language = 'en' | 'fr' | 'de'
export function pickLanguage(_: string | undefined): Language {
  return 'en'
}
export function operationOutcome(failure: Failure, _l: Language): any {
  const issues: readonly Issue[] = failure.issues.length
    ? failure.issues
    : [{ severity: 'error', type: 'invalid', expression: failure.expression, diagnostics: failure.code }]
  return {
    resourceType: 'OperationOutcome',
    issue: issues.map((i) => ({
      severity: i.severity,
      code: i.type,
      details: { text: i.diagnostics },
      ...(i.expression?.length && { expression: i.expression }),
    })),
  }
}
