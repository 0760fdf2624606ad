/** The tokens of references, under the parameters that have them in the index. See fhir/search/sharing.ts. */
import type { SearchParameter, SearchParameters } from '../../fhir/index.ts'
import { referenceHash } from '../hash.ts'

/** @param targets `Patient/123`, absolute URLs, urns */
export function referenceHashes(
  parameters: SearchParameters,
  param: Pick<SearchParameter, 'base' | 'code'>,
  targets: readonly string[],
): string[] {
  const { base, code } = param
  const shared = parameters.sharing(base).get(code)
  const sources = shared?.sources ?? [{ code }]
  const wanted = possibleTargets(parameters, param, targets)
  return sources.flatMap((source) => wanted.map((target) => referenceHash(base, source.code, target)))
}

/** Those of the targets that the parameter can point to: `patient` has what `subject` says of patients. */
export function possibleTargets(
  parameters: SearchParameters,
  { base, code }: Pick<SearchParameter, 'base' | 'code'>,
  targets: readonly string[],
): readonly string[] {
  const only = parameters.sharing(base).get(code)?.only
  return only === undefined ? targets : targets.filter((target) => isTo(target, only))
}

function isTo(target: string, type: string): boolean {
  return target.startsWith(`${type}/`) || target.includes(`/${type}/`)
}
