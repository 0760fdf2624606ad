/**
 * Reads HL7's official v2-to-FHIR tables as rows. They are CSV with two header rows; their columns differ a little from
 * file to file, so columns are found by title. What they are: https://github.com/HL7/v2-to-fhir, folder `mappings`.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export type OfficialKind = 'messages' | 'segments' | 'datatypes' | 'codesystems'

/** One row of a segment or data type table. */
export interface OfficialRule {
  readonly map: string
  /** Line in the file, from 1. */
  readonly line: number
  readonly sort: string
  readonly source: string
  readonly v2Type: string
  readonly repeats: boolean
  readonly condition: string
  readonly narrative: string
  readonly target: string
  readonly typeMap: string
  readonly vocabulary: string
  readonly assignment: string
}

export interface OfficialMessageRow {
  readonly map: string
  readonly line: number
  readonly sort: string
  readonly path: string
  readonly syntax: string
  readonly min: string
  readonly max: string
  readonly condition: string
  readonly narrative: string
  readonly target: string
  readonly segmentMap: string
  readonly references: string
}

export interface OfficialCode {
  readonly map: string
  readonly line: number
  readonly code: string
  readonly table: string
  readonly condition: string
  readonly target: string
  readonly display: string
  readonly system: string
}

export interface OfficialTables {
  readonly messages: ReadonlyMap<string, readonly OfficialMessageRow[]>
  readonly segments: ReadonlyMap<string, readonly OfficialRule[]>
  readonly datatypes: ReadonlyMap<string, readonly OfficialRule[]>
  readonly codesystems: ReadonlyMap<string, readonly OfficialCode[]>
}

/** @throws Error when the folder does not hold the tables */
export function readOfficialTables(folder: string): OfficialTables {
  return {
    messages: readKind(folder, 'messages', messageRow),
    segments: readKind(folder, 'segments', ruleRow),
    datatypes: readKind(folder, 'datatypes', ruleRow),
    codesystems: readKind(folder, 'codesystems', codeRow),
  }
}

interface Line {
  readonly map: string
  readonly line: number
  readonly cells: readonly string[]
  /** Position of the first column with this title, after `from`. */
  column(title: RegExp, from?: number): number
}

function readKind<Row>(
  folder: string,
  kind: OfficialKind,
  make: (line: Line) => Row,
): Map<string, readonly Row[]> {
  let names: string[]
  try {
    names = readdirSync(join(folder, kind)).filter((name) => name.endsWith('.csv'))
  } catch {
    throw new Error(`${folder} does not hold HL7's v2-to-FHIR tables: no folder "${kind}" in it`)
  }
  return new Map(
    names.toSorted().map((name) => {
      const map = mapName(name)
      return [map, readLines(map, readFileSync(join(folder, kind, name), 'utf8')).map(make)]
    }),
  )
}

/** `HL7 Segment - FHIR R4_ PID[Patient] - PID.csv` → `PID[Patient]`. */
function mapName(file: string): string {
  return file.replace(/^HL7 .*?_ /, '').replace(/ - [^-]*\.csv$/, '')
}

function readLines(map: string, text: string): Line[] {
  const [, titles = [], ...rows] = parseCsv(text)
  const column = (title: RegExp, from = 0): number =>
    titles.findIndex((each, at) => at >= from && title.test(each.trim()))
  return rows.map((cells, at) => ({ map, line: at + 3, cells: cells.map((cell) => cell.trim()), column }))
}

function ruleRow({ map, line, cells, column }: Line): OfficialRule {
  const cell = (at: number): string => (at < 0 ? '' : (cells[at] ?? ''))
  const target = column(/^FHIR Attribute/)
  return {
    map,
    line,
    sort: cell(0),
    source: cell(1),
    v2Type: cell(3),
    repeats: cell(5) === '-1',
    condition: cell(column(/ANTLR/)),
    narrative: cell(column(/^Narrative$/)),
    target: cell(target),
    typeMap: cell(column(/^Data Type Mapping/)),
    vocabulary: cell(column(/^Vocabulary Mapping/)),
    assignment: cell(column(/^Assignment/)),
  }
}

function messageRow({ map, line, cells, column }: Line): OfficialMessageRow {
  const cell = (at: number): string => (at < 0 ? '' : (cells[at] ?? ''))
  return {
    map,
    line,
    sort: cell(0),
    path: cell(1),
    syntax: cell(2),
    min: cell(4),
    max: cell(5),
    condition: cell(column(/ANTLR/)),
    narrative: cell(column(/^Narrative$/)),
    target: cell(column(/^Primary Target/)),
    segmentMap: cell(column(/^Segment Map/)),
    references: cell(column(/^References/)),
  }
}

function codeRow({ map, line, cells, column }: Line): OfficialCode {
  const cell = (at: number): string => (at < 0 ? '' : (cells[at] ?? ''))
  const target = column(/^Code$/, 1)
  return {
    map,
    line,
    code: cell(0),
    table: cell(2),
    condition: cell(column(/^Computable/)),
    target: cell(target),
    display: cell(column(/^Display$/)),
    system: cell(column(/^Code System$/, target)),
  }
}

/** RFC 4180. */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y
  const body = text.replace(/^\uFEFF/, '')
  while (field.lastIndex < body.length) {
    const found = field.exec(body)
    if (!found) throw new Error(`broken CSV near character ${field.lastIndex}`)
    row.push(found[1]?.replaceAll('""', '"') ?? found[2]!)
    if (found[3] !== ',') {
      rows.push(row)
      row = []
    }
    if (found[3] === '') break
  }
  // A last line that ends with a comma and no line break.
  if (row.length > 0) rows.push([...row, ''])
  return rows
}
