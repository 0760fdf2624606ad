/** The audit rows of a transaction: each access is in one; those alike share a row. */
import type { Clock } from '../../kernel/clock.ts'
import type { AuditRow } from '../../store/index.ts'
import { auditRow } from './audit-row.ts'
import type { Caller, Interaction } from './interaction.ts'

/** One resource that the transaction touched, and how. */
export interface Touched {
  readonly interaction: Pick<Interaction, 'code' | 'action'>
  readonly status: number
  readonly entity: AuditRow['entities'][number]
  readonly patients: readonly string[]
  /** Criteria of a conditional create. */
  readonly query?: string | undefined
}

/** Alike: the same interaction with the same result on data of the same patients. */
export function transactionRows(clock: Clock, caller: Caller, touched: readonly Touched[]): AuditRow[] {
  const alike = Map.groupBy(touched, ({ interaction, status, patients, query = '' }) =>
    [interaction.code, status, patients.join(' '), query].join('\n'),
  )
  return [...alike.values()].map((group) => {
    const { interaction, status, patients, query } = group[0]!
    const seen = { entities: group.map(({ entity }) => entity), patients }
    return auditRow(clock, interaction, caller, { status, seen, ...(query !== undefined && { query }) })
  })
}
