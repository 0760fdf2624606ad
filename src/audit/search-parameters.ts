/**
 * The search parameters of AuditEvent, from a query string to what the trail is asked.
 * https://hl7.org/fhir/R4/auditevent.html#search, https://hl7.org/fhir/R4/search.html
 */
import { toInterval, type Interval } from '../kernel/dates.ts'
import { Failure } from '../kernel/failure.ts'
import type { TimeZone } from '../kernel/time-zone.ts'
import type { AuditFilter, AuditQuery, TimeRange } from '../store/index.ts'
import { interactionsOf, kindsOf, type CodingPattern } from './codes.ts'

export interface AuditSearch extends AuditQuery {
  readonly total: 'none' | 'accurate'
}

export interface SearchTime {
  /** Epoch milliseconds: what `ap` is measured from. */
  readonly now: number
  /** Of dates without an offset. */
  readonly zone: TimeZone
}

/** Code and kind of every parameter that is understood, for the CapabilityStatement. */
export const auditSearchParameters: readonly { readonly code: string; readonly type: string }[] = [
  { code: '_id', type: 'token' },
  { code: '_lastUpdated', type: 'date' },
  { code: 'action', type: 'token' },
  { code: 'agent', type: 'reference' },
  { code: 'date', type: 'date' },
  { code: 'entity', type: 'reference' },
  { code: 'outcome', type: 'token' },
  { code: 'patient', type: 'reference' },
  { code: 'subtype', type: 'token' },
  { code: 'type', type: 'token' },
]

const DEFAULT_COUNT = 20
const MAX_COUNT = 1000

/**
 * Unknown parameters and modifiers are refused.
 * @throws Failure `invalid`/`search-…` with the parameter's name, never its value
 */
export function parseAuditSearch(parameters: URLSearchParams, time: SearchTime): AuditSearch {
  const filters: AuditFilter[] = []
  let [newestFirst, count, total] = [true, DEFAULT_COUNT, 'none' as AuditSearch['total']]
  for (const [name, value] of parameters) {
    if (value === '') throw bad('search-value-empty', name)
    if (name === '_sort') newestFirst = parseSort(value)
    else if (name === '_count') count = parseCount(value)
    else if (name === '_total') total = parseTotal(value)
    else filters.push(parseFilter(name, value, time))
  }
  return { filters, newestFirst, count, total }
}

function parseFilter(name: string, value: string, time: SearchTime): AuditFilter {
  const [code, modifier] = name.split(':', 2) as [string, string | undefined]
  const values = splitOn(value, ',')
  if (
    modifier !== undefined &&
    !(code === 'entity' && TYPE_NAME.test(modifier)) &&
    name !== 'agent:identifier'
  ) {
    throw bad(
      auditSearchParameters.some((known) => known.code === code) ? 'search-modifier' : 'search-parameter',
      name,
    )
  }
  switch (code) {
    case '_id':
      return { on: 'id', ids: values }
    case 'date':
      return { on: 'time', ranges: values.flatMap((one) => dateRanges(one, time, name)) }
    case '_lastUpdated':
      return { on: 'updated', ranges: values.flatMap((one) => dateRanges(one, time, name)) }
    case 'agent':
      return { on: 'agent', names: values.map((one) => agentName(one, modifier === 'identifier')) }
    case 'entity':
      return { on: 'entity', refs: values.map((one) => reference(one, modifier, name)) }
    case 'patient':
      return { on: 'entity', refs: values.map((one) => reference(one, 'Patient', name)) }
    case 'action':
      return { on: 'action', codes: values.map((one) => codeOf(one, /^[CRUDE]$/, name)) }
    case 'outcome':
      return { on: 'outcome', codes: values.map((one) => Number(codeOf(one, /^(?:0|4|8|12)$/, name))) }
    case 'type':
    case 'subtype': {
      const codings = values.map((one) => codingPattern(one, name))
      return { on: code, own: codings.flatMap(code === 'type' ? kindsOf : interactionsOf), codings }
    }
    default:
      throw bad('search-parameter', name)
  }
}

const TYPE_NAME = /^[A-Z][A-Za-z]+$/

