/** Strings, and the texts of codes. https://hl7.org/fhir/R4/search.html#string */
import {
  type Modifier,
  normalise,
  type SearchParameter,
  type SearchParameters,
  type SearchValue,
} from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import { cut } from '../cut.ts'
import { paramHash } from '../hash.ts'
import { type Condition, NOTHING, type StringMatch } from './condition.ts'
import { as, type IndexNames } from './index-names.ts'
import { pathsIn, type Within } from './within.ts'

export function stringCondition(
  { type, sources }: IndexNames,
  modifier: Modifier | undefined,
  values: readonly SearchValue[],
): Condition {
  const how = modifier !== undefined && isHow(modifier) ? modifier : 'starts'
  const matches = values.flatMap((value): StringMatch[] => {
    const { value: written } = as('string', value)
    const whole = normalise(written)
    // Punctuation alone is nothing that could be compared.
    return whole === '' && how !== 'exact' ? [] : [{ how, value: cut(whole), whole, written }]
  })
  if (matches.length === 0) return NOTHING
  const of = sources.map((name): Condition => ({ by: 'string', param: paramHash(type, name), matches }))
  return of.length === 1 ? of[0]! : { by: 'any', of }
}

function isHow(modifier: Modifier): modifier is Modifier & StringMatch['how'] {
  return ['exact', 'contains', 'equals', 'differs', 'ends'].includes(modifier)
}

/** `code:text`: "the search functions as a normal string search". */
export function textCondition(
  parameters: Pick<SearchParameters, 'places'>,
  param: SearchParameter,
  values: readonly SearchValue[],
  within: Within | undefined,
): Condition {
  const paths = parameters.places(param).texts
  if (!paths || paths.length === 0) {
    const name = `${param.code}:text`
    throw new Failure('invalid', 'search-modifier', { parameter: name }, { expression: [name] })
  }
  const beginnings = values
    .map((value) => normalise(as('string', value).value))
    .filter((beginning) => beginning !== '')
  return { by: 'places', paths: pathsIn(within, paths), beginnings }
}
