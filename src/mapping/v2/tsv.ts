/** Tab-separated tables: a row of column names, then a row a line. Cells hold no tabs and no line breaks. */

export interface TsvTable {
  readonly columns: readonly string[]
  readonly rows: readonly Record<string, string>[]
}

export function parseTsv(text: string): TsvTable {
  const [head = '', ...lines] = text.split('\n')
  const columns = head.split('\t')
  const rows = lines
    .filter((line) => line !== '')
    .map((line) => {
      const cells = line.split('\t')
      return Object.fromEntries(columns.map((column, at) => [column, cells[at] ?? '']))
    })
  return { columns, rows }
}
