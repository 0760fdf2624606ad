/** From what a resource says (IndexEntries) to the rows by which it is found. */
import { type IndexEntries, normalise } from '../fhir/index.ts'
import { toInstant } from '../kernel/clock.ts'
import { codeHash, paramHash, referenceHash, tokenHash, uriHash } from './hash.ts'
import type { IndexRows, TokenMeaning } from './queries/write-resources.ts'

export interface ResourceIndex extends IndexRows {
  readonly meanings: readonly TokenMeaning[]
}

export const emptyIndex: ResourceIndex = { tokens: [], strings: [], dates: [], meanings: [] }

/** A btree entry holds at most a third of a page; the rest of a long string finds itself by its beginning. */
const MAX_STRING = 400

export function indexRows(type: string, entries: IndexEntries): ResourceIndex {
  const tokens = new Set<string>()
  const meanings = new Map<string, TokenMeaning>()
  const mean = (hash: string, param: string, value: string) => {
    tokens.add(hash)
    meanings.set(hash, { hash, param: paramHash(type, param), value: cut(value) })
  }
  for (const { param, system, code } of entries.tokens) {
    tokens.add(codeHash(type, param, code))
    // The pair carries the meaning, so that each value has one place in a sort.
    mean(tokenHash(type, param, system ?? '', code), param, system ? `${system}|${code}` : code)
  }
  for (const { param, target } of entries.references) mean(referenceHash(type, param, target), param, target)
  for (const { param, value } of entries.uris) mean(uriHash(type, param, value), param, value)
  return {
    tokens: [...tokens],
    strings: distinct(entries.strings.map(({ param, value }) => stringRow(type, param, value))),
    dates: distinct(
      entries.dates.map(({ param, from, to }) => ({
        param: paramHash(type, param),
        lo: timestamp(from),
        hi: timestamp(to),
      })),
    ),
    meanings: [...meanings.values()],
  }
}

/** What has to be added and removed to come from one index to the other. */
export function indexDifference(before: IndexRows, after: IndexRows): { added: IndexRows; removed: IndexRows } {
  return { added: without(after, before), removed: without(before, after) }
}

/** Epoch milliseconds as PostgreSQL's timestamptz; open ends are infinite. */
export function timestamp(epochMs: number): string {
  if (epochMs === Infinity) return 'infinity'
  if (epochMs === -Infinity) return '-infinity'
  return toInstant(epochMs)
}

/** The length to which strings are compared: a search cuts its value the same way. */
export function cut(value: string): string {
  return value.length > MAX_STRING ? value.slice(0, MAX_STRING).toWellFormed() : value
}

function stringRow(type: string, param: string, written: string) {
  const value = cut(normalise(written))
  return { param: paramHash(type, param), value, exact: written === value ? null : written }
}

/** One row for each key; two spellings of one normalised string keep the first. */
function distinct<Row extends object>(rows: readonly Row[]): Row[] {
  const byKey = new Map<string, Row>()
  for (const row of rows) {
    const key = keyOf(row)
    if (!byKey.has(key)) byKey.set(key, row)
  }
  return [...byKey.values()]
}

function without(rows: IndexRows, other: IndexRows): IndexRows {
  const tokens = new Set(other.tokens)
  const strings = new Set(other.strings.map((row) => JSON.stringify(row)))
  const dates = new Set(other.dates.map(keyOf))
  return {
    tokens: rows.tokens.filter((hash) => !tokens.has(hash)),
    strings: rows.strings.filter((row) => !strings.has(JSON.stringify(row))),
    dates: rows.dates.filter((row) => !dates.has(keyOf(row))),
  }
}

/** The primary key's columns: all but `exact`. */
function keyOf(row: object): string {
  return Object.entries(row)
    .filter(([name]) => name !== 'exact')
    .map(([, value]) => value)
    .join('\u0000')
}
