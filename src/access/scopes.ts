/**
 * SMART scopes for resources: `system/Observation.rs`, `system/*.cruds`, and version 1's `.read`, `.write`, `.*`.
 * https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html
 */

/** create, read, update, delete, search */
export type ScopeLetter = 'c' | 'r' | 'u' | 'd' | 's'

export interface Grant {
  readonly context: 'system' | 'user' | 'patient'
  /** A resource type, or `*`. */
  readonly type: string
  readonly letters: string
}

export type ParsedScope =
  | { readonly grant: Grant }
  /** `query`: restricted by search parameters, which this server does not do; `syntax`: not a resource scope. */
  | { readonly refused: 'query' | 'syntax' }

const SCOPE = /^(system|user|patient)\/(\*|[A-Z][A-Za-z]+)\.(read|write|\*|(?=[cruds])c?r?u?d?s?)(\?.*)?$/s
const VERSION_1: Readonly<Record<string, string>> = { read: 'rs', write: 'cud', '*': 'cruds' }

export function parseScope(text: string): ParsedScope {
  const match = SCOPE.exec(text)
  if (match === null) return { refused: 'syntax' }
  const [, context, type, letters, query] = match
  if (query !== undefined) return { refused: 'query' }
  return {
    grant: { context: context as Grant['context'], type: type!, letters: VERSION_1[letters!] ?? letters! },
  }
}

/** The grants of scopes that were checked before; what does not parse grants nothing. */
export function grantsOf(scopes: readonly string[]): Grant[] {
  return scopes.map(parseScope).flatMap((parsed) => ('grant' in parsed ? [parsed.grant] : []))
}

/** Whether all that `wanted` allows is allowed by some of `held`. */
export function covers(held: readonly Grant[], wanted: Grant): boolean {
  return [...wanted.letters].every((letter) =>
    held.some(
      (grant) =>
        grant.context === wanted.context && isOfType(grant, wanted.type) && grant.letters.includes(letter),
    ),
  )
}

/** Whether a token of a client without a user lets its bearer do this; `*` as type asks for all types at once. */
export function allows(
  access: { readonly grants: readonly Grant[] },
  type: string,
  letter: ScopeLetter,
): boolean {
  return access.grants.some(
    (grant) => grant.context === 'system' && isOfType(grant, type) && grant.letters.includes(letter),
  )
}

function isOfType(grant: Grant, type: string): boolean {
  return grant.type === '*' || grant.type === type
}
