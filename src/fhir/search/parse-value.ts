/** One value of a search parameter, by its kind. https://hl7.org/fhir/R4/search.html#ptypes */
import { toInterval } from '../../kernel/dates.ts'
import type { Definitions } from '../definitions/index.ts'
import { decimalRange } from './decimal.ts'
import { splitValue, unescapeValue } from './escape.ts'
import { parseNear } from './near.ts'
import type { SearchBudget } from './budget.ts'
import type { SearchParameter, SearchParameters } from './parameters.ts'
import { referenceTarget } from './references.ts'
import type {
  CompositeValue,
  DateValue,
  Modifier,
  NumberValue,
  Prefix,
  QuantityValue,
  ReferenceValue,
  SearchValue,
  SupportedSearch,
  TokenValue,
} from './request.ts'
import { searchFailure } from './search-failure.ts'
import type { ExtractContext } from './emit/index.ts'

export interface ValueContext extends Pick<ExtractContext, 'zone' | 'toLocal'> {
  readonly definitions: Definitions
  /** Epoch milliseconds: what `ap` is measured from. */
  readonly nowMs: number
  readonly budget: SearchBudget
}

export interface WantedValue {
  readonly param: SearchParameter
  readonly modifier: Modifier | undefined
  /** Of `subject:Patient`. */
  readonly targetType: string | undefined
  readonly prefixes: readonly Prefix[]
  /** For the components of a composite. */
  readonly supported: SupportedSearch
  readonly parameters: SearchParameters
}

/** @param text one value, still escaped */
export function parseValue(text: string, wanted: WantedValue, context: ValueContext): SearchValue {
  const { param, modifier } = wanted
  if (text === '') throw searchFailure('search-value-empty', param.code)
  switch (param.type) {
    case 'token':
      return parseTokenAs(modifier, text, param)
    case 'reference':
      if (modifier === 'identifier') return parseToken(text, param)
      if (modifier === 'text') return { kind: 'string', value: plain(text, param) }
      if (modifier === 'below') return { kind: 'uri', value: plain(text, param) }
      return parseReference(text, wanted, context)
    case 'string':
      return { kind: 'string', value: plain(text, param) }
    case 'uri':
      return { kind: 'uri', value: plain(text, param) }
    case 'date':
      return parseDate(text, wanted, context)
    case 'number':
      return parseNumber(text, wanted)
    case 'quantity':
      return parseQuantity(text, wanted)
    case 'composite':
      return parseComposite(text, wanted, context)
    case 'special':
      if (param.code === 'near') return parseNear(splitValue(text, '|').map((part) => plain(part, param)))
      throw searchFailure('search-parameter-unsupported', param.code)
  }
}

/** `code$value`: each part as a value of its component. https://hl7.org/fhir/R4/search.html#combining */
function parseComposite(text: string, wanted: WantedValue, context: ValueContext): CompositeValue {
  const { param, supported, parameters } = wanted
  const parts = splitValue(text, '$')
  const components = parameters.components(param)
  if (parts.length !== components.length) throw searchFailure('search-composite', param.code)
  return {
    kind: 'composite',
    parts: parts.map((part, i) => {
      const { type, targets } = components[i]!
      const { prefixes = [] } = supported.kinds[type] ?? {}
      return parseValue(part, { ...wanted, param: { ...param, type, targets }, prefixes }, context)
    }),
  }
}

/** What the modifiers make of a token's value. https://hl7.org/fhir/R4/search.html#token */
function parseTokenAs(modifier: Modifier | undefined, text: string, param: SearchParameter): SearchValue {
  switch (modifier) {
    case 'text':
      return { kind: 'string', value: plain(text, param) }
    case 'in':
    case 'not-in':
      return { kind: 'uri', value: plain(text, param) }
    case 'of-type':
      return parseOfType(text, param)
    default:
      return parseToken(text, param)
  }
}

/** `type-system|type-code|value`, all three. */
function parseOfType(text: string, param: SearchParameter): TokenValue {
  const [system, code, value, ...more] = splitValue(text, '|').map((part) => plain(part, param))
  if (!system || !code || !value || more.length > 0) throw searchFailure('search-of-type', param.code)
  return { kind: 'token', system, code: `${code}|${value}` }
}

