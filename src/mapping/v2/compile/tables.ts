/** The files of config/mapping as rows, with a channel's overrides laid over them. */
import { parseTsv } from '../tsv.ts'
import type { SwitchDeclaration } from '../program.ts'
import type { Report } from './compile.ts'
import { laidOver } from './overlay.ts'

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
  /** What every message does with its header, where its table has such a segment at the top. */
  readonly header: readonly Row[]
  /** Segment and data type tables. */
  readonly maps: readonly Table[]
  readonly vocabulary: readonly Table[]
  readonly events: ReadonlyMap<string, string>
  readonly codeSystems: ReadonlyMap<string, string>
  readonly switches: readonly SwitchDeclaration[]
  readonly defaults: readonly Row[]
  readonly required: readonly Row[]
  readonly dependent: readonly Row[]
  /** `MedicationRequest.dosageInstruction` */
  readonly shared: ReadonlySet<string>
  /** Table → its file. */
  readonly files: ReadonlyMap<string, string>
  /** `PID[Patient] PID-13b` of each row that overrides replaced or added. */
  readonly ownRows: ReadonlySet<string>
}

export function readTables(
  files: MappingFiles,
  overrides: readonly MappingFiles[] | undefined,
  report: Report,
): Tables {
  const base = new Map<string, readonly Row[]>()
  for (const [file, text] of files) if (file.endsWith('.tsv')) base.set(file, parseTsv(text).rows)
  let all = base
  for (const layer of overrides ?? []) all = laidOver(all, layer, report)
  const tablesIn = (folder: string): Table[] =>
    [...all]
      .filter(([file]) => file.startsWith(`${folder}/`))
      .map(([file, rows]) => ({ file, name: nameOf(file), rows }))
  const rowsOf = (file: string): readonly Row[] => all.get(file) ?? []
  return {
    messages: tablesIn('messages'),
    header: rowsOf('header.tsv'),
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
    shared: new Set(rowsOf('shared.tsv').map((row) => `${row['type']}.${row['element']}`)),
    files: new Map([...all.keys()].map((file) => [nameOf(file), file])),
    ownRows: new Set(
      [...all].flatMap(([file, rows]) =>
        rows
          .filter((row) => !(base.get(file)?.includes(row) ?? false))
          .map((row) => `${nameOf(file)} ${row['row'] ?? ''}`),
      ),
    ),
  }
}

/** `segments/PID.Patient.tsv` → `PID[Patient]`. */
function nameOf(file: string): string {
  const name = file.slice(file.indexOf('/') + 1, -'.tsv'.length)
  const dot = name.indexOf('.')
  return dot === -1 ? name : `${name.slice(0, dot)}[${name.slice(dot + 1)}]`
}
