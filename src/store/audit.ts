/**
 * The audit trail's rows: one narrow row an access, of which the FHIR AuditEvent is a projection (src/audit).
 * Written by one statement, either alone (reads) or inside the transaction of the write that it tells of.
 */
import type { TenantId } from '../kernel/ids.ts'
import { auditTokens, tokenHashes } from './audit-tokens.ts'
import type { Statement } from './statement.ts'

/** One access: who did what to which resources, and how it ended. Identifiers only, no other patient data. */
export interface AuditRow {
  /** When, in epoch milliseconds. */
  readonly at: number
  readonly kind: 'rest' | 'token' | 'hl7' | 'query' | 'dicom' | 'admin'
  /** A FHIR interaction (`read`, `search-type` …), `token`, `message-received`, `c-store`, `client-revoke` … */
  readonly interaction: string
  /** https://hl7.org/fhir/R4/valueset-audit-event-action.html */
  readonly action: 'C' | 'R' | 'U' | 'D' | 'E'
  /** https://hl7.org/fhir/R4/valueset-audit-event-outcome.html */
  readonly outcome: 0 | 4 | 8 | 12
  readonly agent: AuditAgent
  readonly entities: readonly AuditEntity[]
  /** Ids of the Patients whose data it was. */
  readonly patients: readonly string[]
  /** The query string of a search, as received. */
  readonly query?: string
  /** `status`, `code` of a Failure, `request` id, `controlId` … */
  readonly detail?: Readonly<Record<string, string | number>>
}

export interface AuditAgent {
  /** Client id, AE title, `MSH-3|MSH-4`; a user as `Practitioner/123`. */
  readonly id: string
  readonly kind: 'client' | 'user' | 'device' | 'system'
  readonly address?: string
}

export interface AuditEntity {
  readonly type: string
  readonly id: string
  readonly version?: number
}

/** Makes single accesses durable. What src/audit implements and every edge depends on. */
export interface AuditRecorder {
  /** Resolves when the row is durable; rejects when it cannot be, and then the access must not be answered. */
  record(tenant: TenantId, row: AuditRow): Promise<void>
}

/**
 * Inserts all rows and what they are found by, for the tenant that the connection is bound to. About 12 µs a row.
 * The arrays go through unnest() side by side; a row's tokens are an array literal, so that no join is needed.
 */
export function auditStatement(accesses: readonly AuditRow[]): Statement {
  const rows = accesses.map(cleaned)
  return {
    name: 'audit-insert',
    text: INSERT,
    values: [
      rows.map((row) => Math.floor(row.at)),
      rows.map((row) => row.outcome),
      rows.map((row) => row.action),
      rows.map((row) => storable(row.kind, MAX_NAME)),
      rows.map((row) => storable(row.interaction, MAX_NAME)),
      rows.map((row) => row.agent.kind),
      rows.map((row) => row.agent.id),
      rows.map((row) => (row.agent.address === undefined ? null : storable(row.agent.address, MAX_NAME))),
      rows.map((row) => row.entities.map(entityName).join(' ')),
      rows.map((row) => row.patients.join(' ')),
      rows.map((row) => (row.query === undefined ? null : storable(row.query, MAX_QUERY))),
      rows.map((row) => (row.detail === undefined ? null : detailJson(row.detail))),
      rows.map(() => null),
      rows.map((row) => `{${tokenHashes(auditTokens(row)).join(',')}}`),
    ],
  }
}

/** The names that a row is found by, as they can be stored: what is stored must lead to the same tokens again. */
function cleaned(row: AuditRow): AuditRow {
  return {
    ...row,
    agent: { ...row.agent, id: storable(row.agent.id, MAX_NAME) },
    entities: row.entities.map(cleanEntity),
    patients: row.patients.map(spaceless),
  }
}

function cleanEntity({ type, id, version }: AuditEntity): AuditEntity {
  const name = { type: spaceless(type), id: spaceless(id) }
  return version === undefined ? name : { ...name, version }
}

/** An AuditEvent that a client sent. It is kept whole; the columns repeat what it is searched by. */
export interface SubmittedAuditEvent {
  readonly at: number
  readonly action: string
  readonly outcome: number
  readonly agent: string
  readonly entities: readonly AuditEntity[]
  readonly patients: readonly string[]
  /** See audit-tokens.ts. */
  readonly tokens: readonly string[]
  /** JSON text without resourceType and id. */
  readonly content: string
}

/** Inserts one; answers its id. */
export function submittedAuditStatement(event: SubmittedAuditEvent): Statement {
  return {
    name: 'audit-submit',
    text: `${INSERT} returning id`,
    values: [
      [Math.floor(event.at)],
      [event.outcome],
      [event.action],
      ['submitted'],
      ['submitted'],
      ['system'],
      [storable(event.agent, MAX_NAME)],
      [null],
      [event.entities.map(entityName).join(' ')],
      [event.patients.join(' ')],
      [null],
      [null],
      [event.content],
      [`{${tokenHashes(event.tokens).join(',')}}`],
    ],
  }
}

const INSERT = `
  with incoming as materialized (
    select (t.at << 20) | (nextval('audit_number') & 1048575) as id, t.*
    from unnest(
      $1::bigint[], $2::smallint[], $3::"char"[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
      $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[]
    ) as t (at, outcome, action, kind, interaction, agent_kind, agent, address,
            entities, patients, query, detail, content, tokens)
  ),
  clock as materialized (select pg_current_xact_id()::text::bigint + shift as turn from audit_clock),
  found_by as (
    insert into audit_token (tenant, hash, id)
    select current_tenant(), token, incoming.id from incoming, unnest(incoming.tokens::bigint[]) as token
  )
  insert into audit (tenant, outcome, action, id, turn, kind, interaction, agent_kind, agent, address,
                     entities, patients, query, detail, content)
  select current_tenant(), outcome, action, id, turn, kind, interaction, agent_kind, agent, address,
         entities, patients, query, detail::jsonb, content::jsonb
  from incoming, clock`

/** A name as it is stored. */
export function storableName(name: string): string {
  return storable(name, MAX_NAME)
}

/** Longer names come from junk in a request; the tokens are of the whole name. */
const MAX_NAME = 200
const MAX_QUERY = 65_536

function entityName({ type, id, version }: AuditEntity): string {
  return version === undefined ? `${type}/${id}` : `${type}/${id}/_history/${version}`
}

/** Names are joined by spaces, so they cannot hold any; an id that does is junk from a request. */
function spaceless(name: string): string {
  return /^[\x21-\x7e]{1,128}$/.test(name) ? name : name.slice(0, 128).replaceAll(/[^\x21-\x7e]/g, '?')
}

/** PostgreSQL refuses U+0000 and half surrogate pairs, and one bad row would take its whole group down. */
function storable(text: string, max: number): string {
  const short = text.length > max ? `${text.slice(0, max - 1)}…` : text
  return short.toWellFormed().replaceAll('\0', '\uFFFD')
}

function detailJson(detail: Readonly<Record<string, string | number>>): string {
  return JSON.stringify(detail, (_key, value: unknown) =>
    typeof value === 'string' ? storable(value, MAX_QUERY) : value,
  )
}
