/** The files of config/mapping as rows, with a channel's overrides laid over them. */
import { parseTsv } from '../tsv.ts'
import type { SwitchDeclaration } from '../program.ts'
import type { Report } from './compile.ts'

/** File name inside the folder, with slashes (`segments/PID.Patient.tsv`) → its text. */
export type MappingFiles = ReadonlyMap<string, string>

export type Row = Readonly<Record<string, string>>

export interface Table {
  readonly file: string
  /** `PID[Patient]`, `ORU_R01`, `AdministrativeSex`. */
  readonly name: string
  readonly rows: readonly Row[]
}

export interface Tables {
  readonly messages: readonly Table[]
  /** Segment and data type tables. */
  readonly maps: readonly Table[]
  readonly vocabulary: readonly Table[]
  readonly events: ReadonlyMap<string, string>
  readonly codeSystems: ReadonlyMap<string, string>
  readonly switches: readonly SwitchDeclaration[]
  readonly defaults: readonly Row[]
  readonly required: readonly Row[]
  readonly dependent: readonly Row[]
}

export function readTables(files: MappingFiles, overrides: MappingFiles | undefined, report: Report): Tables {
  const all = new Map<string, readonly Row[]>()
  for (const [file, text] of files) if (file.endsWith('.tsv')) all.set(file, parseTsv(text).rows)
  for (const [file, text] of overrides ?? []) {
    const base = all.get(file)
    if (base === undefined && !/^(segments|datatypes|messages|vocabulary)\//.test(file)) {
      report(file, '', 'there is no such table to override')
    } else all.set(file, laidOver(base ?? [], parseTsv(text).rows))
  }
  const tablesIn = (folder: string): Table[] =>
    [...all]
      .filter(([file]) => file.startsWith(`${folder}/`))
      .map(([file, rows]) => ({ file, name: nameOf(file), rows }))
  const rowsOf = (file: string): readonly Row[] => all.get(file) ?? []
  return {
    messages: tablesIn('messages'),
    maps: [...tablesIn('segments'), ...tablesIn('datatypes')],
    vocabulary: tablesIn('vocabulary'),
    events: new Map(rowsOf('events.tsv').map((row) => [row['event']!, row['structure']!])),
    codeSystems: new Map(rowsOf('codesystems.tsv').map((row) => [row['name']!, row['uri']!])),
    switches: rowsOf('switches.tsv').map((row) => {
      const values = row['values']!.split(' ')
      if (!values.includes(row['default']!))
        report('switches.tsv', row['name']!, 'the default is not among the values')
      return { name: row['name']!, values, value: row['default']! }
    }),
    defaults: rowsOf('defaults.tsv'),
    required: rowsOf('required.tsv'),
    dependent: rowsOf('dependent.tsv'),
  }
}

/** A row with the id of a base row replaces it; a row with nothing but an id takes it out; other rows are added. */
function laidOver(base: readonly Row[], over: readonly Row[]): Row[] {
  const idOf = (row: Row): string => row['row'] ?? row['code'] ?? row['event'] ?? row['name'] ?? ''
  const replacing = new Map(over.map((row) => [idOf(row), row]))
  const kept = base.flatMap((row) => {
    const replacement = replacing.get(idOf(row))
    if (replacement === undefined) return [row]
    replacing.delete(idOf(row))
    return isBare(replacement) ? [] : [replacement]
  })
  return [...kept, ...replacing.values()]
}

function isBare(row: Row): boolean {
  return Object.values(row).filter((cell) => cell !== '').length <= 1
}

/** `segments/PID.Patient.tsv` → `PID[Patient]`. */
function nameOf(file: string): string {
  const name = file.slice(file.indexOf('/') + 1, -'.tsv'.length)
  const dot = name.indexOf('.')
  return dot === -1 ? name : `${name.slice(0, dot)}[${name.slice(dot + 1)}]`
}
