/** `name co "x"`: a comparison of `_filter` as the criterion that a parameter of the query would be. */
import type { CriterionParser } from './parse-criterion.ts'
import { escapeValue } from './escape.ts'
import type { FilterToken } from './filter-tokens.ts'
import type { ValueContext } from './parse-value.ts'
import type { SearchParameter } from './parameters.ts'
import type { Criterion, Modifier, ParameterCriterion, Prefix } from './request.ts'
import { searchFailure } from './search-failure.ts'

/** https://hl7.org/fhir/R4/search_filter.html#ops. By operator: what it is for each kind of parameter. */
type Meaning =
  | { readonly prefix: Prefix | '' }
  /** Of the comparison, not of the value that is written: no query can ask for it. */
  | { readonly own: Prefix | Modifier }
  | { readonly modifier: Modifier }
  /** Nothing of it is what the other operator asks for. */
  | { readonly none: string }
  /** "An item in the set has an unequal value": there is one, and it isn't that. */
  | { readonly unequal: true }

const PREFIXED = ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'] as const
const ORDERED: Readonly<Record<string, Meaning>> = {
  ...Object.fromEntries(PREFIXED.map((prefix) => [prefix, { prefix }])),
  co: { own: 'co' },
}
const TEXT: Readonly<Record<string, Meaning>> = {
  eq: { own: 'equals' },
  ne: { own: 'differs' },
  co: { modifier: 'contains' },
  sw: { prefix: '' },
  ew: { own: 'ends' },
}
const DISCRETE: Readonly<Record<string, Meaning>> = { eq: { prefix: '' }, ne: { unequal: true } }
/** "True if the value subsumes a concept in the set", "is subsumed by a concept in the set": the value that is written. */
const SUBSUMING: Readonly<Record<string, Meaning>> = { ss: { modifier: 'below' }, sb: { modifier: 'above' } }

const OPERATORS: Readonly<Partial<Record<SearchParameter['type'], Readonly<Record<string, Meaning>>>>> = {
  number: ORDERED,
  quantity: ORDERED,
  // "po: overlaps": what ap is for a period that is not widened.
  date: { ...ORDERED, po: { own: 'ap' } },
  string: TEXT,
  token: { ...DISCRETE, ...SUBSUMING, in: { modifier: 'in' }, ni: { none: 'in' }, co: { modifier: 'text' } },
  reference: { ...DISCRETE, re: { prefix: '' } },
  uri: { ...DISCRETE, ...SUBSUMING },
  composite: { eq: { prefix: '' }, ne: { none: 'eq' } },
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
  const presence = (missing: boolean) => criteria.parse(type, `${name}:missing`, String(missing), context)
  if (operator === 'pr') {
    if (value.text !== 'true' && value.text !== 'false') throw searchFailure('search-filter', '_filter')
    return presence(value.text === 'false')
  }
  const { type: kind } = criteria.parameter(type, name, name)
  const meanings = OPERATORS[kind] ?? {}
  const meaning = Object.hasOwn(meanings, operator) ? meanings[operator]! : undefined
  if (!meaning) throw searchFailure('search-filter', '_filter')
  const also = (other: string): Criterion => ({
    by: 'not',
    of: comparison(criteria, type, name, other, value, context),
  })
  if ('none' in meaning) return also(meaning.none)
  if ('unequal' in meaning) return { by: 'all', of: [presence(false), also('eq')] }
  const text = textOf(value, kind)
  if ('modifier' in meaning) return criteria.parse(type, `${name}:${meaning.modifier}`, text, context)
  if ('prefix' in meaning) return criteria.parse(type, name, `${meaning.prefix}${text}`, context)
  const plain = criteria.parse(type, name, kind === 'string' ? text : `eq${text}`, context)
  return withOwn(plain as ParameterCriterion, meaning.own)
}

function withOwn(criterion: ParameterCriterion, own: Prefix | Modifier): Criterion {
  if (criterion.param.type === 'string') return { ...criterion, modifier: own as Modifier }
  const values = criterion.values.map((value) =>
    'prefix' in value ? { ...value, prefix: own as Prefix } : value,
  )
  return { ...criterion, values }
}

/** "For convenience, the codes loinc, snomed, rxnorm and ucum are predefined." */
const SYSTEMS: Readonly<Record<string, string>> = {
  loinc: 'http://loinc.org',
  snomed: 'http://snomed.info/sct',
  rxnorm: 'http://www.nlm.nih.gov/research/umls/rxnorm',
  ucum: 'http://unitsofmeasure.org',
}

/** As a query would have it. A quoted text says itself; a word keeps its separators (`system|code`). */
function textOf({ kind, text }: FilterToken, of: SearchParameter['type']): string {
  if (kind === 'text' && of === 'string') return escapeValue(text)
  const written = text.replaceAll(',', String.raw`\,`)
  if (of !== 'token' && of !== 'quantity' && of !== 'composite') return written
  return written.replaceAll(/(?<=^|[|$])(loinc|snomed|rxnorm|ucum)(?=\|)/g, (name) => SYSTEMS[name]!)
}
