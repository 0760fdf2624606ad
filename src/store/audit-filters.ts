/** What a search of the audit trail asks for, and each part of it as tokens to walk and checks to make. */
import {
  actionToken,
  agentToken,
  auditHash,
  entityToken,
  interactionToken,
  kindToken,
  outcomeToken,
  subtypeToken,
  typeToken,
} from './audit-tokens.ts'
import { isAuditId } from './audit-record.ts'
import { join, sql, type Sql } from './search/sql.ts'

/** Epoch milliseconds, `from` included, `to` excluded; may be infinite. */
export interface TimeRange {
  readonly from: number
  readonly to: number
}

/** All filters of a query must hold; within one filter, one of its values. */
export type AuditFilter =
  | { readonly on: 'time'; readonly ranges: readonly TimeRange[] }
  | { readonly on: 'updated'; readonly ranges: readonly TimeRange[] }
  | { readonly on: 'id'; readonly ids: readonly string[] }
  | { readonly on: 'agent'; readonly names: readonly string[] }
  | { readonly on: 'entity'; readonly refs: readonly { readonly type?: string; readonly id: string }[] }
  | { readonly on: 'action'; readonly codes: readonly string[] }
  | { readonly on: 'outcome'; readonly codes: readonly number[] }
  /** Own rows by kind or interaction; AuditEvents that clients sent by the coding itself. */
  | {
      readonly on: 'type' | 'subtype'
      readonly own: readonly string[]
      readonly codings: readonly { readonly system?: string; readonly code?: string }[]
    }

export interface CompiledFilter {
  /** Hashes: every row that fits has one of them. */
  readonly tokens?: readonly string[] | undefined
  /** What still has to be looked at in the row. */
  readonly check?: Sql
  /** The filter of the lowest rank is walked: likely the rarest. */
  readonly rank: number
}

export function compileFilter(filter: AuditFilter): CompiledFilter {
  switch (filter.on) {
    case 'time':
      return filter.ranges.length === 1
        ? { rank: 9 }
        : { rank: 9, check: anyOf(filter.ranges.map(withinTime)) }
    case 'updated':
      return { rank: 9, check: anyOf(filter.ranges.map(withinUpdated)) }
    case 'id':
      return { rank: 9, check: sql`a.id = any(${filter.ids.filter(isAuditId)}::bigint[])` }
    case 'entity':
      return { rank: 1, ...compileEntities(filter.refs) }
    case 'agent':
      return { rank: 3, tokens: filter.names.map(agentToken).map(auditHash) }
    case 'action':
      return {
        rank: 2,
        tokens: allTokens(filter.codes.map(actionToken)),
        check: sql`a.action = any(${filter.codes}::"char"[])`,
      }
    case 'outcome':
      return {
        rank: 2,
        tokens: allTokens(filter.codes.map(outcomeToken)),
        check: sql`a.outcome = any(${filter.codes}::smallint[])`,
      }
    case 'type':
    case 'subtype':
      return { rank: 2, ...compileEvent(filter) }
  }
}

function compileEntities(
  refs: readonly { readonly type?: string; readonly id: string }[],
): Omit<CompiledFilter, 'rank'> {
  const tokens = [...new Set(refs.map(({ id }) => auditHash(entityToken(id))))]
  const checks = refs.map(({ type, id }) => {
    if (type === undefined) return hasToken([auditHash(entityToken(id))])
    const named = sql`' ' || a.entities || ' ' like ${`% ${likeText(`${type}/${id}`)} %`}
      or a.entities || ' ' like ${`%${likeText(`${type}/${id}/_history/`)}%`}`
    return type === 'Patient'
      ? sql`(${named} or ' ' || a.patients || ' ' like ${`% ${likeText(id)} %`})`
      : sql`(${named})`
  })
  return refs.every(({ type }) => type === undefined) ? { tokens } : { tokens, check: anyOf(checks) }
}

function compileEvent(
  filter: Extract<AuditFilter, { on: 'type' | 'subtype' }>,
): Omit<CompiledFilter, 'rank'> {
  const { on, own, codings } = filter
  const [column, ownToken, sentToken] =
    on === 'type' ? [sql`a.kind`, kindToken, typeToken] : [sql`a.interaction`, interactionToken, subtypeToken]
  const sent = codings.map((coding) => {
    const wanted = JSON.stringify(on === 'type' ? { type: coding } : { subtype: [coding] })
    return sql`a.content @> ${wanted}::jsonb`
  })
  const tokens = [
    ...own.map(ownToken),
    ...codings.map(({ code }) => (code === undefined ? undefined : sentToken(code))),
  ]
  return { tokens: allTokens(tokens), check: anyOf([sql`${column} = any(${own}::text[])`, ...sent]) }
}

/** Undefined as soon as one value has no token: then its rows are found only by walking. */
function allTokens(tokens: readonly (string | undefined)[]): string[] | undefined {
  const known = tokens.filter((token) => token !== undefined)
  return known.length === tokens.length && known.length > 0 ? [...new Set(known)].map(auditHash) : undefined
}

function anyOf(checks: readonly Sql[]): Sql {
  return sql`(${join(checks, ' or ', sql`false`)})`
}

function withinTime({ from, to }: TimeRange): Sql {
  return sql`(a.id >= ${idAt(from).toString()}::bigint and a.id < ${idAt(to).toString()}::bigint)`
}

/** Our rows never change after their recording; an AuditEvent that a client sent came in later than it says. */
function withinUpdated(range: TimeRange): Sql {
  return sql`case when a.content is null then ${withinTime(range)}
    else a.content #>> '{meta,lastUpdated}' >= ${instantAt(range.from)}
     and a.content #>> '{meta,lastUpdated}' < ${instantAt(range.to)} end`
}

function instantAt(epochMs: number): string {
  return new Date(Math.min(Math.max(epochMs, 0), MAX_MS)).toISOString()
}

function likeText(text: string): string {
  return text.replaceAll(/[\\%_]/g, String.raw`\$&`)
}

/**
 * Whether the row `id` has one of the tokens: true or null. Not EXISTS, which the planner may turn into a join that reads
 * all rows of the token; a subquery with a limit stays one index probe a row.
 */
export function hasToken(hashes: readonly string[], id: Sql = sql`a.id`): Sql {
  return sql`(select true from audit_token t
    where t.tenant = current_tenant() and t.hash = any(${hashes}::bigint[]) and t.id = ${id} limit 1)`
}

const MAX_MS = 2 ** 43 - 1

/** The lowest id that a row of this moment can have. */
export function idAt(epochMs: number): bigint {
  return BigInt(Math.ceil(Math.min(Math.max(epochMs, 0), MAX_MS))) << 20n
}
