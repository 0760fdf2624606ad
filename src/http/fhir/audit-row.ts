/** The audit row of an interaction: who, what, on whose data, with what result. */
import type { Clock } from '../../kernel/clock.ts'
import type { AuditRow, Outcome } from '../../store/index.ts'
import type { Caller, FhirRequest, Interaction, Seen } from './interaction.ts'

/** @param what its `code` of a failure is the Failure's, never text */
export function auditRow(
  clock: Clock,
  interaction: Pick<Interaction, 'action' | 'operation'> & { readonly code: string },
  { agent, requestId }: Pick<Caller, 'agent' | 'requestId'>,
  what: { readonly status: number; readonly seen: Seen; readonly query?: string; readonly failure?: string },
): AuditRow {
  const { status, seen, query, failure } = what
  return {
    at: clock.now(),
    kind: 'rest',
    interaction: interaction.code,
    action: interaction.action,
    outcome: status < 400 ? 0 : status < 500 ? 4 : 8,
    agent,
    entities: seen.entities,
    patients: seen.patients,
    ...(query !== undefined && query !== '' && { query }),
    detail: {
      status,
      request: requestId,
      ...(interaction.operation && { operation: `$${interaction.operation.name}` }),
      ...(failure !== undefined && { code: failure }),
    },
  }
}

/** What was searched for: by the query, or by the condition of a create. */
export function criteriaIn({ query, conditions }: FhirRequest): string {
  return conditions.ifNoneExist ?? query
}

/** The row of a write that succeeds, for the write's own transaction. */
export function writeRow(
  { clock }: { readonly clock: Clock },
  interaction: Interaction,
  request: FhirRequest,
  outcome: Outcome,
  status: number,
): AuditRow {
  return auditRow(clock, interaction, request.caller, {
    status,
    seen: seenIn([outcome]),
    query: criteriaIn(request),
  })
}

export function seenIn(outcomes: readonly Outcome[]): Seen {
  return {
    entities: outcomes.map(({ type, id, version }) => (version === 0 ? { type, id } : { type, id, version })),
    patients:
      outcomes.length === 1 ? outcomes[0]!.patients : [...new Set(outcomes.flatMap((o) => o.patients))],
  }
}
