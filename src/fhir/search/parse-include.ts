/** `_include=Observation:subject:Patient`, `_revinclude:iterate=…`. https://hl7.org/fhir/R4/search.html#include */
import type { SearchParserDeps } from './parse.ts'
import type { Include } from './request.ts'
import { searchFailure } from './search-failure.ts'

/**
 * @param type what is searched for; the source of `_include=*`
 * @throws Failure `invalid`/`search-include`
 */
export function parseInclude(
  name: string,
  modifiers: readonly string[],
  value: string,
  type: string,
  { definitions, parameters }: SearchParserDeps,
): Include {
  const reverse = name.startsWith('_rev')
  // `recurse` is what STU3 called it.
  const iterate = modifiers[0] === 'iterate' || modifiers[0] === 'recurse'
  if (modifiers.length > (iterate ? 1 : 0)) throw searchFailure('search-modifier', name)
  const [source = '', code, target, ...more] = value.split(':')
  const refuse = () => searchFailure('search-include', name)
  if (more.length > 0 || (target !== undefined && !definitions.isResourceType(target))) throw refuse()
  if (source === '*') {
    if (code !== undefined && code !== '*') throw refuse()
    return { reverse, source: reverse ? undefined : type, param: undefined, target, iterate }
  }
  if (!definitions.isResourceType(source) || code === undefined) throw refuse()
  if (code === '*') return { reverse, source, param: undefined, target, iterate }
  const param = parameters.of(source).get(code)
  if (param?.type !== 'reference' || param.expression === undefined) throw refuse()
  if (target !== undefined && param.targets.length > 0 && !param.targets.includes(target)) throw refuse()
  return { reverse, source, param, target, iterate }
}
