/** One parameter's criterion as a condition, by the kind of parameter. https://hl7.org/fhir/R4/search.html#ptypes */
import {
  canonicalUnit,
  type Definitions,
  normalise,
  type ParameterCriterion,
  type QuantityValue,
  type SearchParameter,
  type SearchParameters,
  type SearchValue,
  type Terminology,
  textPlaces,
  unitKey,
} from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import type { TenantId } from '../../kernel/ids.ts'
import { orderHash, paramHash, presentHash, systemHash, tokenHash, unitHash, uriHash } from '../hash.ts'
import { leadingOf } from '../leading.ts'
import { codeSpan } from '../token-meaning.ts'
import { cut } from '../cut.ts'
import { compileComposite } from './compile-composite.ts'
import { type Condition, NOTHING, type RangeCondition, type TokenSpan } from './condition.ts'
import { successor } from './enumerate.ts'
import { nearCondition } from './near.ts'
import { dateTest, numberTest } from './range-test.ts'
import { referenceHashes } from './reference-hashes.ts'

export interface ParameterDeps {
  readonly definitions: Definitions
  readonly parameters: SearchParameters
  readonly terminology: Pick<Terminology, 'expand' | 'below' | 'above'>
}

export async function compileParameter(
  deps: ParameterDeps,
  tenant: TenantId,
  type: string,
  criterion: ParameterCriterion,
): Promise<Condition> {
  const { param, modifier, values, missing } = criterion
  if (modifier === 'missing') return presence(param, missing !== true)
  if (modifier === 'not' || modifier === 'not-in') {
    const plain = modifier === 'not' ? undefined : 'in'
    return { by: 'not', of: await compileParameter(deps, tenant, type, { ...criterion, modifier: plain }) }
  }
  if (param.code === '_id') return { by: 'id', type, ids: values.flatMap((value) => idOf(value)) }
  if (param.code === '_lastUpdated')
    return { by: 'last-updated', tests: values.map((value) => dateTest(as('date', value))) }
  if (modifier === 'text') return textCondition(deps.definitions, param, values)
  const names = sourcesOf(deps.parameters, param)
  switch (param.type) {
    case 'token': {
      const wanted = await codings(deps.terminology, tenant, criterion)
      const suffix = modifier === 'of-type' ? ':of-type' : ''
      return tokensOf(
        tenant,
        type,
        names.map((name) => `${name}${suffix}`),
        wanted,
      )
    }
    case 'reference': {
      if (modifier === 'identifier') return tokensOf(tenant, type, [`${param.code}:identifier`], values)
      const targets = values.flatMap((value) => as('reference', value).targets)
      return {
        by: 'token',
        hashes: referenceHashes(deps.parameters, param, targets),
        spans: [],
        leading: isLeading(type, names),
        personal: targets.length <= FEW_PEOPLE && targets.every((target) => PERSONAL.test(target)),
      }
    }
    case 'uri':
      return uriCondition(tenant, type, criterion)
    case 'string': {
      const matches = values.map((value) => stringMatch(value, modifier))
      return anyOf(names.map((name) => ({ by: 'string', param: paramHash(type, name), matches })))
    }
    case 'date':
      return rangesOf(names, values, (name, value) => ({
        param: paramHash(type, name),
        ...dateTest(as('date', value)),
      }))
    case 'number':
      return rangesOf(names, values, (name, value) => ({
        param: paramHash(type, name),
        ...numberTest(as('number', value), Number),
      }))
    case 'quantity':
      return rangesOf(names, values, (name, value) => quantityTest(type, name, as('quantity', value)))
    case 'composite': {
      const compile = (one: ParameterCriterion) => compileParameter(deps, tenant, type, one)
      return compileComposite(deps.parameters, type, criterion, compile)
    }
    case 'special':
      return { by: 'any', of: values.map((value) => nearCondition(type, param.code, as('near', value))) }
  }
}

/** The value as what the parser makes of parameters of this kind. */
function as<Kind extends SearchValue['kind']>(
  kind: Kind,
  value: SearchValue,
): Extract<SearchValue, { kind: Kind }> {
  if (value.kind !== kind) throw new Failure('internal', 'search-not-compiled')
  return value as Extract<SearchValue, { kind: Kind }>
}

/** Every resource has an id and a time of change. */
function presence({ code }: SearchParameter, present: boolean): Condition {
  if (code === '_id' || code === '_lastUpdated') return present ? { by: 'all', of: [] } : NOTHING
  const has: Condition = { by: 'present', param: presentHash(code) }
  return present ? has : { by: 'not', of: has }
}

function idOf(value: SearchValue): string[] {
  // `_id` has no system: `system|id` matches nothing.
  const { system, code } = as('token', value)
  return code !== undefined && !system ? [code] : []
}

/** What so many people have is still little. */
const FEW_PEOPLE = 5
const PERSONAL = /^(?:Patient|Encounter)\//

/** The parameters whose index entries answer for this one. */
function sourcesOf(parameters: SearchParameters, { base, code }: SearchParameter): readonly string[] {
  return (
    parameters
      .sharing(base)
      .get(code)
      ?.sources.map((source) => source.code) ?? [code]
  )
}

