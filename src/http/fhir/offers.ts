/** Which interactions a resource type has. */
import type { Interaction } from './interaction.ts'

/** Types that only the server writes: once made, never changed. https://hl7.org/fhir/R4/auditevent.html */
const WRITE_ONCE: ReadonlySet<string> = new Set(['AuditEvent'])
const WRITE_ONCE_CODES: ReadonlySet<string> = new Set(['read', 'create', 'search-type'])

/** Whether resources of the type have this interaction. */
export function offers(type: string, { code, operation }: Interaction): boolean {
  if (operation) {
    const isOfType = operation.types?.includes(type) ?? true
    return isOfType && !(operation.affectsState && WRITE_ONCE.has(type))
  }
  return !WRITE_ONCE.has(type) || WRITE_ONCE_CODES.has(code)
}
