/** Problems of a Bundle's entry, told by their place in the Bundle. */
import { asFailure, Failure } from '../../kernel/failure.ts'

/** The same failure with expressions that begin at the entry: `Patient.gender` → `Bundle.entry[3].resource.gender`. */
export function inEntry(index: number, thrown: unknown): Failure {
  const failure = asFailure(thrown)
  const { kind, code, params, issues, expression } = failure
  const entry = `Bundle.entry[${index}]`
  const placed = (path: string) =>
    path.startsWith('Bundle.') ? path : `${entry}.resource${path.replace(/^[A-Za-z]+(?=\.|\[|$)/, '')}`
  return new Failure(kind, code, params, {
    issues: issues.map((issue) => ({ ...issue, expression: issue.expression?.map(placed) ?? [entry] })),
    expression: expression.length === 0 ? [entry] : expression.map(placed),
    cause: failure.cause ?? failure,
  })
}
