/** A row of the audit trail as it is read. */
import type { AuditEntity } from './audit.ts'
import { sql } from './search/sql.ts'

/** A row as it was stored. `content` is set for an AuditEvent that a client sent, and is then the whole truth. */
export interface AuditRecord {
  readonly id: string
  readonly at: number
  readonly kind: string
  readonly interaction: string
  readonly action: string
  readonly outcome: number
  readonly agent: { readonly id: string; readonly kind: string; readonly address: string | undefined }
  readonly entities: readonly AuditEntity[]
  readonly patients: readonly string[]
  readonly query: string | undefined
  readonly detail: Readonly<Record<string, string | number>>
  readonly content: string | undefined
  /** When that came in, as an instant. */
  readonly received: string | undefined
}

export function isAuditId(id: string): boolean {
  return /^\d{1,19}$/.test(id) && BigInt(id) < 2n ** 63n
}

/** Of a row `a`. */
export const COLUMNS = sql`a.id, a.kind, a.interaction, a.action, a.outcome, a.agent, a.agent_kind, a.address, a.entities,
  a.patients, a.query, a.detail, a.content::text as content, a.content #>> '{meta,lastUpdated}' as received`

export interface Row {
  id: string
  kind: string
  interaction: string
  action: string
  outcome: number
  agent: string
  agent_kind: string
  address: string | null
  entities: string
  patients: string
  query: string | null
  detail: Record<string, string | number> | null
  content: string | null
  received: string | null
}

export function toRecord(row: Row): AuditRecord {
  return {
    id: row.id,
    at: Number(BigInt(row.id) >> 20n),
    kind: row.kind,
    interaction: row.interaction,
    action: row.action,
    outcome: row.outcome,
    agent: { id: row.agent, kind: row.agent_kind, address: row.address ?? undefined },
    entities: words(row.entities).map(toEntity),
    patients: words(row.patients),
    query: row.query ?? undefined,
    detail: row.detail ?? {},
    content: row.content ?? undefined,
    received: row.received ?? undefined,
  }
}

function toEntity(name: string): AuditEntity {
  const slash = name.indexOf('/')
  const [id, version] = name.slice(slash + 1).split('/_history/') as [string, string | undefined]
  return version === undefined
    ? { type: name.slice(0, slash), id }
    : { type: name.slice(0, slash), id, version: Number(version) }
}

function words(text: string): string[] {
  return text === '' ? [] : text.split(' ')
}
