/**
 * Whether the index can answer a search: not by a parameter of the tenant's own before the resources are indexed by it,
 * nor by what an index of an earlier program lacks. An answer would be incomplete, and nobody would see it.
 */
import {
  type ChainCriterion,
  type Criterion,
  embeddingName,
  type SearchParameter,
  type SearchRequest,
} from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import { tokenHash } from '../hash.ts'
import type { SearchModel } from '../search-model/index.ts'

export interface AskedParameter {
  readonly param: SearchParameter
  /** It is asked who has a value, or none. */
  readonly isMissing: boolean
  /** It is asked of what resources of this type embed; the token says that some embed what has the parameter. */
  readonly inside?: { readonly type: string; readonly token: string }
}

/** All parameters that the index is asked for. */
export function askedParameters(model: SearchModel, request: SearchRequest): AskedParameter[] {
  const { criteria, sort, includes } = request
  return [
    ...criteria.flatMap(askedBy),
    ...sort.map(({ param }) => asked(param)),
    // What a page refers to is read off its resources; what refers to it is asked of the index.
    ...includes
      .filter(({ reverse }) => reverse)
      .flatMap(({ source, param }) => (param ? [param] : ownReferences(model, source)))
      .map((param) => asked(param)),
  ]
}

/** Those that the index doesn't have of all resources. */
export function unindexed(model: SearchModel, parameters: readonly AskedParameter[]): AskedParameter[] {
  return parameters.filter(({ param, isMissing, inside }) => !model.isIndexed(param, isMissing, inside?.type))
}

export function notIndexed({ param, inside }: AskedParameter): Failure {
  const { code, base } = param
  return new Failure(
    'unsupported',
    'search-parameter-not-indexed',
    { parameter: code, type: inside?.type ?? base },
    { expression: [code] },
  )
}

function asked(param: SearchParameter, isMissing = false): AskedParameter {
  return { param, isMissing }
}

function askedBy(criterion: Criterion): AskedParameter[] {
  switch (criterion.by) {
    case 'parameter':
      return [asked(criterion.param, criterion.missing !== undefined)]
    case 'chain':
      return [
        asked(criterion.param),
        ...criterion.targets.flatMap((target) => chained(criterion.param, target)),
      ]
    case 'has':
      return [asked(criterion.param), ...askedBy(criterion.criterion)]
    case 'all':
    case 'any':
      return criterion.of.flatMap(askedBy)
    case 'not':
      return askedBy(criterion.of)
    case 'compartment':
      return criterion.params.map((param) => asked(param))
    case 'patients':
    case 'list':
    case 'text':
      return []
  }
}

/** What is chained to may stand in the resource itself. R4's parameters are then indexed with it. */
function chained({ base, code }: SearchParameter, { type, criterion }: ChainTarget): AskedParameter[] {
  const linked = askedBy(criterion)
  const inside = { type: base, token: tokenHash(base, embeddingName(code), '', type) }
  const embedded = linked.filter(({ param }) => param.own !== undefined).map((one) => ({ ...one, inside }))
  return [...linked, ...embedded]
}

type ChainTarget = ChainCriterion['targets'][number]

/** `_revinclude=Observation:*` means these too, `_revinclude=*` only R4's. */
function ownReferences({ parameters }: SearchModel, source: string | undefined): SearchParameter[] {
  if (source === undefined) return []
  return [...parameters.of(source).values()].filter(
    ({ own, type }) => own !== undefined && type === 'reference',
  )
}
