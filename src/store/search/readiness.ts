/**
 * Whether the index can answer a search: not by a parameter of the tenant's own before the resources are indexed by it,
 * nor by what an index of an earlier program lacks. An answer would be incomplete, and nobody would see it.
 */
import type { Criterion, SearchParameter, SearchRequest } from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import type { SearchModel } from '../search-model/index.ts'

interface AskedParameter {
  readonly param: SearchParameter
  /** It is asked who has a value, or none. */
  readonly isMissing: boolean
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

/** @throws Failure `unsupported`/`search-parameter-not-indexed` */
export function refuseUnindexed(model: SearchModel, parameters: readonly AskedParameter[]): void {
  const missing = parameters.find(({ param, isMissing }) => !model.isIndexed(param, isMissing))
  if (!missing) return
  const { code, base } = missing.param
  throw new Failure(
    'unsupported',
    'search-parameter-not-indexed',
    { parameter: code, type: base },
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
      return [asked(criterion.param), ...criterion.targets.flatMap((target) => askedBy(target.criterion))]
    case 'has':
      return [asked(criterion.param), ...askedBy(criterion.criterion)]
    case 'all':
    case 'any':
      return criterion.of.flatMap(askedBy)
    case 'not':
      return askedBy(criterion.of)
    case 'compartment':
      return criterion.params.map((param) => asked(param))
    case 'list':
    case 'text':
      return []
  }
}

/** `_revinclude=Observation:*` means these too, `_revinclude=*` only R4's. */
function ownReferences({ parameters }: SearchModel, source: string | undefined): SearchParameter[] {
  if (source === undefined) return []
  return [...parameters.of(source).values()].filter(
    ({ own, type }) => own !== undefined && type === 'reference',
  )
}
