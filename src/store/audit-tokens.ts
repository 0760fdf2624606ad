/**
 * What an audit row is found by besides its time. A frequent value (a read, a success) has no token: walking the rows
 * newest first meets it soon. A rare one has, so that "all refused accesses" does not walk through years.
 */
import type { AuditEntity } from './audit.ts'
import { hash64 } from './hash.ts'

/** So frequent somewhere that a token each would only cost. */
const FREQUENT_KINDS: ReadonlySet<string> = new Set(['rest', 'hl7', 'dicom'])
const FREQUENT_INTERACTIONS: ReadonlySet<string> = new Set([
  'read',
  'search-type',
  'create',
  'update',
  'transaction',
  'batch',
  'message-received',
  'c-store',
])

/** By its id alone, whatever its type: ids hardly repeat, and a search may name the id only. */
export const entityToken = (id: string): string => `entity ${id}`
export const agentToken = (name: string): string => `agent ${name}`
/** Undefined for what is too frequent to have a token. */
export const outcomeToken = (outcome: number): string | undefined =>
  outcome === 0 ? undefined : `outcome ${outcome}`
export const actionToken = (action: string): string | undefined => (action === 'D' ? 'action D' : undefined)
export const kindToken = (kind: string): string | undefined =>
  FREQUENT_KINDS.has(kind) ? undefined : `kind ${kind}`
export const interactionToken = (interaction: string): string | undefined =>
  FREQUENT_INTERACTIONS.has(interaction) ? undefined : `interaction ${interaction}`
/** Of an AuditEvent that a client sent: the codes of its type and subtypes. */
export const typeToken = (code: string): string => `type ${code}`
export const subtypeToken = (code: string): string => `subtype ${code}`

/** Of a row that is to be written, or was read. */
export interface FindableRow {
  readonly kind: string
  readonly interaction: string
  readonly action: string
  readonly outcome: number
  readonly agent: { readonly id: string }
  readonly entities: readonly AuditEntity[]
  readonly patients: readonly string[]
}

/** All tokens of a row. A Patient is an entity of each access to its data. */
export function auditTokens(row: FindableRow): string[] {
  return [
    ...agentNames(row.agent.id).map(agentToken),
    ...entityTokens(row.entities, row.patients),
    outcomeToken(row.outcome),
    actionToken(row.action),
    kindToken(row.kind),
    interactionToken(row.interaction),
  ].filter((token) => token !== undefined)
}

export function entityTokens(entities: readonly AuditEntity[], patients: readonly string[]): string[] {
  return [...entities.map(({ id }) => id), ...patients].map(entityToken)
}

/** A user's agent id is a reference (`Practitioner/123`) and is also found by its last part. */
export function agentNames(id: string): string[] {
  const reference = /^[A-Z][A-Za-z]+\/([A-Za-z0-9.-]{1,64})$/.exec(id)
  return reference === null ? [id] : [id, reference[1]!]
}

/** Each hash once: a row may name the same resource twice. */
export function tokenHashes(tokens: readonly string[]): string[] {
  return [...new Set(tokens)].map(auditHash)
}

export function auditHash(token: string): string {
  return hash64(`audit ${token}`)
}
