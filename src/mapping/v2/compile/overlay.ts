/**
 * Overrides laid over the tables: a row with a known id takes that row's place, one with nothing but an id takes it out,
 * other rows are added. `after` says behind which row, where order counts (the first of the ids named that is there). A
 * file `messages/ADT_any.tsv` is laid over each table whose name begins so and that has what its rows speak of.
 */
import { parseTsv } from '../tsv.ts'
import type { Report } from './compile.ts'
import type { MappingFiles, Row } from './tables.ts'

type Tables = ReadonlyMap<string, readonly Row[]>

const ANY = 'any.tsv'

/** @param report gets what an override names and nobody has */
export function laidOver(base: Tables, layer: MappingFiles, report: Report): Map<string, readonly Row[]> {
  const all = new Map(base)
  for (const [file, text] of layer) {
    const { rows } = parseTsv(text)
    if (file.endsWith(ANY)) {
      const fitting = [...all.keys()].filter((name) => name.startsWith(file.slice(0, -ANY.length)))
      if (fitting.length === 0) report(file, '', 'there is no table of such a name')
      for (const name of fitting) {
        const present = all.get(name)!
        all.set(name, rowsOver(present, fittingRows(present, rows)))
      }
      continue
    }
    const present = all.get(file)
    if (present === undefined && !/^(segments|datatypes|messages|vocabulary)\//.test(file)) {
      report(file, '', 'there is no such table to override')
      continue
    }
    for (const row of rows) {
      if (anchorsOf(row).length > 0 && anchorIn(present ?? [], row) === undefined)
        report(file, idOf(row), `there is no row ${row['after']!} to stand after`)
    }
    all.set(file, rowsOver(present ?? [], rows))
  }
  return all
}

/** A row of many tables is left out of those without the row that it stands after, or a resource that it refers to. */
function fittingRows(base: readonly Row[], rows: readonly Row[]): readonly Row[] {
  const labels = new Set([...base, ...rows].map((row) => row['to'] ?? ''))
  const anchored = rows.filter((row) => anchorsOf(row).length === 0 || anchorIn(base, row) !== undefined)
  return anchored.filter((row) => labelsOf(row['references'] ?? '').every((label) => labels.has(label)))
}

/** `Encounter[2].partOf = Encounter[1]` → both labels. */
function labelsOf(references: string): string[] {
  return [...references.matchAll(/\b[A-Z]\w*(?:\[\w+\])?(?=\.|;|\s*$)/g)].map(([label]) => label)
}

function rowsOver(base: readonly Row[], over: readonly Row[]): Row[] {
  const replacing = new Map(over.map((row) => [idOf(row), row]))
  const rows = base.flatMap((row) => {
    const replacement = replacing.get(idOf(row))
    if (replacement === undefined) return [row]
    replacing.delete(idOf(row))
    return isBare(replacement) ? [] : [replacement]
  })
  const behind = new Map<string, Row>()
  for (const row of replacing.values()) {
    const anchor = anchorIn(rows, row)
    const last = anchor === undefined ? undefined : (behind.get(idOf(anchor)) ?? anchor)
    rows.splice(last === undefined ? rows.length : rows.indexOf(last) + 1, 0, row)
    if (anchor !== undefined) behind.set(idOf(anchor), row)
  }
  return rows
}

function anchorsOf(row: Row): string[] {
  return (row['after'] ?? '').split(' ').filter((id) => id !== '')
}

function anchorIn(rows: readonly Row[], row: Row): Row | undefined {
  for (const id of anchorsOf(row)) {
    const found = rows.find((each) => idOf(each) === id)
    if (found !== undefined) return found
  }
  return undefined
}

/** What a row is known by: its id, its code, its name, or the element that a default is for. */
function idOf(row: Row): string {
  return (
    row['row'] ?? row['code'] ?? row['event'] ?? row['name'] ?? `${row['type'] ?? ''}.${row['element'] ?? ''}`
  )
}

function isBare(row: Row): boolean {
  return Object.values(row).filter((cell) => cell !== '').length <= 1
}
