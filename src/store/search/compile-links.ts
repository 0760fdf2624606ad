/**
 * Criteria that look at other resources: chains, _has, lists, compartments.
 *
 * Where few resources are linked, they are looked up first and the criterion becomes tokens or ids, which the index
 * streams. Where many are, the criterion is tested on each resource that the rest of the search finds: then many meet
 * it, and a page is soon full.
 */
import {
  type ChainCriterion,
  type CompartmentCriterion,
  type Criterion,
  type Definitions,
  type HasCriterion,
  isCanonical,
  type ListCriterion,
  referencePlaces,
  type SearchParameter,
  type SearchParameters,
} from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import type { TenantId } from '../../kernel/ids.ts'
import { type Condition, conjuncts } from './condition.ts'
import { referenceHashes } from './reference-hashes.ts'

export interface Links {
  readonly definitions: Definitions
  readonly parameters: SearchParameters
  /** Absolute URLs under which clients reach the tenant's resources, each with a slash at its end. */
  bases(tenant: TenantId): readonly string[]
  /** What a chain may point to, when few meet the conditions: `Type/id`, or the canonical URLs. undefined: many do. */
  targets(
    tenant: TenantId,
    type: string,
    conditions: readonly Condition[],
    canonical: boolean,
  ): Promise<readonly string[] | undefined>
  /** Ids of `type` that resources refer to at these places, when few meet the conditions. undefined: many do. */
  referred(
    tenant: TenantId,
    source: {
      readonly type: string
      readonly conditions: readonly Condition[]
      readonly paths: readonly string[]
    },
    type: string,
  ): Promise<readonly string[] | undefined>
  /** Ids of `type` that these Lists have. */
  listed(tenant: TenantId, lists: readonly string[], type: string): Promise<readonly string[]>
}

type Linked = ChainCriterion | HasCriterion | ListCriterion | CompartmentCriterion

export async function compileLinked(
  links: Links,
  tenant: TenantId,
  type: string,
  criterion: Linked,
  compile: (type: string, criterion: Criterion) => Promise<Condition>,
): Promise<Condition> {
  switch (criterion.by) {
    case 'chain':
      return chain(links, tenant, criterion, compile)
    case 'has':
      return has(links, tenant, type, criterion, compile)
    case 'list':
      return { by: 'id', type, ids: await links.listed(tenant, criterion.ids, type) }
    case 'compartment':
      return compartment(links, type, criterion)
  }
}

async function chain(
  links: Links,
  tenant: TenantId,
  { param, targets }: ChainCriterion,
  compile: (type: string, criterion: Criterion) => Promise<Condition>,
): Promise<Condition> {
  const compiled = await Promise.all(
    targets.map(async (target) => ({
      type: target.type,
      condition: await compile(target.type, target.criterion),
    })),
  )
  const canonical = isCanonical(links.definitions, param)
  const found = await Promise.all(
    compiled.map((target) => links.targets(tenant, target.type, conjuncts([target.condition]), canonical)),
  )
  if (found.every((names) => names !== undefined)) {
    const hashes = referenceHashes(links.parameters, param, found.flat())
    return { by: 'token', hashes, spans: [] }
  }
  return { by: 'chain', paths: pathsOf(links, param), bases: links.bases(tenant), targets: compiled }
}

async function has(
  links: Links,
  tenant: TenantId,
  type: string,
  { type: source, param, criterion }: HasCriterion,
  compile: (type: string, criterion: Criterion) => Promise<Condition>,
): Promise<Condition> {
  const condition = await compile(source, criterion)
  const paths = referencePlaces(links.definitions, param)
  if (paths !== undefined) {
    const ids = await links.referred(
      tenant,
      { type: source, conditions: conjuncts([condition]), paths },
      type,
    )
    if (ids !== undefined) return { by: 'id', type, ids }
  }
  const [asked] = links.parameters.sharing(source).get(param.code)?.sources ?? [param]
  return { by: 'has', type, reference: `${source}.${asked!.code}`, condition }
}

/** The tokens of references to the compartment's resource. */
function compartment(
  { parameters }: Links,
  type: string,
  { compartment: name, id, params, self }: CompartmentCriterion,
): Condition {
  const hashes = params.flatMap((param) => referenceHashes(parameters, param, [`${name}/${id}`]))
  const members: Condition = { by: 'token', hashes, spans: [] }
  return self ? { by: 'any', of: [members, { by: 'id', type, ids: [id] }] } : members
}

function pathsOf({ definitions }: Links, param: SearchParameter): readonly string[] {
  const paths = referencePlaces(definitions, param)
  if (paths === undefined || paths.length === 0)
    throw new Failure(
      'unsupported',
      'search-chain-too-broad',
      { parameter: param.code },
      { expression: [param.code] },
    )
  return paths
}
