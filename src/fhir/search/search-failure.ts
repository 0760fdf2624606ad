/** What is wrong with a search, by the parameter's name: a value may be a patient's. */
import { Failure, type FailureParams } from '../../kernel/failure.ts'

export function searchFailure(code: string, parameter: string, more: FailureParams = {}): Failure {
  const shown = printable(parameter)
  return new Failure('invalid', code, { parameter: shown, ...more }, { expression: [shown] })
}

/** A name is the client's text too: shown only when it looks like one. */
function printable(parameter: string): string {
  return /^[A-Za-z_][\w.:-]{0,63}$/.test(parameter) ? parameter : '?'
}
