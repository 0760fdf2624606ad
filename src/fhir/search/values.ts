/** From an element's value to index entries, by kind of parameter and FHIR type. https://hl7.org/fhir/R4/search.html#ptypes */
import { periodInterval, toInterval } from '../../kernel/dates.ts'
import type { TimeZone } from '../../kernel/time-zone.ts'
import type { CodeSet, SearchParameterType } from '../definitions/index.ts'
import { decimalRange } from './decimal.ts'
import type { IndexEntries } from './entries.ts'
import { referenceTarget } from './references.ts'

/** What extraction needs to know beside the resource. */
export interface ExtractContext {
  /** Of dates without an offset. */
  readonly zone: TimeZone
  /** Gives `Patient/123` for an absolute URL under this server's base; undefined for any other. */
  readonly toLocal: (url: string) => string | undefined
}

export type Emit = (value: unknown, into: IndexEntries, context: ExtractContext) => void

export interface EmitSpec {
  readonly param: string
  /** FHIR type of the value. */
  readonly type: string
  readonly resolvesTo: string | undefined
  /** Codes of the required binding. */
  readonly codes: CodeSet | undefined
}

/** undefined when values of this FHIR type say nothing to this kind of parameter. */
export function makeEmit(kind: SearchParameterType, spec: EmitSpec): Emit | undefined {
  switch (kind) {
    case 'token':
      return emitToken(spec)
    case 'reference':
      return emitReference(spec)
    case 'string':
      return emitString(spec)
    case 'uri':
      return emitUri(spec)
    case 'date':
      return emitDate(spec)
    case 'number':
      return emitNumber(spec)
    case 'quantity':
      return emitQuantity(spec)
    case 'composite':
    case 'special':
      return undefined
  }
}

type Fields = Readonly<Record<string, unknown>>

const TEXT_TYPES: ReadonlySet<string> = new Set([
  'string',
  'markdown',
  'code',
  'id',
  'uri',
  'url',
  'canonical',
  'oid',
  'uuid',
])

/** https://hl7.org/fhir/R4/search.html#token: the implicit system of booleans. */
const SPECIAL_VALUES = 'http://hl7.org/fhir/special-values'

function emitToken({ param, type, codes }: EmitSpec): Emit | undefined {
  const add = (into: IndexEntries, system: unknown, code: unknown): void => {
    if (typeof code !== 'string' || code === '') return
    into.tokens.push({
      param,
      system: typeof system === 'string' && system !== '' ? system : undefined,
      code,
    })
  }
  const coding: Emit = (value, into) => add(into, (value as Fields)['system'], (value as Fields)['code'])
  if (type === 'Coding') return coding
  if (type === 'CodeableConcept') {
    return (value, into, context) => {
      const { coding: codings } = value as Fields
      if (Array.isArray(codings)) for (const each of codings) if (isFields(each)) coding(each, into, context)
    }
  }
  if (type === 'Identifier')
    return (value, into) => add(into, (value as Fields)['system'], (value as Fields)['value'])
  if (type === 'ContactPoint') return (value, into) => add(into, undefined, (value as Fields)['value'])
  if (type === 'boolean') return (value, into) => add(into, SPECIAL_VALUES, String(value))
  if (type === 'code') return (value, into) => add(into, codes && systemOf(codes, value), value)
  if (TEXT_TYPES.has(type)) return (value, into) => add(into, undefined, value)
  return undefined
}

/** A `code` element's system is that of its value set, where only one has the code. */
function systemOf(codes: CodeSet, code: unknown): string | undefined {
  const having = [...codes.systems].filter(([, values]) => values.has(code as string))
  return having.length === 1 ? having[0]![0] : undefined
}

function emitReference({ param, type, resolvesTo }: EmitSpec): Emit | undefined {
  if (type === 'canonical' || type === 'uri' || type === 'url') {
    return (value, into) => {
      for (const target of withAndWithoutVersion(String(value))) into.references.push({ param, target })
    }
  }
  // The resource itself stands where a reference is expected: the first entry of a document or message Bundle.
  if (type === 'Resource') {
    return (value, into) => {
      const { resourceType, id } = value as Fields
      if (typeof id === 'string') into.references.push({ param, target: `${String(resourceType)}/${id}` })
    }
  }
  if (type !== 'Reference') return undefined
  return (value, into, { toLocal }) => {
    const { reference, type: named, identifier } = value as Fields
    if (isFields(identifier) && typeof identifier['value'] === 'string') {
      const { system, value: code } = identifier
      if (resolvesTo === undefined || named === undefined || named === resolvesTo) {
        into.tokens.push({
          param: `${param}:identifier`,
          system: typeof system === 'string' ? system : undefined,
          code: code as string,
        })
      }
    }
    if (typeof reference !== 'string') return
    const found = referenceTarget(reference, toLocal)
    if (!found || (resolvesTo !== undefined && (found.type ?? named) !== resolvesTo)) return
    into.references.push({ param, target: found.target })
  }
}

function withAndWithoutVersion(canonical: string): string[] {
  const bar = canonical.indexOf('|')
  return bar < 0 ? [canonical] : [canonical, canonical.slice(0, bar)]
}

/** The parts of names and addresses that a string search looks into. */
const STRING_PARTS: Readonly<Record<string, readonly string[]>> = {
  HumanName: ['text', 'family', 'given', 'prefix', 'suffix'],
  Address: ['text', 'line', 'city', 'district', 'state', 'postalCode', 'country'],
}