function plain(text: string, param: SearchParameter): string {
  const value = unescapeValue(text)
  if (value === undefined) throw searchFailure('search-escape', param.code)
  return value
}

/** `code`, `system|code`, `|code`, `system|`. https://hl7.org/fhir/R4/search.html#token */
function parseToken(text: string, param: SearchParameter): TokenValue {
  const parts = splitValue(text, '|').map((part) => plain(part, param))
  const [first, second] = parts
  if (parts.length === 1) return { kind: 'token', system: undefined, code: first! }
  if (parts.length > 2 || (first === '' && second === '')) throw searchFailure('search-token', param.code)
  return { kind: 'token', system: first!, code: second === '' ? undefined : second! }
}

const ID = /^[A-Za-z0-9\-.]{1,64}$/
const TYPE_AND_ID = /^[A-Za-z]+\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/

/** `id`, `Type/id`, a URL or a urn. https://hl7.org/fhir/R4/search.html#reference */
function parseReference(
  text: string,
  { param, targetType }: WantedValue,
  context: ValueContext,
): ReferenceValue {
  const value = plain(text, param)
  if (ID.test(value)) {
    const types = targetType ? [targetType] : param.targets
    const all = types.length > 0 ? types : context.definitions.resourceTypes
    return { kind: 'reference', targets: all.map((type) => `${type}/${value}`) }
  }
  const found = referenceTarget(value, context.toLocal)
  const isUrl = /^[A-Za-z][A-Za-z0-9+.-]*:/.test(value)
  // A type that there is none of is like an id that there is none of: nothing refers to it.
  const isLiteral = TYPE_AND_ID.test(value)
  if (!found || (!isUrl && !isLiteral)) throw searchFailure('search-reference', param.code)
  if (targetType !== undefined && found.type !== targetType)
    throw searchFailure('search-reference-type', param.code)
  return { kind: 'reference', targets: [found.target] }
}

const PREFIXED = /^(eq|ne|gt|lt|ge|le|sa|eb|ap)?(.*)$/s

function splitPrefix(text: string, { param, prefixes }: WantedValue): { prefix: Prefix; rest: string } {
  const [, prefix = 'eq', rest] = PREFIXED.exec(text) as unknown as [string, Prefix | undefined, string]
  if (!prefixes.includes(prefix)) throw searchFailure('search-prefix', param.code)
  return { prefix, rest }
}

/** https://hl7.org/fhir/R4/search.html#date */
function parseDate(text: string, wanted: WantedValue, { zone, nowMs }: ValueContext): DateValue {
  const { prefix, rest } = splitPrefix(plain(text, wanted.param), wanted)
  // A + that was not percent-encoded arrives as a space; dates have no spaces of their own.
  const interval = toInterval(rest.replace(/ (?=\d\d:\d\d$)/, '+'), zone)
  if (!interval) throw searchFailure('search-date', wanted.param.code)
  if (prefix !== 'ap') return { kind: 'date', prefix, ...interval }
  // "The recommended value is 10 % of the gap between now and the date."
  const gap = Math.max(0, nowMs - interval.to, interval.from - nowMs) / 10
  return { kind: 'date', prefix, from: Math.floor(interval.from - gap), to: Math.ceil(interval.to + gap) }
}

/** https://hl7.org/fhir/R4/search.html#number */
function parseNumber(text: string, wanted: WantedValue): NumberValue {
  const { prefix, rest } = splitPrefix(plain(text, wanted.param), wanted)
  const range = decimalRange(rest)
  if (!range) throw searchFailure('search-number', wanted.param.code)
  return { kind: 'number', prefix, ...range }
}

/** `number`, `number|system|code`, `number||code`, `number|system|`. https://hl7.org/fhir/R4/search.html#quantity */
function parseQuantity(text: string, wanted: WantedValue): QuantityValue {
  const { param } = wanted
  const [number, system, code, ...more] = splitValue(text, '|').map((part) => plain(part, param))
  const { prefix, rest } = splitPrefix(number!, wanted)
  const range = decimalRange(rest)
  if (!range || more.length > 0) throw searchFailure('search-quantity', param.code)
  return { kind: 'quantity', prefix, ...range, system: system || undefined, code: code || undefined }
}
