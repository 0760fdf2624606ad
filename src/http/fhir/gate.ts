/** What a token allows, interaction by interaction. https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html */
import { type Access, allows, type ScopeLetter } from '../../access/index.ts'
import { Failure } from '../../kernel/failure.ts'
import type { Caller } from './interaction.ts'

/**
 * @param type `*`: all types at once
 * @throws Failure `forbidden`/`scope-insufficient`
 */
export function requireScope(access: Access | undefined, type: string, letter: ScopeLetter): void {
  if (access === undefined || !allows(access, type, letter)) {
    throw new Failure('forbidden', 'scope-insufficient', { needed: `system/${type}.${letter}` })
  }
}

/** @throws Failure `forbidden`/`role-insufficient` */
export function requireRole(access: Access | undefined, role: string): void {
  if (access?.roles.includes(role) !== true)
    throw new Failure('forbidden', 'role-insufficient', { needed: role })
}

/** Resources of which types the caller may be told about; a Binary may be hidden by its security context. */
export function mayRead({ access }: Pick<Caller, 'access'>): (type: string) => boolean {
  return (type) => access !== undefined && allows(access, type === 'Binary' ? '*' : type, 'r')
}
