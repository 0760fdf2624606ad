/**
 * PostgreSQL's errors as Failures. Only the SQLSTATE goes along: message, detail and context of a database error
 * may quote a row. https://www.postgresql.org/docs/18/errcodes-appendix.html
 */
import { Failure } from '../kernel/failure.ts'

export function databaseFailure(error: unknown): Failure {
  if (error instanceof Failure) return error
  if (error instanceof TypeError || error instanceof RangeError) throw error // ours, not the database's
  const sqlstate = codeOf(error)
  const cause = new Error(`database error ${sqlstate ?? 'without a code'}`)
  const failure = (kind: Failure['kind'], code: string) =>
    new Failure(kind, code, sqlstate === undefined ? {} : { sqlstate }, { cause })

  switch (sqlstate) {
    case 'PA001': // passerelle.assert_written
    case '40001': // serialization_failure
    case '40P01': // deadlock_detected
    case '23505': // unique_violation
      return failure('conflict', 'write-conflict')
    case 'PA002': // passerelle.assert_absent
      return failure('conflict', 'criteria-matched')
    case 'PA003': // passerelle.assert_wanted
      return failure('conflict', 'async-cancelled')
    case 'PA004': // passerelle.assert_indexed_for
      return failure('conflict', 'search-model-changed')
    case '57014': // query_canceled
      return failure('timeout', 'statement-timeout')
    case '53100': // disk_full
      return failure('unavailable', 'disk-full')
    case '22P05': // untranslatable_character
    case '22021': // character_not_in_repertoire
      return failure('invalid', 'text-not-storable')
    case undefined:
      return failure('unavailable', 'database-unavailable')
    default:
      return isAway(sqlstate)
        ? failure('unavailable', 'database-unavailable')
        : failure('internal', 'database-error')
  }
}

/** The connection is gone or was not to be had: classes 08, 53 and 57P, and the operating system's own codes. */
function isAway(code: string): boolean {
  return /^(?:08|53|57P|E[A-Z]{3,}$)/.test(code)
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : undefined
}
