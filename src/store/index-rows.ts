/** From what a resource says (IndexEntries) to the rows by which it is found. */
import { type IndexEntries, normalise, type ValueEntries } from '../fhir/index.ts'
import type { TenantId } from '../kernel/ids.ts'
import {
  codeHash,
  longHash,
  orderHash,
  paramHash,
  presentHash,
  referenceHash,
  tokenHash,
  uriHash,
} from './hash.ts'
import { dateRange, isLong, numberRange, type Range, unitRanges } from './index-ranges.ts'
import { NOT_ALONE, tupleRows } from './index-tuples.ts'
import type { IndexRows, RowIndex, TokenMeaning } from './queries/write-resources.ts'

export interface ResourceIndex extends IndexRows {
  readonly meanings: readonly TokenMeaning[]
  readonly row: RowIndex
}

export const emptyIndex: ResourceIndex = {
  tokens: [],
  strings: [],
  ranges: [],
  meanings: [],
  row: { patients: [], ranges: [], strings: [], present: [] },
}

/** A btree entry holds at most a third of a page; the rest of a long string finds itself by its beginning. */
const MAX_STRING = 400

export function indexRows(tenant: TenantId, type: string, entries: IndexEntries): ResourceIndex {
  const { tokens, meanings } = tokenRows(tenant, type, entries)
  const strings = entries.strings.map(({ param, value: written }) => ({
    param: paramHash(type, param),
    value: cut(normalise(written)),
    written,
  }))
  const { found, tested } = rangeRows(type, entries)
  const tuples = tupleRows(type, entries.composites)
  const rowStrings = distinct([...strings, ...tuples.strings])
  return {
    tokens: [...tokens],
    strings: distinct(strings.map(({ param, value }) => ({ param, value }))),
    ranges: distinct([
      ...found,
      ...found.filter(isLong).map((range) => ({ ...range, param: longHash(range.param) })),
    ]),
    meanings: [...meanings.values()],
    row: {
      patients: entries.compartments.patients,
      ranges: distinct([...found, ...tested, ...tuples.ranges]).flatMap(({ param, lo, hi }) => [
        param,
        lo,
        hi,
      ]),
      strings: rowStrings.flatMap(({ param, value, written }) => [param, value, written]),
      present: presentParams(entries),
    },
  }
}

function tokenRows(tenant: TenantId, type: string, entries: ValueEntries) {
  const tokens = new Set<string>()
  const meanings = new Map<string, TokenMeaning>()
  const mean = (hash: string, param: string, value: string) => {
    tokens.add(hash)
    meanings.set(hash, { hash, param: orderHash(tenant, type, param), value: cut(value) })
  }
  for (const { param, system, code } of entries.tokens) {
    if (OF_THE_ROW.has(param)) continue
    if (param.endsWith(OF_TYPE)) {
      tokens.add(tokenHash(type, param, system ?? '', code))
      continue
    }
    tokens.add(codeHash(type, param, code))
    // The pair carries the meaning, so that each value has one place in a sort.
    mean(tokenHash(type, param, system ?? '', code), param, spellToken(system, code))
  }
  for (const { param, target } of entries.references) mean(referenceHash(type, param, target), param, target)
  for (const { param, value } of entries.uris) mean(uriHash(type, param, value), param, value)
  return { tokens, meanings }
}

const OF_TYPE = ':of-type'

/** `found`: what a search can begin with. `tested`: what is only asked of a row that something else has found. */
function rangeRows(type: string, entries: ValueEntries): { found: Range[]; tested: Range[] } {
  const found: Range[] = []
  const tested: Range[] = []
  for (const { param, from, to } of entries.dates) {
    if (!OF_THE_ROW.has(param)) found.push({ param: paramHash(type, param), ...dateRange(from, to) })
  }
  for (const entry of entries.numbers)
    found.push({ param: paramHash(type, entry.param), ...numberRange(entry) })
  for (const entry of entries.quantities) {
    found.push({ param: paramHash(type, entry.param), ...numberRange(entry) })
    const units = unitRanges(type, entry)
    found.push(...units.found)
    tested.push(...units.tested)
  }
  for (const { param, latitude } of entries.positions) {
    const degrees = String(latitude)
    found.push({ param: paramHash(type, param), ...numberRange({ param, low: degrees, high: degrees }) })
  }
  return { found, tested }
}

/** Of the parameters that have a value, and of the composites whose bases are several. */
function presentParams(entries: IndexEntries): number[] {
  const codes = new Set<string>()
  const lists: readonly (readonly { readonly param: string }[])[] = [
    entries.tokens,
    entries.references,
    entries.strings,
    entries.uris,
    entries.dates,
    entries.numbers,
    entries.quantities,
    entries.positions,
    entries.composites,
  ]
  for (const list of lists) for (const { param } of list) codes.add(bare(param))
  for (const { param, bases } of entries.composites) if (bases > 1) codes.add(`${param}${NOT_ALONE}`)
  return [...codes].filter((code) => !OF_THE_ROW.has(code)).map(presentHash)
}

/** `subject` of `subject:identifier`. */
function bare(param: string): string {
  const colon = param.indexOf(':')
  return colon < 0 ? param : param.slice(0, colon)
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
  const ranges = new Set(other.ranges.map(keyOf))
  return {
    tokens: rows.tokens.filter((hash) => !tokens.has(hash)),
    strings: rows.strings.filter((row) => !strings.has(keyOf(row))),
    ranges: rows.ranges.filter((row) => !ranges.has(keyOf(row))),
  }
}

function keyOf(row: object): string {
  return Object.values(row).join('\u0000')
}
