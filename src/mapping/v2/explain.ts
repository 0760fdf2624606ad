/** For each element of what a message made: its value, the field it is from, and the rows of the tables that made it. */
import type { Json } from '../../kernel/json.ts'
import type { Program } from './program.ts'
import type { MappedResource } from './run/assemble.ts'
import { valueAtElement } from './run/trace.ts'

export interface ExplainedRow {
  /** Inside config/mapping: `segments/PID.Patient.tsv`; '' for what the engine itself writes. */
  readonly file: string
  readonly row: string
  /** The channel replaced or added the row. */
  readonly own: boolean
}

export interface ExplainedElement {
  /** `Patient/0b6…` */
  readonly resource: string
  /** `Patient.name[0].family` */
  readonly element: string
  readonly value: Json
  /** `PID-5[2].1`; '' where no field says it: a constant, a reference, a default. */
  readonly field: string
  /** Outermost first: the row of the segment, then those of its data types. */
  readonly rows: readonly ExplainedRow[]
}

/** What a message that was mapped with `trace` became, element by element. */
export function explainMapped(program: Program, resources: readonly MappedResource[]): ExplainedElement[] {
  return resources.flatMap(({ type, id, resource, trace }) =>
    trace.map(({ element, field, rows }) => ({
      resource: `${type}/${id}`,
      element,
      value: valueAtElement(resource, element) ?? null,
      field,
      rows: rows.map((row) => explainRow(program, row)),
    })),
  )
}

function explainRow({ files, ownRows }: Program, id: string): ExplainedRow {
  const cut = id.lastIndexOf(' ')
  const [table, row] = cut === -1 ? ['', id] : [id.slice(0, cut), id.slice(cut + 1)]
  return { file: files.get(table) ?? '', row, own: ownRows.has(id) }
}

/** The same for reading: a line for each element, in columns. */
export function printExplained(elements: readonly ExplainedElement[]): string {
  const byResource = Map.groupBy(elements, ({ resource }) => resource)
  return [...byResource].map(([resource, each]) => `${resource}\n${columns(each)}`).join('\n\n')
}

const MAX_VALUE = 48

function columns(elements: readonly ExplainedElement[]): string {
  const cells = elements.map(({ element, value, field, rows }) => [
    element.slice(element.indexOf('.') + 1),
    shortened(JSON.stringify(value)),
    field === '' ? '-' : field,
    rows.map(printRow).join(' > '),
  ])
  const widths = [0, 1, 2].map((at) => Math.max(...cells.map((row) => row[at]!.length)))
  return cells
    .map((row) => `  ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')}`.trimEnd())
    .join('\n')
}

function shortened(text: string): string {
  return text.length <= MAX_VALUE ? text : `${text.slice(0, MAX_VALUE - 1)}…`
}

function printRow({ file, row, own }: ExplainedRow): string {
  return `${file === '' ? row : `${file}#${row}`}${own ? ' (the channel’s)' : ''}`
}
