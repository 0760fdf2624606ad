/** Our rows, as they stand in the TSV files of config/mapping. */

export type Origin = 'carried' | 'corrected' | 'own'

export interface RuleRow {
  row: string
  from: string
  when: string
  to: string
  type: string
  vocabulary: string
  value: string
  origin: Origin
}

export interface MessageTableRow {
  row: string
  path: string
  repeats: string
  when: string
  to: string
  map: string
  references: string
  origin: Origin
}

export const RULE_COLUMNS = ['row', 'from', 'when', 'to', 'type', 'vocabulary', 'value', 'origin'] as const
export const MESSAGE_COLUMNS = [
  'row',
  'path',
  'repeats',
  'when',
  'to',
  'map',
  'references',
  'origin',
] as const
export const CODE_COLUMNS = ['code', 'target', 'system', 'display', 'table', 'origin'] as const

export interface CodeTableRow {
  code: string
  target: string
  system: string
  display: string
  /** Number of the v2 table that the code is from. */
  table: string
  origin: Origin
}

export function writeTsv<Column extends string>(
  columns: readonly Column[],
  rows: readonly Readonly<Record<Column, string>>[],
): string {
  const lines = rows.map((row) => columns.map((column) => row[column]).join('\t'))
  return [columns.join('\t'), ...lines, ''].join('\n')
}
