/**
 * The one error class. A closed set of kinds says what sort of thing went wrong; a stable code says which.
 * Each edge (HTTP, HL7, DIMSE, CLI) translates a kind once into its protocol's own form.
 */

export type FailureKind =
  | 'invalid' // the request is wrong: 400/422, AE, 0xC000
  | 'unauthenticated' // who is asking is not known: 401
  | 'forbidden' // known, but not allowed: 403
  | 'not-found' // 404
  | 'gone' // 410
  | 'conflict' // 409
  | 'precondition' // 412
  | 'too-large' // 413
  | 'unsupported' // 405, 406, 415, 501: a method, type, format or feature that is not there
  | 'unavailable' // 503: a part that is needed is away; try again
  | 'timeout' // 504
  | 'internal' // 500: our fault

/** What a code's text is filled with. Never patient data: a Failure may end in a log line. */
export type FailureParams = Readonly<Record<string, string | number | boolean | undefined>>

/** One finding of several, for example of a validation. `expression` is a FHIRPath into the input. */
export interface Issue {
  readonly severity: 'fatal' | 'error' | 'warning' | 'information'
  /** A code of http://hl7.org/fhir/issue-type */
  readonly type: string
  readonly expression?: readonly string[]
  /** English text without patient data. */
  readonly diagnostics: string
  /** As a Failure's: the key of its text in each language. Without one the type has a text. */
  readonly code?: string
  readonly params?: FailureParams
}

export interface FailureOptions {
  readonly issues?: readonly Issue[]
  readonly expression?: readonly string[]
  readonly cause?: unknown
}

export class Failure extends Error {
  readonly kind: FailureKind
  /** Stable, lower case with hyphens: `version-mismatch`. The key of its text in each language. */
  readonly code: string
  readonly params: FailureParams
  readonly issues: readonly Issue[]
  readonly expression: readonly string[]

  constructor(kind: FailureKind, code: string, params: FailureParams = {}, options: FailureOptions = {}) {
    super(describe(code, params), options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'Failure'
    this.kind = kind
    this.code = code
    this.params = params
    this.issues = options.issues ?? []
    this.expression = options.expression ?? []
  }
}

function describe(code: string, params: FailureParams): string {
  const parts = Object.entries(params)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value}`)
  return parts.length === 0 ? code : `${code} (${parts.join(', ')})`
}

/** Any thrown value as a Failure: a Failure stays itself, everything else becomes `internal`/`unexpected`. */
export function asFailure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown
  return new Failure('internal', 'unexpected', {}, { cause: thrown })
}
