/**
 * What a page's resources refer to, and what refers to them. https://hl7.org/fhir/R4/search.html#include
 *
 * What was included once is not included again, so circles end by themselves.
 */
import type { Include } from '../../fhir/index.ts'
import type { TenantId } from '../../kernel/ids.ts'
import type { Stored } from '../resource.ts'
import { type IncludeDeps, makeBack } from './include-back.ts'
import { makeForth } from './include-forth.ts'

export interface Included {
  readonly entries: readonly Stored[]
  /** How many have been included by now, when more follow. */
  readonly next?: number
}

export interface IncludeOptions {
  /** How many an earlier answer had. */
  readonly from: number
  /** Types that the caller may not see are left out. */
  allows(type: string): boolean
}

export interface Includer {
  include(
    tenant: TenantId,
    page: readonly Stored[],
    includes: readonly Include[],
    options: IncludeOptions,
  ): Promise<Included>
}

/** In one answer. */
const MAX_INCLUDED = 1000
/** A chain of references that is longer than this is cut. */
const MAX_ROUNDS = 20

export function makeIncluder(deps: IncludeDeps): Includer {
  const ahead = makeForth(deps)
  const behind = makeBack(deps)

  return {
    async include(tenant, page, includes, { from, allows }) {
      if (includes.length === 0 || page.length === 0) return { entries: [] }
      const wanted = from + MAX_INCLUDED
      const seen = new Set(page.map(keyOf))
      const found: Stored[] = []
      let frontier = page
      for (let round = 0; round < MAX_ROUNDS && frontier.length > 0 && found.length <= wanted; round++) {
        const now = round === 0 ? includes : includes.filter(({ iterate }) => iterate)
        const [forth, reverse] = [now.filter((one) => !one.reverse), now.filter((one) => one.reverse)]
        const limit = wanted + seen.size + 1
        const next = await Promise.all([
          ahead(tenant, frontier, forth),
          behind(tenant, frontier, reverse, limit),
        ])
        frontier = next.flat().filter((one) => {
          const isNew = !seen.has(keyOf(one)) && allows(one.type)
          seen.add(keyOf(one))
          return isNew
        })
        found.push(...frontier)
      }
      const entries = found.slice(from, wanted)
      return found.length > wanted ? { entries, next: wanted } : { entries }
    },
  }
}

/** A reference to one version brings along that version, beside the current one where another reference is to that. */
function keyOf({ type, id, version }: Stored): string {
  return `${type}/${id}/${version}`
}
