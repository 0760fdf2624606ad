/** Tokens: their hashes, and what value sets and code systems make of them. https://hl7.org/fhir/R4/search.html#token */
import {
  mimeBase,
  type Modifier,
  type ParameterCriterion,
  type SearchValue,
  type Terminology,
} from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import type { TenantId } from '../../kernel/ids.ts'
import { orderHash, systemHash, tokenHash } from '../hash.ts'
import { codeSpan } from '../token-meaning.ts'
import type { Condition, TokenSpan } from './condition.ts'
import { as, type IndexNames } from './index-names.ts'

export interface TokenDeps {
  readonly terminology: Pick<Terminology, 'expand' | 'below' | 'above'>
}

/** What `:in`, `:above` and `:below` stand for; other values as they are. */
export async function codings(
  terminology: TokenDeps['terminology'],
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

/** Some token of the parameter is one of the values. */
export function tokenCondition(
  { tenant, type, code: own, sources, leading }: IndexNames,
  modifier: Modifier | undefined,
  values: readonly SearchValue[],
): Condition {
  const hashes: string[] = []
  const spans: TokenSpan[] = []
  const names = modifier === 'identifier' ? [own] : sources
  const aspect = modifier === 'of-type' || modifier === 'identifier' ? `:${modifier}` : ''
  for (const name of names.map((each) => each + aspect)) {
    for (const value of values) {
      const { code, system: asked } = as('token', value)
      for (const system of synonyms(asked)) {
        if (code === undefined) spans.push({ system: systemHash(tenant, type, name, system!) })
        else if (system === undefined)
          spans.push({ order: orderHash(tenant, type, name), ...codeSpan(code), narrow: true })
        else hashes.push(tokenHash(type, name, system, code))
      }
    }
  }
  return { by: 'token', hashes, spans, leading: leading && aspect === '' }
}

/** R4 names the system of booleans in one way (search.html#token) and defines it in another. */
function synonyms(system: string | undefined): readonly (string | undefined)[] {
  return system === 'http://terminology.hl7.org/CodeSystem/special-values'
    ? [system, 'http://hl7.org/fhir/special-values']
    : [system]
}

/** The base of a mime type, which has no system. https://hl7.org/fhir/R4/search.html#mimetype */
export function mimeCondition({ type, code }: IndexNames, values: readonly SearchValue[]): Condition {
  const bases = values.map((value) => mimeBase(as('token', value).code ?? ''))
  return { by: 'token', hashes: bases.map((base) => tokenHash(type, `${code}:below`, '', base)), spans: [] }
}
