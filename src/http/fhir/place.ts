/** Problems of a Bundle's entry, told by their place in the Bundle. */
import { asFailure, Failure } from '../../kernel/failure.ts'

/** The same failure with expressions that begin at the entry: `Patient.gender` → `Bundle.entry[3].resource.gender`. */
export function inEntry(index: number, thrown: unknown): Failure {
  const failure = asFailure(thrown)
  const { kind, code, params, issues, expression } = failure
  const entry = placeInEntry(index, '')
  const placed = (path: string) => (path.startsWith('Bundle.') ? path : placeInEntry(index, path))
  return new Failure(kind, code, params, {
    issues: issues.map((issue) => ({ ...issue, expression: issue.expression?.map(placed) ?? [entry] })),
    expression: expression.length === 0 ? [entry] : expression.map(placed),
    cause: failure.cause ?? failure,
  })
}

/** `Patient.gender` → `Bundle.entry[3].resource.gender`; without a path the entry itself. */
export function placeInEntry(index: number, path: string): string {
  const entry = `Bundle.entry[${index}]`
  return path === '' ? entry : `${entry}.resource${path.replace(/^[A-Za-z]+(?=\.|\[|$)/, '')}`
}
