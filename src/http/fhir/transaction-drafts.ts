/** The resources that a transaction is going to write, found by criteria before they are stored. */
import { foldCode, type IndexEntries, matchesRequest, type SearchRequest } from '../../fhir/index.ts'
import type { TenantId } from '../../kernel/ids.ts'
import type { FhirService } from './interaction.ts'
import type { Named } from './transaction-identities.ts'

export interface Drafts {
  readonly all: readonly Named[]
  /** Those that meet the criteria. */
  matching(criteria: SearchRequest): readonly Named[]
}

interface IndexedDraft {
  readonly draft: Named
  readonly entries: IndexEntries
}

interface TypeIndex {
  readonly drafts: readonly IndexedDraft[]
  readonly byToken: ReadonlyMap<string, ReadonlySet<IndexedDraft>>
}

/** Each resource is looked at once, and criteria begin at a token where they have one: thousands ask about thousands. */
export function indexDrafts(service: FhirService, tenant: TenantId, all: readonly Named[]): Drafts {
  const byType = Map.groupBy(all, ({ planned }) => planned.request.type)
  const indexes = new Map<string, TypeIndex>()

  function indexOf(type: string): TypeIndex {
    const known = indexes.get(type)
    if (known) return known
    const drafts = (byType.get(type) ?? []).map((draft) => ({
      draft,
      entries: service.index(tenant, type, { ...draft.planned.entry.resource!.value, id: draft.id }),
    }))
    const byToken = new Map<string, Set<IndexedDraft>>()
    for (const one of drafts) {
      for (const { param, code } of one.entries.tokens) {
        const name = tokenName(param, code)
        byToken.set(name, (byToken.get(name) ?? new Set()).add(one))
      }
    }
    const made = { drafts, byToken }
    indexes.set(type, made)
    return made
  }

  return {
    all,
    matching(criteria) {
      const { drafts, byToken } = indexOf(criteria.type)
      const names = tokensIn(criteria)
      const candidates =
        names === undefined ? drafts : new Set(names.flatMap((name) => [...(byToken.get(name) ?? [])]))
      return [...candidates]
        .filter(({ entries }) => matchesRequest(entries, criteria))
        .map(({ draft }) => draft)
    },
  }
}

function tokenName(param: string, code: string): string {
  return `${param} ${foldCode(code)}`
}

/** The tokens of which what matches has one; undefined: the criteria have none that would tell. */
function tokensIn({ criteria }: SearchRequest): string[] | undefined {
  for (const criterion of criteria) {
    if (criterion.by !== 'parameter' || criterion.param.type !== 'token' || criterion.modifier !== undefined)
      continue
    const { param, values } = criterion
    const codes = values.flatMap((value) =>
      value.kind === 'token' && value.code !== undefined ? value.code : [],
    )
    if (codes.length === values.length) return codes.map((code) => tokenName(param.code, code))
  }
  return undefined
}
