/** From what a resource says (IndexEntries) to the rows by which it is found. */
import { type IndexEntries, normalise, type ValueEntries, valueLists } from '../fhir/index.ts'
import type { TenantId } from '../kernel/ids.ts'
import { cut } from './cut.ts'
import {
  longHash,
  orderHash,
  paramHash,
  presentHash,
  referenceHash,
  systemHash,
  tokenHash,
  uriHash,
} from './hash.ts'
import { dateRange, epoch, isLong, numberRange, type Range, unitRanges } from './index-ranges.ts'
import { leadingOf } from './leading.ts'
import { spellMeaning } from './token-meaning.ts'
import { NOT_ALONE, tupleRows } from './index-tuples.ts'
import type { IndexRows, RowIndex, TokenMeaning } from './queries/write-resources.ts'

export interface ResourceIndex extends IndexRows {
  readonly meanings: readonly TokenMeaning[]
  readonly row: RowIndex
}

export const emptyIndex: ResourceIndex = {
  tokens: [],
  dated: [],
  strings: [],
  ranges: [],
  meanings: [],
  row: { patients: [], ranges: [], strings: [], present: [] },
}

/** Codes of the parameters whose values others of the type have in the index. */
export type Shared = Pick<ReadonlySet<string>, 'has'>

export function indexRows(
  tenant: TenantId,
  type: string,
  entries: IndexEntries,
  shared: Shared,
): ResourceIndex {
  const { tokens, meanings, dated } = tokenRows(tenant, type, entries, shared)
  const strings = entries.strings
    .filter(({ param }) => !shared.has(param))
    .map(({ param, value: written, part }) => ({
      param: paramHash(type, param),
      value: cut(normalise(written)),
      // Of a later word: nothing, since it is not what is written.
      written: part ? '' : written,
    }))
  const { found, tested } = rangeRows(type, entries, shared)
  const tuples = tupleRows(type, entries.composites)
  const rowStrings = distinct([...strings, ...tuples.strings])
  const long = found.filter(isLong).map((range) => ({ ...range, param: longHash(range.param) }))
  return {
    tokens: [...tokens],
    dated,
    strings: distinct(strings.map(({ param, value }) => ({ param, value }))),
    ranges: distinct([...found, ...long]),
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

function tokenRows(tenant: TenantId, type: string, entries: ValueEntries, shared: Shared) {
  const tokens = new Set<string>()
  const meanings = new Map<string, TokenMeaning>()
  const leading = new Set<string>()
  const lead = leadingOf(type)
  const add = (hash: string, param: string) => {
    tokens.add(hash)
    if (lead?.by.has(param)) leading.add(hash)
  }
  for (const { param, system, code } of entries.tokens) {
    if (OF_THE_ROW.has(param) || shared.has(param)) continue
    const hash = tokenHash(type, param, system ?? '', code)
    add(hash, param)
    // What is asked for in full only has no place in an order.
    if (ASKED_IN_FULL.test(param)) continue
    meanings.set(hash, {
      hash,
      param: orderHash(tenant, type, param),
      value: spellMeaning(system, code),
      system: system === undefined ? null : systemHash(tenant, type, param, system),
    })
  }
  for (const { param, target } of entries.references) {
    if (!shared.has(param)) add(referenceHash(type, param, target), param)
  }
  for (const { param, value } of entries.uris) {
    const hash = uriHash(type, param, value)
    tokens.add(hash)
    meanings.set(hash, { hash, param: orderHash(tenant, type, param), value: cut(value), system: null })
  }
  const dates = entries.dates.filter(({ param }) => param === lead?.date)
  const starts = [...new Set(dates.map(({ from }) => epoch(from)))]
  const dated = [...leading].flatMap((hash) => starts.map((at) => ({ hash, at })))
  return { tokens, meanings, dated }
}

const ASKED_IN_FULL = /:(?:of-type|below|contained)$/

/** `found`: what a search can begin with. `tested`: what is only asked of a row that something else has found. */
function rangeRows(type: string, entries: ValueEntries, shared: Shared): { found: Range[]; tested: Range[] } {
  const found: Range[] = []
  const tested: Range[] = []
  for (const { param, from, to } of entries.dates) {
    if (!OF_THE_ROW.has(param) && !shared.has(param))
      found.push({ param: paramHash(type, param), ...dateRange(from, to) })
  }
  for (const entry of entries.numbers)
    if (!shared.has(entry.param)) found.push({ param: paramHash(type, entry.param), ...numberRange(entry) })
  for (const entry of entries.quantities) {
    if (shared.has(entry.param)) continue
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
  const codes = new Set(entries.present)
  // Computed values have no element of their own.
  const lists: readonly (readonly { readonly param: string }[])[] = Object.values(valueLists(entries))
  for (const list of lists) for (const { param } of list) if (!ASPECT.test(param)) codes.add(param)
  for (const { param, bases } of entries.composites) if (bases > 1) codes.add(`${param}${NOT_ALONE}`)
  return [...codes].filter((code) => !OF_THE_ROW.has(code)).map(presentHash)
}

/** `subject:identifier` is an aspect of `subject`, which is present by itself. */
const ASPECT = /:(?:identifier|of-type|below|contained)$/

/** What a resource has for a token, reference or uri parameter, spelled as its place in a sort. */
export function tokenMeanings(entries: IndexEntries, code: string): string[] {
  const tokens = entries.tokens.filter(({ param }) => param === code)
  const references = entries.references.filter(({ param }) => param === code)
  const uris = entries.uris.filter(({ param }) => param === code)
  return [
    ...tokens.map((token) => spellMeaning(token.system, token.code)),
    ...references.map(({ target }) => cut(target)),
    ...uris.map(({ value }) => cut(value)),
  ]
}

/** Columns of the resource's row answer for these. */
const OF_THE_ROW: ReadonlySet<string> = new Set(['_id', '_lastUpdated'])

/** What has to be added and removed to come from one index to the other. */
export function indexDifference(
  before: IndexRows,
  after: IndexRows,
): { added: IndexRows; removed: IndexRows } {
  return { added: without(after, before), removed: without(before, after) }
}

function distinct<Row extends object>(rows: readonly Row[]): readonly Row[] {
  if (rows.length < 2) return rows
  return [...new Map(rows.map((row) => [keyOf(row), row])).values()]
}

function without(rows: IndexRows, other: IndexRows): IndexRows {
  // Most of what is written is new.
  if (isEmpty(other)) return rows
  if (isEmpty(rows)) return emptyIndex
  const tokens = new Set(other.tokens)
  const dated = new Set(other.dated.map(keyOf))
  const strings = new Set(other.strings.map(keyOf))
  const ranges = new Set(other.ranges.map(keyOf))
  return {
    tokens: rows.tokens.filter((hash) => !tokens.has(hash)),
    dated: rows.dated.filter((row) => !dated.has(keyOf(row))),
    strings: rows.strings.filter((row) => !strings.has(keyOf(row))),
    ranges: rows.ranges.filter((row) => !ranges.has(keyOf(row))),
  }
}

function isEmpty({ tokens, dated, strings, ranges }: IndexRows): boolean {
  return tokens.length + dated.length + strings.length + ranges.length === 0
}

function keyOf(row: object): string {
  return Object.values(row).join('\u0000')
}
