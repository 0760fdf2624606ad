/** All official tables → all tables of ours, with what became of each official row. */
import type { ElementTree } from '../../src/fhir/index.ts'
import { translateCodes } from './codes.ts'
import { ruleCorrections } from './corrections.ts'
import { translateMessage } from './messages.ts'
import type { OfficialTables } from './official.ts'
import { CODE_COLUMNS, MESSAGE_COLUMNS, RULE_COLUMNS, writeTsv, type Origin } from './rows.ts'
import { translateMap, type Outcome } from './translate.ts'

export type Kind = 'messages' | 'segments' | 'datatypes' | 'vocabulary'

export interface Fate {
  readonly kind: Kind
  readonly map: string
  /** What names the official row: `line 7: PID-8 gender`. */
  readonly official: string
  readonly outcome: Outcome<Record<string, string>>
}

export interface Table {
  readonly kind: Kind
  readonly map: string
  readonly columns: readonly string[]
  readonly rows: readonly Record<string, string>[]
}

export interface CarriedOver {
  readonly tables: readonly Table[]
  readonly fates: readonly Fate[]
}

export function carryOver(official: OfficialTables, tree: ElementTree): CarriedOver {
  const tables: Table[] = []
  const fates: Fate[] = []
  for (const kind of ['segments', 'datatypes'] as const) {
    for (const [map, rows] of official[kind]) {
      const translated = translateMap(
        { tree, tables: official, corrections: ruleCorrections },
        kind,
        map,
        rows,
      )
      const made = translated.flatMap(({ outcome }) => ('rule' in outcome ? [outcome.rule] : []))
      if (made.length > 0) tables.push(table(kind, map, RULE_COLUMNS, numbered(withoutTwins(made))))
      for (const { official: row, outcome } of translated) {
        fates.push({
          kind,
          map,
          official: `line ${row.line}: ${row.source} ${row.target}`,
          outcome: outcome as Fate['outcome'],
        })
      }
    }
  }
  const segmentMaps = new Set(tables.filter(({ kind }) => kind === 'segments').map(({ map }) => map))
  for (const [map, rows] of official.messages) {
    const { structure, rows: translated } = translateMessage({ tree, segmentMaps }, rows)
    tables.push(table('messages', map, MESSAGE_COLUMNS, numbered(structure)))
    for (const { official: row, outcome } of translated) {
      fates.push({
        kind: 'messages',
        map,
        official: `line ${row.line}: ${row.path} ${row.target}`,
        outcome: outcome as Fate['outcome'],
      })
    }
  }
  for (const [map, rows] of official.codesystems) {
    const translated = translateCodes(map, rows)
    const made = translated.flatMap(({ outcome }) => ('rule' in outcome ? [outcome.rule] : []))
    if (made.length > 0) tables.push(table('vocabulary', map, CODE_COLUMNS, made))
    for (const { official: row, outcome } of translated) {
      fates.push({
        kind: 'vocabulary',
        map,
        official: `line ${row.line}: ${row.code} ${row.target}`,
        outcome: outcome as Fate['outcome'],
      })
    }
  }
  return { tables, fates }
}

function table<Column extends string>(
  kind: Kind,
  map: string,
  columns: readonly Column[],
  rows: readonly Readonly<Record<Column, string>>[],
): Table {
  return { kind, map, columns, rows: rows.map((row) => ({ ...row })) }
}

/** Corrections may make two official rows one. */
function withoutTwins<Row extends { from: string; when: string; to: string; value: string }>(
  rows: readonly Row[],
): Row[] {
  const seen = new Set<string>()
  return rows.filter(({ from, when, to, value }) => {
    const key = [from, when, to, value].join('\t')
    return !seen.has(key) && seen.add(key)
  })
}

/** Gives each row its id: the v2 field, with a letter where there are several: `PID-13`, `PID-13b`. */
function numbered<Row extends { row: string }>(rows: readonly Row[]): Row[] {
  const counts = new Map<string, number>()
  return rows.map((row) => {
    const name = nameOf(row)
    const count = (counts.get(name) ?? 0) + 1
    counts.set(name, count)
    return { ...row, row: count === 1 ? name : `${name}${/\d$/.test(name) ? letters(count) : `.${count}`}` }
  })
}

function nameOf(row: { row: string; from?: string; path?: string }): string {
  return (row.from ?? row.path!.replace(/\/$/, '').split('/').at(-1)!).replace('[1]', '')
}

function letters(count: number): string {
  const at = count - 1
  return at < 26
    ? String.fromCharCode(97 + at)
    : `${String.fromCharCode(96 + Math.floor(at / 26))}${String.fromCharCode(97 + (at % 26))}`
}

/** `segments/PID.Patient.tsv` for `PID[Patient]`. */
export function fileOf(kind: Kind, map: string): string {
  return `${kind}/${map.replace('[', '.').replace(']', '').replaceAll('/', '')}.tsv`
}

/** The file's text: what is carried over, with our own rows of the present file after the rows that they stand behind. */
export function writeTable({ columns, rows }: Table, present: readonly Record<string, string>[]): string {
  const merged = rows.map((row) => ({ ...row }))
  const key = columns[0]!
  for (const [at, row] of present.entries()) {
    if (row['origin'] !== ('own' satisfies Origin)) continue
    const before = present[at - 1]?.[key]
    const place = before === undefined ? -1 : merged.findIndex((each) => each[key] === before)
    if (before !== undefined && place === -1) merged.push({ ...row })
    else merged.splice(place + 1, 0, { ...row })
  }
  return writeTsv(columns, merged)
}
