/** The tokens of references, under the parameters that have them in the index. See fhir/search/sharing.ts. */
import type { SearchParameter, SearchParameters } from '../../fhir/index.ts'
import { referenceHash } from '../hash.ts'

/** @param targets `Patient/123`, absolute URLs, urns */
export function referenceHashes(
  parameters: SearchParameters,
  { base, code }: Pick<SearchParameter, 'base' | 'code'>,
  targets: readonly string[],
): string[] {
  const shared = parameters.sharing(base).get(code)
  if (!shared) return targets.map((target) => referenceHash(base, code, target))
  const { sources, only } = shared
  const wanted = only === undefined ? targets : targets.filter((target) => isTo(target, only))
  return sources.flatMap((source) => wanted.map((target) => referenceHash(base, source.code, target)))
}

function isTo(target: string, type: string): boolean {
  return target.startsWith(`${type}/`) || target.includes(`/${type}/`)
}