function anyOf(of: readonly Condition[]): Condition {
  return of.length === 1 ? of[0]! : { by: 'any', of }
}

function rangesOf(
  names: readonly string[],
  values: readonly SearchValue[],
  test: (name: string, value: SearchValue) => RangeCondition['tests'][number],
): Condition {
  return { by: 'range', tests: names.flatMap((name) => values.map((value) => test(name, value))) }
}

function isLeading(type: string, names: readonly string[]): boolean {
  const by = leadingOf(type)?.by
  return by !== undefined && names.every((name) => by.has(name))
}

/** What `:in`, `:above` and `:below` stand for; other values as they are. */
async function codings(
  terminology: ParameterDeps['terminology'],
  tenant: TenantId,
  { param, modifier, values }: ParameterCriterion,
): Promise<readonly SearchValue[]> {
  if (modifier !== 'in' && modifier !== 'above' && modifier !== 'below') return values
  const name = `${param.code}:${modifier}`
  const lookUp = (value: SearchValue) => {
    if (modifier === 'in') return terminology.expand(tenant, as('uri', value).value)
    const { system, code } = as('token', value)
    if (!system || code === undefined) {
      throw new Failure('invalid', 'search-token-system', { parameter: name }, { expression: [name] })
    }
    return terminology[modifier](tenant, system, code)
  }
  try {
    const found = await Promise.all(values.map(lookUp))
    return found.flat().map(({ system, code }) => ({ kind: 'token', system: system ?? '', code }))
  } catch (error) {
    // What the search names is not here: the search is wrong, not its address.
    if (error instanceof Failure && error.kind === 'not-found')
      throw new Failure('invalid', error.code, error.params, { expression: [name] })
    throw error
  }
}

function tokensOf(
  tenant: TenantId,
  type: string,
  names: readonly string[],
  values: readonly SearchValue[],
): Condition {
  const hashes: string[] = []
  const spans: TokenSpan[] = []
  for (const name of names) {
    for (const value of values) {
      const { system, code } = as('token', value)
      if (code === undefined) spans.push({ system: systemHash(tenant, type, name, system!) })
      else if (system === undefined)
        spans.push({ order: orderHash(tenant, type, name), ...codeSpan(code), narrow: true })
      else hashes.push(tokenHash(type, name, system, code))
    }
  }
  return { by: 'token', hashes, spans, leading: isLeading(type, names) }
}

/** Above and below go by whole path segments. https://hl7.org/fhir/R4/search.html#uri */
function uriCondition(
  tenant: TenantId,
  type: string,
  { param, modifier, values }: ParameterCriterion,
): Condition {
  const { code } = param
  const uris = values.map((value) => as('uri', value).value)
  if (modifier === 'below') {
    const spans = uris.map((uri) => {
      const from = cut(uri.endsWith('/') ? uri : `${uri}/`)
      return { order: orderHash(tenant, type, code), from, to: successor(from) ?? from }
    })
    return { by: 'token', hashes: uris.map((uri) => uriHash(type, code, uri)), spans }
  }
  const wanted = modifier === 'above' ? uris.flatMap(withAncestors) : uris
  return { by: 'token', hashes: wanted.map((uri) => uriHash(type, code, uri)), spans: [] }
}

/** `http://a/b/c` → itself, `http://a/b`, `http://a/b/`, `http://a`, … */
function withAncestors(uri: string): string[] {
  const found = [uri]
  for (let end = uri.lastIndexOf('/'); end > 0; end = uri.lastIndexOf('/', end - 1)) {
    found.push(uri.slice(0, end), uri.slice(0, end + 1))
  }
  return found
}

function stringMatch(value: SearchValue, modifier: ParameterCriterion['modifier']) {
  const { value: written } = as('string', value)
  const own = modifier === 'exact' || modifier === 'contains' || modifier === 'equals' || modifier === 'ends'
  return { how: own ? modifier : 'starts', value: cut(normalise(written)), written } as const
}

function textCondition(
  definitions: Definitions,
  param: SearchParameter,
  values: readonly SearchValue[],
): Condition {
  const paths = textPlaces(definitions, param)
  if (!paths || paths.length === 0) {
    const name = `${param.code}:text`
    throw new Failure('invalid', 'search-modifier', { parameter: name }, { expression: [name] })
  }
  return { by: 'places', paths, beginnings: values.map((value) => normalise(as('string', value).value)) }
}

/** In the canonical unit where UCUM has the unit; without a system by the unit as it is written; without both any. */
function quantityTest(type: string, param: string, value: QuantityValue): RangeCondition['tests'][number] {
  const { system, code } = value
  const any = paramHash(type, param)
  if (code === undefined) return { param: any, ...numberTest(value, Number) }
  const canonical = canonicalUnit(system, code)
  if (canonical) {
    const name = unitHash(type, param, canonical.dimension)
    return { param: name, ...numberTest(value, (text) => canonical.toBase(Number(text))) }
  }
  const name = unitHash(type, param, unitKey(system, code))
  return { param: name, ...(system === undefined && { among: any }), ...numberTest(value, Number) }
}
