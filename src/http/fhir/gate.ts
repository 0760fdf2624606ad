/** What a token allows, interaction by interaction. https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html */
import { Failure } from '../../kernel/failure.ts'
import type { FhirDeps } from './deps.ts'
import type { ScopeLetter } from './interaction.ts'
import type { Access } from './ports.ts'

/** @throws Failure `forbidden`/`scope-insufficient` */
export function requireScope(
  deps: FhirDeps,
  access: Access | undefined,
  type: string,
  letter: ScopeLetter,
): void {
  if (access === undefined || !deps.access.allows(access, type, letter)) {
    throw new Failure('forbidden', 'scope-insufficient', { needed: `system/${type}.${letter}` })
  }
}
