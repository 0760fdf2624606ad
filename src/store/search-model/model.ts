/** What a tenant can search by, and how its resources are indexed for it: R4's search parameters and its own. */
import {
  checkDefinition,
  checkExpressions,
  checkOwnParameters,
  type Definitions,
  type Extractor,
  makeSearchParser,
  makeWiderExtractor,
  type OwnDefinition,
  ownDefinition,
  ownParameter,
  type OwnParameterChange,
  type OwnParameters,
  ownTypesOf,
  type SearchParameter,
  type SearchParameters,
  type SearchParser,
  withOwnParameters,
} from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import type { TenantId } from '../../kernel/ids.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { ResourceIndex } from '../index-rows.ts'
import type { IndexResource, ReferringIndex } from '../integrity/index.ts'
import { lacks } from '../index-version.ts'
import { supportedSearch } from '../search/compile.ts'
import type { SearchState, StoredParameter } from './state.ts'

export interface SearchModel {
  /** Rises with every change; what a write must be indexed for. */
  readonly revision: number
  readonly indexVersion: number
  /** A pass over the tenant's resources is on: see store/reindex/. */
  readonly isReindexing: boolean
  readonly parameters: SearchParameters
  readonly extractor: Extractor
  readonly parser: SearchParser
  /** The tenant's own definitions. */
  readonly own: readonly OwnModelParameter[]
  /** What a resource is to be found by. */
  index(type: string, resource: JsonObject): ReferringIndex
  /** What the index may have of a resource that is there: also by parameters that are no longer in force. */
  formerIndex(type: string, resource: JsonObject): ResourceIndex
  /** @throws Failure `invalid`/`search-definition-…` when SearchParameters can't become so */
  check(changes: readonly OwnParameterChange[]): void
  /**
   * Whether all resources of the type are indexed for a search by the parameter. Left out: the parameter's own type;
   * another one may embed resources of that (fhir/search/embedded.ts).
   */
  isIndexed(param: SearchParameter, isMissing: boolean, type?: string): boolean
}

export interface OwnModelParameter extends Omit<StoredParameter, 'definition'> {
  readonly definition: OwnDefinition
  /** Where it has an effect: not where R4 has the code. */
  readonly types: readonly string[]
  /** Types that are not done. All that are stored count, since any may embed one that has the parameter. */
  readonly open: readonly string[]
}

export interface SearchModelDeps {
  readonly definitions: Definitions
  readonly parameters: SearchParameters
  readonly extractor: Extractor
  readonly indexWith: IndexResource
}

/** Who makes models: what tenants without own parameters have in common is made once. */
export function makeModelMaker(deps: SearchModelDeps): (tenant: TenantId, state: SearchState) => SearchModel {
  const { definitions, parameters: standard, extractor, indexWith } = deps
  const parserOf = (parameters: SearchParameters) =>
    makeSearchParser({ definitions, parameters, supported: supportedSearch })
  const shared = { parameters: standard, extractor, parser: parserOf(standard) }

  return (tenant, { revision, indexVersion, isReindexing, parameters: stored }) => {
    const own = usable(deps, stored)
    const inForce = own.filter(({ retired }) => !retired)
    const retired = own.filter((one) => one.retired)
    const parts = inForce.length === 0 ? shared : ownParts()
    const done = new Map(inForce.map((one) => [one.number, new Set(one.done)]))

    function ownParts(): typeof shared {
      const mine = byType(inForce)
      const parameters = withOwnParameters(definitions, standard, mine)
      return {
        parameters,
        extractor: makeWiderExtractor(definitions, extractor, parameters, mine),
        parser: parserOf(parameters),
      }
    }

    /** What was in force and what is. */
    function formerExtractor(): Extractor {
      const parameters = withOwnParameters(definitions, standard, byType(inForce), byType(retired))
      return makeWiderExtractor(definitions, extractor, parameters, byType(own))
    }

    const rowsBy = (by: Extractor) => (type: string, resource: JsonObject) =>
      indexWith(by, tenant, type, resource)
    const index = rowsBy(parts.extractor)
    return {
      revision,
      indexVersion,
      isReindexing,
      ...parts,
      own,
      index,
      formerIndex: retired.length === 0 ? index : rowsBy(formerExtractor()),
      check: (changes) =>
        checkOwnParameters(
          { definitions, standard },
          new Map(inForce.map(({ id, definition }) => [id, definition])),
          changes,
        ),
      isIndexed: (param, isMissing, type = param.base) =>
        param.own === undefined
          ? !lacks(indexVersion, param, isMissing)
          : (done.get(param.own)?.has(type) ?? false),
    }
  }
}

/**
 * Those that can work. What is stored was checked, but perhaps by an earlier program, or before there were own parameters;
 * what can't work is as if it weren't there.
 */
function usable(deps: SearchModelDeps, stored: readonly StoredParameter[]): OwnModelParameter[] {
  const { definitions, parameters: standard } = deps
  const found: OwnModelParameter[] = []
  // A composite may be older than its components.
  for (const one of [...stored].sort((a, b) => Number(isComposite(a)) - Number(isComposite(b)))) {
    const definition = ownDefinition(one.definition)
    const others = found.filter(({ retired }) => one.retired || !retired).map((each) => each.definition)
    const check = one.retired ? checkExpressions : checkDefinition
    if (!passes(() => check({ definitions, standard }, definition, others))) continue
    const types = ownTypesOf(definitions, standard, definition)
    const done = new Set(one.done)
    const open =
      types.length === 0 ? [] : definitions.resourceTypes.filter((type) => isStored(type) && !done.has(type))
    found.push({ ...one, definition, types, open })
  }
  return found
}

function passes(check: () => void): boolean {
  try {
    check()
    return true
  } catch (error) {
    if (error instanceof Failure) return false
    throw error
  }
}

function isComposite({ definition }: StoredParameter): boolean {
  return definition['type'] === 'composite'
}

function byType(own: readonly Pick<OwnModelParameter, 'definition' | 'number' | 'types'>[]): OwnParameters {
  const all = own.flatMap(({ definition, number, types }) =>
    types.map((type) => ownParameter(definition, type, number)),
  )
  return Map.groupBy(all, ({ base }) => base)
}

/** AuditEvents are a view of the audit trail. */
function isStored(type: string): boolean {
  return type !== 'AuditEvent'
}
