/** From what a resource says (IndexEntries) to the rows by which it is found. */
import { type IndexEntries, normalise } from '../fhir/index.ts'
import type { TenantId } from '../kernel/ids.ts'
import { codeHash, orderHash, paramHash, referenceHash, tokenHash, uriHash } from './hash.ts'
import type { IndexRows, RowIndex, TokenMeaning } from './queries/write-resources.ts'

export interface ResourceIndex extends IndexRows {
  readonly meanings: readonly TokenMeaning[]
  readonly row: RowIndex
}

export const emptyIndex: ResourceIndex = {
  tokens: [],
  strings: [],
  dates: [],
  meanings: [],
  row: { patients: [], dates: [], strings: [] },
}

/** A btree entry holds at most a third of a page; the rest of a long string finds itself by its beginning. */
const MAX_STRING = 400

export function indexRows(tenant: TenantId, type: string, entries: IndexEntries): ResourceIndex {
  const tokens = new Set<string>()
  const meanings = new Map<string, TokenMeaning>()
  const mean = (hash: string, param: string, value: string) => {
    tokens.add(hash)
    meanings.set(hash, { hash, param: orderHash(tenant, type, param), value: cut(value) })
  }
  for (const { param, system, code } of entries.tokens) {
    if (OF_THE_ROW.has(param)) continue
    tokens.add(codeHash(type, param, code))
    // The pair carries the meaning, so that each value has one place in a sort.
    mean(tokenHash(type, param, system ?? '', code), param, spellToken(system, code))
  }
  for (const { param, target } of entries.references) mean(referenceHash(type, param, target), param, target)
  for (const { param, value } of entries.uris) mean(uriHash(type, param, value), param, value)
  const strings = distinct(
    entries.strings.map(({ param, value: written }) => ({
      param: paramHash(type, param),
      value: cut(normalise(written)),
      written,
    })),
  )
  const dates = distinct(
    entries.dates
      .filter(({ param }) => !OF_THE_ROW.has(param))
      .map(({ param, from, to }) => ({ param: paramHash(type, param), lo: epoch(from), hi: epoch(to) })),
  )
  return {
    tokens: [...tokens],
    strings: distinct(strings.map(({ param, value }) => ({ param, value }))),
    dates,
    meanings: [...meanings.values()],
    row: {
      patients: entries.compartments.patients,
      dates: dates.flatMap(({ param, lo, hi }) => [param, lo, hi]),
      strings: strings.flatMap(({ param, value, written }) => [param, value, written]),
    },
  }
}

/** What a resource has for a token, reference or uri parameter, spelled as its place in a sort. */
export function tokenMeanings(entries: IndexEntries, code: string): string[] {
  const tokens = entries.tokens.filter(({ param }) => param === code)
  const references = entries.references.filter(({ param }) => param === code)
  const uris = entries.uris.filter(({ param }) => param === code)
  return [
    ...tokens.map((token) => cut(spellToken(token.system, token.code))),
    ...references.map(({ target }) => cut(target)),
    ...uris.map(({ value }) => cut(value)),
  ]
}

/** Columns of the resource's row answer for these. */
const OF_THE_ROW: ReadonlySet<string> = new Set(['_id', '_lastUpdated'])

function spellToken(system: string | undefined, code: string): string {
  return system ? `${system}|${code}` : code
}

/** What has to be added and removed to come from one index to the other. */
export function indexDifference(
  before: IndexRows,
  after: IndexRows,
): { added: IndexRows; removed: IndexRows } {
  return { added: without(after, before), removed: without(before, after) }
}

const LEAST = '-9223372036854775808'
const GREATEST = '9223372036854775807'

/** Epoch milliseconds as a bigint; open ends are the least and the greatest. */
export function epoch(ms: number): string {
  if (ms === Infinity) return GREATEST
  if (ms === -Infinity) return LEAST
  return String(Math.trunc(ms))
}

/** The length to which strings are compared: a search cuts its value the same way. */
export function cut(value: string): string {
  return value.length > MAX_STRING ? value.slice(0, MAX_STRING).toWellFormed() : value
}

function distinct<Row extends object>(rows: readonly Row[]): Row[] {
  return [...new Map(rows.map((row) => [keyOf(row), row])).values()]
}

function without(rows: IndexRows, other: IndexRows): IndexRows {
  const tokens = new Set(other.tokens)
  const strings = new Set(other.strings.map(keyOf))
  const dates = new Set(other.dates.map(keyOf))
  return {
    tokens: rows.tokens.filter((hash) => !tokens.has(hash)),
    strings: rows.strings.filter((row) => !strings.has(keyOf(row))),
    dates: rows.dates.filter((row) => !dates.has(keyOf(row))),
  }
}

function keyOf(row: object): string {
  return Object.values(row).join('\u0000')
}
