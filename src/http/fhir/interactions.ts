/** The interactions that this server has. What isn't here is not claimed, routed or documented. */
import { makeCapabilities } from './capabilities.ts'
import { create } from './create.ts'
import { deleteInteraction } from './delete.ts'
import { historyInstance } from './history-instance.ts'
import type { Interaction } from './interaction.ts'
import { read } from './read.ts'
import { searchType } from './search-type.ts'
import { update } from './update.ts'
import { vread } from './vread.ts'

export function makeInteractions(): readonly Interaction[] {
  return [makeCapabilities(), read, vread, create, update, deleteInteraction, historyInstance, searchType]
}

/** Types that only the server writes: once made, never changed. https://hl7.org/fhir/R4/auditevent.html */
const WRITE_ONCE: ReadonlySet<string> = new Set(['AuditEvent'])
const WRITE_ONCE_CODES: ReadonlySet<string> = new Set(['read', 'create', 'search-type'])

/** Whether resources of the type have this interaction. */
export function offers(type: string, { code }: Interaction): boolean {
  return !WRITE_ONCE.has(type) || WRITE_ONCE_CODES.has(code)
}
