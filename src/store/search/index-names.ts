/** How the index names a parameter, and what the parser makes of its values. */
import type { SearchParameter, SearchParameters, SearchValue } from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import type { TenantId } from '../../kernel/ids.ts'
import { leadingOf } from '../leading.ts'
import { nameIn, type Within } from './within.ts'

export interface IndexNames {
  readonly tenant: TenantId
  /** Of the resource that is searched for. */
  readonly type: string
  /** Its own name. */
  readonly code: string
  /** The names whose entries answer for it: its own, or those of parameters that it shares the index with. */
  readonly sources: readonly string[]
  /** Its tokens are kept in the order of the clinical date too. */
  readonly leading: boolean
  /** It is of a resource that stands in the one that is searched for. */
  readonly within: Within | undefined
}

/** What a parameter is asked of. */
export interface Subject {
  readonly tenant: TenantId
  /** Of the resource that is searched for. */
  readonly type: string
  /** Where it is not asked of the resource itself. */
  readonly within: Within | undefined
  /** It is one of the criteria that all must hold of what is searched for, so that a page can begin with it. */
  readonly leads?: { readonly goesOn: boolean } | undefined
}

export function namesIn(parameters: SearchParameters, subject: Subject, param: SearchParameter): IndexNames {
  const code = nameIn(subject.within, param.code)
  // What is embedded shares nothing.
  const shared = subject.within ? undefined : parameters.sharing(param.base).get(param.code)
  const sources = shared?.sources.map((source) => source.code) ?? [code]
  const by = leadingOf(subject.type)?.by
  return { ...subject, code, sources, leading: by !== undefined && sources.every((name) => by.has(name)) }
}

/** The value as what the parser makes of parameters of this kind. */
export function as<Kind extends SearchValue['kind']>(
  kind: Kind,
  value: SearchValue,
): Extract<SearchValue, { kind: Kind }> {
  if (value.kind !== kind) throw new Failure('internal', 'search-not-compiled')
  return value as Extract<SearchValue, { kind: Kind }>
}