function emitString({ param, type }: EmitSpec): Emit | undefined {
  const add = (into: IndexEntries, value: unknown): void => {
    if (typeof value === 'string' && value !== '') into.strings.push({ param, value })
  }
  const parts = STRING_PARTS[type]
  if (parts) {
    return (value, into) => {
      for (const part of parts) {
        const found = (value as Fields)[part]
        if (Array.isArray(found)) for (const item of found) add(into, item)
        else add(into, found)
      }
    }
  }
  return TEXT_TYPES.has(type) ? (value, into) => add(into, value) : undefined
}

function emitUri({ param, type }: EmitSpec): Emit | undefined {
  if (!TEXT_TYPES.has(type)) return undefined
  return (value, into) => {
    const values = type === 'canonical' ? withAndWithoutVersion(String(value)) : [String(value)]
    for (const each of values) into.uris.push({ param, value: each })
  }
}

function emitDate({ param, type }: EmitSpec): Emit | undefined {
  if (type === 'date' || type === 'dateTime' || type === 'instant') {
    return (value, into, { zone }) => {
      const interval = toInterval(String(value), zone)
      if (interval) into.dates.push({ param, ...interval })
    }
  }
  if (type === 'Period') {
    return (value, into, { zone }) => {
      const interval = intervalOfPeriod(value as Fields, zone)
      if (interval) into.dates.push({ param, ...interval })
    }
  }
  if (type === 'Timing') {
    return (value, into, { zone }) => {
      const interval = intervalOfTiming(value as Fields, zone)
      if (interval) into.dates.push({ param, ...interval })
    }
  }
  return undefined
}

function intervalOfPeriod({ start, end }: Fields, zone: TimeZone) {
  return periodInterval(
    typeof start === 'string' ? start : undefined,
    typeof end === 'string' ? end : undefined,
    zone,
  )
}

/** "Only the outer limits matter": of its events and of the period that bounds its repetition. */
function intervalOfTiming({ event, repeat }: Fields, zone: TimeZone) {
  const intervals = Array.isArray(event) ? event.map((each) => toInterval(String(each), zone)) : []
  const bounds = isFields(repeat) ? repeat['boundsPeriod'] : undefined
  if (isFields(bounds)) intervals.push(intervalOfPeriod(bounds, zone))
  const known = intervals.filter((interval) => interval !== undefined)
  if (known.length === 0) return undefined
  return { from: Math.min(...known.map(({ from }) => from)), to: Math.max(...known.map(({ to }) => to)) }
}

function emitNumber({ param, type }: EmitSpec): Emit | undefined {
  if (type === 'decimal' || type === 'integer' || type === 'positiveInt' || type === 'unsignedInt') {
    return (value, into) => {
      const range = decimalRange(digitsOf(value))
      if (range) into.numbers.push({ param, ...range })
    }
  }
  // RiskAssessment.probability may be a Range: all between its ends.
  if (type === 'Range') {
    return (value, into) => {
      const { low, high } = value as Fields
      const first = isFields(low) ? decimalRange(digitsOf(low['value'])) : undefined
      const last = isFields(high) ? decimalRange(digitsOf(high['value'])) : undefined
      if (first && last) into.numbers.push({ param, value: first.value, low: first.low, high: last.high })
    }
  }
  return undefined
}

/** A number as written; one that JSON.parse would change comes as a raw JSON object. See kernel/json.ts. */
function digitsOf(value: unknown): string {
  return typeof value === 'object' && value !== null
    ? String((value as { rawJSON?: string }).rawJSON)
    : String(value)
}

const QUANTITIES: ReadonlySet<string> = new Set(['Quantity', 'Age', 'Count', 'Distance', 'Duration'])

function emitQuantity({ param, type }: EmitSpec): Emit | undefined {
  if (QUANTITIES.has(type)) return (value, into) => addQuantity(param, value as Fields, into)
  if (type === 'Money') {
    return (value, into) => {
      const { value: amount, currency } = value as Fields
      addQuantity(
        param,
        { value: amount, system: 'urn:iso:std:iso:4217', code: currency, unit: currency },
        into,
      )
    }
  }
  if (type === 'Range') return (value, into) => addRange(param, value as Fields, into)
  return undefined
}

function addQuantity(param: string, quantity: Fields, into: IndexEntries): void {
  const range = quantity['value'] === undefined ? undefined : decimalRange(digitsOf(quantity['value']))
  if (!range) return
  const { comparator } = quantity
  const openBelow = comparator === '<' || comparator === '<='
  const openAbove = comparator === '>' || comparator === '>='
  into.quantities.push({
    param,
    value: range.value,
    low: openBelow ? undefined : openAbove ? range.value : range.low,
    high: openAbove ? undefined : openBelow ? range.value : range.high,
    ...unitOf(quantity),
  })
}

function addRange(param: string, { low, high }: Fields, into: IndexEntries): void {
  const [first, last] = [isFields(low) ? low : undefined, isFields(high) ? high : undefined]
  const unit = first ?? last
  if (!unit) return
  const lowest = first && decimalRange(digitsOf(first['value']))
  const highest = last && decimalRange(digitsOf(last['value']))
  if (!lowest && !highest) return
  into.quantities.push({ param, value: undefined, low: lowest?.low, high: highest?.high, ...unitOf(unit) })
}

function unitOf({ system, code, unit }: Fields) {
  return { system: textOf(system), code: textOf(code), unit: textOf(unit) }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
