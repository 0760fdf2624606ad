/** Whether a resource meets a criterion, by its index entries: the meaning of a search, which any index has to agree with. */
import {
  type DateEntry,
  type IndexEntries,
  type NumberEntry,
  type QuantityEntry,
  type StringEntry,
  type TokenEntry,
  type ValueEntries,
  valueLists,
} from './entries.ts'
import { mimeBase } from './emit/tokens.ts'
import { normalise } from './normalise.ts'
import { canonicalUnit } from './quantity.ts'
import type {
  Criterion,
  DateValue,
  NumberValue,
  ParameterCriterion,
  QuantityValue,
  SearchRequest,
  SearchValue,
  StringValue,
  TokenValue,
} from './request.ts'

/**
 * All criteria hold. `_id` and `_lastUpdated` are asked like any other: the entries must have them. What lies in other
 * resources (chains, _has, lists, value sets) is not known here, so such a criterion does not hold.
 */
export function matchesRequest(entries: IndexEntries, request: SearchRequest): boolean {
  return request.criteria.every((criterion) => holds(entries, criterion))
}

function holds(entries: IndexEntries, criterion: Criterion): boolean {
  switch (criterion.by) {
    case 'parameter':
      return matches(entries, criterion)
    case 'all':
      return criterion.of.every((one) => holds(entries, one))
    case 'any':
      return criterion.of.some((one) => holds(entries, one))
    case 'not':
      return !holds(entries, criterion.of)
    case 'compartment': {
      const target = `${criterion.compartment}/${criterion.id}`
      const codes = new Set(criterion.params.map(({ code }) => code))
      return entries.references.some((entry) => codes.has(entry.param) && entry.target === target)
    }
    case 'patients':
      return entries.compartments.patients.length > 0
    case 'chain':
    case 'has':
    case 'list':
    case 'text':
      return false
  }
}

function matches(entries: IndexEntries, criterion: ParameterCriterion): boolean {
  const { modifier, values, missing } = criterion
  if (modifier === 'missing') return hasValue(entries, criterion.param.code) !== missing
  const some = values.some((value) => matchesValue(entries, criterion, value))
  return modifier === 'not' ? !some : some
}

/** Computed values (Patient.deceased) have no element of their own. */
function hasValue(entries: IndexEntries, code: string): boolean {
  const lists: readonly (readonly { readonly param: string }[])[] = Object.values(valueLists(entries))
  return entries.present.has(code) || lists.some((list) => list.some(({ param }) => param === code))
}

