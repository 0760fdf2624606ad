/** References: the hashes of what they may name. https://hl7.org/fhir/R4/search.html#reference */
import type { Modifier, SearchParameter, SearchParameters, SearchValue } from '../../fhir/index.ts'
import { referenceHash } from '../hash.ts'
import { tokenCondition } from './compile-token.ts'
import type { Condition } from './condition.ts'
import { as, type IndexNames } from './index-names.ts'
import { possibleTargets, referenceHashes } from './reference-hashes.ts'

/** What so many people have is still little. */
const FEW_PEOPLE = 5
const PERSONAL = /^(?:Patient|Encounter)\//

export function referenceCondition(
  parameters: SearchParameters,
  index: IndexNames,
  param: SearchParameter,
  modifier: Modifier | undefined,
  values: readonly SearchValue[],
): Condition {
  if (modifier === 'identifier') return tokenCondition(index, modifier, values)
  const versions = modifier === 'below' ? values.map((value) => as('uri', value).value) : []
  const targets =
    modifier === 'below'
      ? versions.filter((canonical) => !canonical.includes('|'))
      : values.flatMap((value) => as('reference', value).targets)
  const { type, code, leading, within } = index
  const hashes = within
    ? targets.map((target) => referenceHash(type, code, target))
    : referenceHashes(parameters, param, targets)
  // A URL without a version is found as such, whatever the version; `url|1` has 1.0 and 1.1 below it.
  const below = versions
    .filter((canonical) => canonical.includes('|'))
    .map((canonical) => referenceHash(type, `${code}:below`, canonical))
  const possible = possibleTargets(parameters, param, targets)
  const personal =
    possible.length > 0 && possible.length <= FEW_PEOPLE && possible.every((one) => PERSONAL.test(one))
  return { by: 'token', hashes: [...hashes, ...below], spans: [], leading, personal }
}
