/** `name co "x"`: a comparison of `_filter` as the criterion that a parameter of the query would be. */
import type { CriterionParser } from './parse-criterion.ts'
import { escapeValue } from './escape.ts'
import type { FilterToken } from './filter-tokens.ts'
import type { ValueContext } from './parse-value.ts'
import type { SearchParameter } from './parameters.ts'
import type { Criterion, Modifier, ParameterCriterion } from './request.ts'
import { searchFailure } from './search-failure.ts'

/** https://hl7.org/fhir/R4/search_filter.html#ops. By operator: what it is for each kind of parameter. */
type Meaning = { readonly prefix: string } | { readonly modifier: Modifier } | { readonly not: string }

const PREFIXED = ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap']
const ORDERED: Readonly<Record<string, Meaning>> = Object.fromEntries(
  PREFIXED.map((prefix) => [prefix, { prefix }]),
)
const TEXT: Readonly<Record<string, Meaning>> = {
  eq: { modifier: 'equals' },
  ne: { not: 'eq' },
  co: { modifier: 'contains' },
  sw: { prefix: '' },
  ew: { modifier: 'ends' },
}

const OPERATORS: Readonly<Partial<Record<SearchParameter['type'], Readonly<Record<string, Meaning>>>>> = {
  number: ORDERED,
  quantity: ORDERED,
  // "po: the value overlaps": what ap is for a period that is not widened.
  date: { ...ORDERED, po: { prefix: 'ap' } },
  string: TEXT,
  token: {
    eq: { prefix: '' },
    ne: { not: 'eq' },
    ss: { modifier: 'above' },
    sb: { modifier: 'below' },
    in: { modifier: 'in' },
    ni: { not: 'in' },
    co: { modifier: 'text' },
  },
  reference: { eq: { prefix: '' }, ne: { not: 'eq' }, re: { prefix: '' } },
  uri: { eq: { prefix: '' }, ne: { not: 'eq' }, ss: { modifier: 'above' }, sb: { modifier: 'below' } },
}

/** @throws Failure `invalid`/`search-filter` for an operator that the parameter doesn't have */
export function comparison(
  criteria: CriterionParser,
  type: string,
  name: string,
  operator: string,
  value: FilterToken,
  context: ValueContext,
): Criterion {
  if (operator === 'pr') {
    const present = value.text === 'true'
    if (!present && value.text !== 'false') throw searchFailure('search-filter', '_filter')
    return criteria.parse(type, `${name}:missing`, String(!present), context)
  }
  const param = criteria.parameter(type, name, name)
  const meaning = OPERATORS[param.type]?.[operator]
  if (!meaning) throw searchFailure('search-filter', '_filter')
  if ('not' in meaning)
    return { by: 'not', of: comparison(criteria, type, name, meaning.not, value, context) }
  // A quoted text says itself; a word keeps its separators (system|code).
  const text = value.kind === 'text' ? escapeValue(value.text) : value.text.replaceAll(',', String.raw`\,`)
  if ('prefix' in meaning) {
    const parsed = criteria.parse(type, name, `${meaning.prefix}${text}`, context)
    return operator === 'po' ? unwidened(criteria, type, name, text, context) : parsed
  }
  const own = meaning.modifier === 'equals' || meaning.modifier === 'ends'
  if (!own) return criteria.parse(type, `${name}:${meaning.modifier}`, text, context)
  const plain = criteria.parse(type, name, text, context) as ParameterCriterion
  return { ...plain, modifier: meaning.modifier }
}

function unwidened(
  criteria: CriterionParser,
  type: string,
  name: string,
  text: string,
  context: ValueContext,
): Criterion {
  const plain = criteria.parse(type, name, `eq${text}`, context) as ParameterCriterion
  return {
    ...plain,
    values: plain.values.map((value) => (value.kind === 'date' ? { ...value, prefix: 'ap' } : value)),
  }
}
