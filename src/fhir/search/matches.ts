/** Whether a resource meets a criterion, by its index entries: the meaning of a search, which any index has to agree with. */
import type { DateEntry, IndexEntries, TokenEntry } from './entries.ts'
import { normalise } from './normalise.ts'
import type { Criterion, DateValue, SearchRequest, SearchValue, StringValue, TokenValue } from './request.ts'

/** All criteria hold. `_id` and `_lastUpdated` are asked like any other: the entries must have them. */
export function matchesRequest(entries: IndexEntries, request: SearchRequest): boolean {
  return request.criteria.every((criterion) => matches(entries, criterion))
}

function matches(entries: IndexEntries, criterion: Criterion): boolean {
  const { modifier, values, missing } = criterion
  if (modifier === 'missing') return hasAny(entries, criterion.param.code) !== missing
  const some = values.some((value) => matchesValue(entries, criterion, value))
  return modifier === 'not' ? !some : some
}

function hasAny(entries: IndexEntries, code: string): boolean {
  const lists = [
    entries.tokens,
    entries.references,
    entries.strings,
    entries.uris,
    entries.dates,
    entries.numbers,
    entries.quantities,
  ]
  return lists.some((list) => list.some(({ param }) => param === code || param === `${code}:identifier`))
}

function matchesValue(entries: IndexEntries, criterion: Criterion, value: SearchValue): boolean {
  const { modifier } = criterion
  const { code } = criterion.param
  switch (value.kind) {
    case 'token': {
      const param = modifier === 'identifier' ? `${code}:identifier` : code
      return entries.tokens.some((entry) => entry.param === param && matchesToken(entry, value))
    }
    case 'reference':
      return entries.references.some(({ param, target }) => param === code && value.targets.includes(target))
    case 'string':
      return entries.strings.some(
        (entry) => entry.param === code && matchesString(entry.value, value, modifier),
      )
    case 'uri':
      return entries.uris.some(
        (entry) => entry.param === code && matchesUri(entry.value, value.value, modifier),
      )
    case 'date':
      return entries.dates.some((entry) => entry.param === code && matchesDate(entry, value))
    case 'number':
    case 'quantity':
      // Compared in the store's canonical units, which are not known here.
      return false
  }
}

/** https://hl7.org/fhir/R4/search.html#token: when in doubt, codes are compared without case; systems are URIs, with it. */
export function foldCode(code: string): string {
  return code.toLowerCase()
}

function matchesToken(entry: TokenEntry, { system, code }: TokenValue): boolean {
  if (system !== undefined && (entry.system ?? '') !== system) return false
  return code === undefined || foldCode(entry.code) === foldCode(code)
}

function matchesString(entry: string, { value }: StringValue, modifier: Criterion['modifier']): boolean {
  if (modifier === 'exact') return entry === value
  if (modifier === 'contains') return normalise(entry).includes(normalise(value))
  return normalise(entry).startsWith(normalise(value))
}

/** https://hl7.org/fhir/R4/search.html#uri: above and below go by whole path segments. */
function matchesUri(entry: string, value: string, modifier: Criterion['modifier']): boolean {
  if (modifier === 'below')
    return entry === value || entry.startsWith(value.endsWith('/') ? value : `${value}/`)
  if (modifier === 'above')
    return entry === value || value.startsWith(entry.endsWith('/') ? entry : `${entry}/`)
  return entry === value
}

/** https://hl7.org/fhir/R4/search.html#prefix on half open intervals: the entry against the search value. */
function matchesDate(entry: DateEntry, { prefix, from, to }: DateValue): boolean {
  const contained = entry.from >= from && entry.to <= to
  switch (prefix) {
    case 'eq':
      return contained
    case 'ne':
      return !contained
    case 'gt':
      return entry.to > to
    case 'lt':
      return entry.from < from
    case 'ge':
      return entry.to > to || contained
    case 'le':
      return entry.from < from || contained
    case 'sa':
      return entry.from >= to
    case 'eb':
      return entry.to <= from
    case 'ap':
      return entry.from < to && entry.to > from
  }
}