function matchesValue(entries: ValueEntries, criterion: ParameterCriterion, value: SearchValue): boolean {
  const { modifier } = criterion
  const { code } = criterion.param
  const own = <Entry extends { readonly param: string }>(list: readonly Entry[], name = code) =>
    list.filter(({ param }) => param === name)
  switch (value.kind) {
    case 'token': {
      const mime = modifier === 'below' && value.system === undefined
      if (mime) return own(entries.tokens, `${code}:below`).some((entry) => matchesMime(entry, value))
      const typed = modifier === 'identifier' || modifier === 'of-type'
      return own(entries.tokens, typed ? `${code}:${modifier}` : code).some((entry) =>
        matchesToken(entry, value),
      )
    }
    case 'reference':
      return own(entries.references).some(({ target }) => value.targets.includes(target))
    case 'string':
      return (
        modifier !== 'text' && own(entries.strings).some((entry) => matchesString(entry, value, modifier))
      )
    case 'uri':
      return criterion.param.type === 'reference'
        ? own(entries.references).some(({ target }) => isVersionOf(target, value.value))
        : own(entries.uris).some((entry) => matchesUri(entry.value, value.value, modifier))
    case 'date':
      return own(entries.dates).some((entry) => matchesDate(entry, value))
    case 'number':
      return own(entries.numbers).some((entry) => matchesNumber(entry, value, Number))
    case 'quantity':
      return own(entries.quantities).some((entry) => matchesQuantity(entry, value))
    case 'composite': {
      const composites = (entries as IndexEntries).composites ?? []
      return own(composites).some(({ parts }) =>
        parts.every((part, i) => matchesValue(part, { ...criterion, modifier: undefined }, value.parts[i]!)),
      )
    }
    case 'near':
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

/** https://hl7.org/fhir/R4/search.html#mimetype */
function matchesMime(entry: TokenEntry, { code = '' }: TokenValue): boolean {
  return foldCode(entry.code) === foldCode(mimeBase(code))
}

/** A part is found by, but is not what is written. Punctuation alone is nothing that could be compared. */
function matchesString(
  { value: entry, part }: StringEntry,
  { value }: StringValue,
  modifier: ParameterCriterion['modifier'],
): boolean {
  if (modifier === 'exact') return part !== true && entry === value
  const [own, wanted] = [normalise(entry), normalise(value)]
  if (wanted === '') return false
  if (modifier === 'contains') return own.includes(wanted)
  if (modifier === 'equals') return part !== true && own === wanted
  if (modifier === 'differs') return part !== true && own !== wanted
  if (modifier === 'ends') return part !== true && own.endsWith(wanted)
  return own.startsWith(wanted)
}

/** https://hl7.org/fhir/R4/search.html#uri: "left-matches the value, or vice-versa"; URNs have nothing above or below. */
function matchesUri(entry: string, value: string, modifier: ParameterCriterion['modifier']): boolean {
  if (entry === value || modifier === undefined || value.startsWith('urn:')) return entry === value
  if (modifier === 'above') return value.startsWith(entry)
  return value.includes('|') ? isVersionOf(entry, value) : entry.startsWith(value)
}

/** `url|1` has 1.0 and 1.1 below it; without a version it has all of them, which are indexed without theirs too. */
function isVersionOf(entry: string, canonical: string): boolean {
  return entry === canonical || (canonical.includes('|') && entry.startsWith(`${canonical}.`))
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
    // "Range above the value: the specified value and up": what begins before it and ends within it is not left out.
    case 'ge':
      return entry.to > from
    case 'le':
      return entry.from < to
    case 'sa':
      return entry.from >= to
    case 'eb':
      return entry.to <= from
    case 'ap':
      return entry.from < to && entry.to > from
    case 'co':
      return entry.from <= from && entry.to >= to
  }
}

/** In the unit that both can be told in; a value without a system asks for the unit as it is written. */
function matchesQuantity(entry: QuantityEntry, value: QuantityValue): boolean {
  if (value.code === undefined) {
    const sameSystem = value.system === undefined || value.system === entry.system
    return sameSystem && matchesNumber(entry, value, Number)
  }
  const wanted = canonicalUnit(value.system, value.code)
  if (!wanted) {
    const sameSystem = value.system === undefined || value.system === entry.system
    const sameUnit = entry.code === value.code || (value.system === undefined && entry.unit === value.code)
    return sameSystem && sameUnit && matchesNumber(entry, value, Number)
  }
  const unit = canonicalUnit(entry.system, entry.code)
  if (unit?.dimension !== wanted.dimension) return false
  const inBase = (text: string | undefined) => text && String(unit.toBase(Number(text)))
  const { low, high } = entry
  return matchesNumber({ ...entry, low: inBase(low), high: inBase(high) }, value, (text) =>
    wanted.toBase(Number(text)),
  )
}

/** https://hl7.org/fhir/R4/search.html#number. The entry's ends are included, unless a comparator leaves one out. */
function matchesNumber(
  { low, high, without }: NumberEntry,
  { prefix, value, low: least, high: greatest }: Omit<NumberValue, 'kind'>,
  toNumber: (text: string) => number,
): boolean {
  const lo = low === undefined ? -Infinity : Number(low)
  const hi = high === undefined ? Infinity : Number(high)
  const exact = toNumber(value)
  const beyond = without === 'high' ? hi > exact : hi >= exact
  const before = without === 'low' ? lo < exact : lo <= exact
  const contained =
    lo >= toNumber(least) && (hi < toNumber(greatest) || (without === 'high' && hi <= toNumber(greatest)))
  switch (prefix) {
    case 'eq':
      return contained
    case 'ne':
      return !contained
    case 'gt':
      return hi > exact
    case 'lt':
      return lo < exact
    case 'ge':
      return beyond
    case 'le':
      return before
    case 'sa':
      return lo > exact || (without === 'low' && lo === exact)
    case 'eb':
      return hi < exact || (without === 'high' && hi === exact)
    case 'co':
      return lo <= exact && hi >= exact
    case 'ap': {
      const gap = Math.abs(exact) / 10
      return lo <= exact + gap && hi >= exact - gap
    }
  }
}