/** A recorded time is a moment, so it lies in the interval that the value means or it does not. */
function dateRanges(value: string, time: SearchTime, name: string): TimeRange[] {
  const match = /^(eq|ne|gt|lt|ge|le|sa|eb|ap)?(\d.*)$/.exec(value)
  const interval = match === null ? undefined : toInterval(match[2]!, time.zone)
  if (match === null || interval === undefined) throw bad('search-date', name)
  return prefixed(match[1] ?? 'eq', interval, time.now)
}

function prefixed(prefix: string, { from, to }: Interval, now: number): TimeRange[] {
  const [start, end] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  switch (prefix) {
    case 'ne':
      return [
        { from: start, to: from },
        { from: to, to: end },
      ]
    case 'gt':
    case 'sa':
      return [{ from: to, to: end }]
    case 'lt':
    case 'eb':
      return [{ from: start, to: from }]
    case 'ge':
      return [{ from, to: end }]
    case 'le':
      return [{ from: start, to }]
    case 'ap': {
      // The specification's own proposal: a tenth of the distance to now.
      const margin = Math.abs(now - (from + to) / 2) / 10
      return [{ from: from - margin, to: to + margin }]
    }
    default:
      return [{ from, to }]
  }
}

/** A client or device goes by its name; `Device/name` is the same to those who take the reference literally. */
function agentName(value: string, identifier: boolean): string {
  const name = unescape(identifier ? (splitOn(value, '|').at(-1) ?? '') : value)
  return name.startsWith('Device/') ? name.slice('Device/'.length) : name
}

function reference(value: string, type: string | undefined, name: string): { type?: string; id: string } {
  const text = unescape(value)
  const match = /^(?:.*\/)?([A-Z][A-Za-z]+)\/([A-Za-z0-9.-]{1,64})(?:\/_history\/\d+)?$/.exec(text)
  if (match !== null) {
    if (type !== undefined && type !== match[1]) throw bad('search-reference-type', name)
    return { type: match[1]!, id: match[2]! }
  }
  if (!/^[A-Za-z0-9.-]{1,64}$/.test(text)) throw bad('search-reference', name)
  return type === undefined ? { id: text } : { type, id: text }
}

/** Action and outcome are codes of one system each, so a system may be given but says nothing new. */
function codeOf(value: string, allowed: RegExp, name: string): string {
  const code = unescape(splitOn(value, '|').at(-1)!)
  if (!allowed.test(code)) throw bad('search-code', name)
  return code
}

function codingPattern(value: string, name: string): CodingPattern {
  const parts = splitOn(value, '|').map(unescape)
  if (parts.length > 2 || parts.every((part) => part === '')) throw bad('search-token', name)
  if (parts.length === 1) return { code: parts[0]! }
  const [system, code] = parts as [string, string]
  return { ...(system !== '' && { system }), ...(code !== '' && { code }) }
}

/** Splits where the separator is not escaped. https://hl7.org/fhir/R4/search.html#escaping */
function splitOn(value: string, separator: ',' | '|'): string[] {
  const parts: string[] = []
  let from = 0
  for (let at = 0; at < value.length; at += 1) {
    if (value[at] === '\\') {
      at += 1
    } else if (value[at] === separator) {
      parts.push(value.slice(from, at))
      from = at + 1
    }
  }
  return [...parts, value.slice(from)]
}

function unescape(value: string): string {
  return value.replaceAll(/\\([\\,|$])/g, '$1')
}

function parseSort(value: string): boolean {
  if (value === '-date' || value === '-_lastUpdated') return true
  if (value === 'date' || value === '_lastUpdated') return false
  throw bad('search-sort', '_sort')
}

function parseCount(value: string): number {
  if (!/^\d{1,6}$/.test(value)) throw bad('search-count', '_count')
  return Math.min(Number(value), MAX_COUNT)
}

/** An estimate may be exact. */
function parseTotal(value: string): AuditSearch['total'] {
  if (value === 'none') return 'none'
  if (value === 'accurate' || value === 'estimate') return 'accurate'
  throw bad('search-total', '_total')
}

function bad(code: string, parameter: string): Failure {
  return new Failure('invalid', code, { parameter: parameter.slice(0, 64) })
}
