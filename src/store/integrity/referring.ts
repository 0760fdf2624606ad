/**
 * Who refers to a resource, by the search index: the tokens of the reference parameters that point to its type. What a
 * resource refers to and none of these shows (in an extension, or an element without a search parameter) gets a token of
 * its own, so that nothing that refers is overlooked.
 */
import type { IndexEntries, SearchParameters } from '../../fhir/index.ts'
import { referenceHash, unshownHash } from '../hash.ts'
import { nameOf, type Target } from './target.ts'

export interface Referring {
  /** The tokens that a resource has one of when it refers to this one. */
  tokensFor(target: { readonly type: string; readonly id: string }): string[]
  /** The tokens of a resource for those targets that its search parameters don't show. */
  unshown(type: string, entries: IndexEntries, targets: readonly Target[]): string[]
}

export function makeReferring(parameters: SearchParameters, resourceTypes: readonly string[]): Referring {
  /** By the type that they point to: `[referring type, parameter]`. */
  const byTarget = new Map<string, [string, string][]>()
  /** `type.parameter` → the types that it points to. */
  const pointing = new Map<string, Set<string>>()
  for (const type of resourceTypes) {
    // A Bundle's parameters show what it holds, not what it refers to.
    if (type === 'Bundle') continue
    const shared = parameters.sharing(type)
    for (const { code, type: kind, expression, targets } of parameters.of(type).values()) {
      if (kind !== 'reference' || expression === undefined || shared.has(code)) continue
      for (const target of targets) {
        byTarget.set(target, [...(byTarget.get(target) ?? []), [type, code]])
        const name = `${type}.${code}`
        pointing.set(name, (pointing.get(name) ?? new Set()).add(target))
      }
    }
  }

  return {
    tokensFor(target) {
      const name = nameOf(target)
      const shown = byTarget.get(target.type) ?? []
      return [unshownHash(name), ...shown.map(([type, code]) => referenceHash(type, code, name))]
    },

    unshown(type, { references }, targets) {
      if (targets.length === 0) return []
      const shown = new Set<string>()
      for (const { param, target } of references) {
        const slash = target.indexOf('/')
        if (pointing.get(`${type}.${param}`)?.has(target.slice(0, slash))) shown.add(target)
      }
      return targets
        .map(nameOf)
        .filter((name) => !shown.has(name))
        .map(unshownHash)
    },
  }
}
