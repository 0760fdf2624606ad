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
  embeddingName,
  type HasCriterion,
  type ListCriterion,
  type SearchParameter,
  type SearchParameters,
} from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import type { TenantId } from '../../kernel/ids.ts'
import { referenceHash, tokenHash } from '../hash.ts'
import { type Condition, conjuncts, NOTHING, type TokenCondition } from './condition.ts'
import type { Subject } from './index-names.ts'
import { referenceHashes } from './reference-hashes.ts'
import { embeddedIn, nameIn, pathsIn, type Within } from './within.ts'

export interface Links {
  readonly definitions: Definitions
  readonly parameters: SearchParameters
  /** Absolute URLs under which clients reach the tenant's resources, each with a slash at its end. */
  bases(tenant: TenantId): readonly string[]
  /**
   * What a chain may point to, when few meet the conditions: `Type/id`, or for canonicals `url|version` and `url|`.
   * undefined: many do.
   */
  targets(
    tenant: TenantId,
    type: string,
    conditions: readonly Condition[],
    canonical: boolean,
  ): Promise<readonly string[] | undefined>
  /** Those of the tokens that some resource has. */
  known(tenant: TenantId, hashes: readonly string[]): Promise<ReadonlySet<string>>
  /** Ids of `type` that resources refer to at these places, when few meet the conditions. undefined: many do. */
  referred(
    tenant: TenantId,
    source: {
      readonly type: string
      readonly conditions: readonly Condition[]
      readonly paths: readonly string[]
      readonly canonical: boolean
      /** They can be streamed too: a few hundred are many then. */
      readonly streams: boolean
    },
    type: string,
  ): Promise<readonly string[] | undefined>
  /** Ids of `type` that these Lists have. */
  listed(tenant: TenantId, lists: readonly string[], type: string): Promise<readonly string[]>
}

type Linked = ChainCriterion | HasCriterion | ListCriterion | CompartmentCriterion

type Compile = (type: string, criterion: Criterion, within?: Within) => Promise<Condition>

export async function compileLinked(
  links: Links,
  subject: Subject,
  criterion: Linked,
  compile: Compile,
): Promise<Condition> {
  const { tenant, type, within } = subject
  if (criterion.by === 'chain') return chain(links, subject, criterion, compile)
  // What is contained is in no list or compartment, and nothing else refers to it.
  if (within) return NOTHING
  switch (criterion.by) {
    case 'has':
      return has(links, subject, criterion, compile)
    case 'list':
      return { by: 'id', type, ids: await links.listed(tenant, criterion.ids, type) }
    case 'compartment':
      return compartment(links, type, criterion)
  }
}

/** Meets it by what it refers to, or by what it embeds. */
async function chain(
  links: Links,
  subject: Subject,
  criterion: ChainCriterion,
  compile: Compile,
): Promise<Condition> {
  const [linked, embedded] = await Promise.all([
    linkedChain(links, subject, criterion, compile),
    embeddedChain(links, subject, criterion, compile),
  ])
  if (embedded.length === 0) return linked
  const of = [linked, ...embedded]
  // Tokens alone stream, whatever they are of.
  return of.every((one) => one.by === 'token')
    ? { by: 'token', hashes: of.flatMap(({ hashes }) => hashes), spans: of.flatMap(({ spans }) => spans) }
    : { by: 'any', of }
}

async function linkedChain(
  links: Links,
  { tenant, type, within }: Subject,
  { param, targets }: ChainCriterion,
  compile: Compile,
): Promise<Condition> {
  const { isCanonical: canonical, resolvesTo } = links.parameters.places(param)
  const compiled = await Promise.all(
    targets
      .filter((target) => resolvesTo?.has(target.type) ?? true)
      .map(async (target) => ({
        type: target.type,
        condition: await compile(target.type, target.criterion),
      })),
  )
  const found = await Promise.all(
    compiled.map((target) => links.targets(tenant, target.type, conjuncts([target.condition]), canonical)),
  )
  if (found.every((names) => names !== undefined)) {
    const hashOf = (name: string) => referenceHash(type, nameIn(within, param.code), name)
    const hashes = within ? found.flat().map(hashOf) : referenceHashes(links.parameters, param, found.flat())
    return { by: 'token', hashes, spans: [] }
  }
  const paths = pathsIn(within, pathsOf(links, param))
  return { by: 'chain', paths, canonical, bases: links.bases(tenant), targets: compiled }
}

/** Nearly always nothing is embedded where the chain goes; one lookup tells. */
async function embeddedChain(
  links: Links,
  { tenant, type, within }: Subject,
  { param, targets }: ChainCriterion,
  compile: Compile,
): Promise<Condition[]> {
  const name = embeddingName(nameIn(within, param.code))
  const markOf = (target: string) => tokenHash(type, name, '', target)
  const known = await links.known(
    tenant,
    targets.map((target) => markOf(target.type)),
  )
  return Promise.all(
    targets
      .filter((target) => known.has(markOf(target.type)))
      .map(async (target): Promise<Condition> => {
        const condition = await compile(type, target.criterion, embeddedIn(within, param, target.type))
        if (condition.by === 'token') return condition
        const embeds: Condition = { by: 'token', hashes: [markOf(target.type)], spans: [] }
        return { by: 'all', of: [embeds, condition] }
      }),
  )
}

async function has(
  links: Links,
  { tenant, type, leads }: Subject,
  { type: source, param, criterion }: HasCriterion,
  compile: Compile,
): Promise<Condition> {
  const condition = await compile(source, criterion)
  const canonical = links.parameters.places(param).isCanonical
  const paths = links.parameters.places(param).references
  const stream =
    leads && paths && !canonical && isFewTokens(condition)
      ? { hashes: condition.hashes, paths, bases: links.bases(tenant) }
      : undefined
  if (paths !== undefined && !(stream && leads?.goesOn)) {
    const ids = await links.referred(
      tenant,
      {
        type: source,
        conditions: conjuncts([condition]),
        paths,
        canonical,
        streams: stream !== undefined,
      },
      type,
    )
    if (ids !== undefined) return { by: 'id', type, ids }
  }
  const asked = links.parameters.sharing(source).get(param.code)?.sources ?? [param]
  const references = asked.map(({ code }) => `${source}.${code}`)
  return { by: 'has', type, references, canonical, condition, ...(stream && { stream }) }
}

/** Each is streamed beside the others. */
const FEW_TOKENS = 8

function isFewTokens(condition: Condition): condition is TokenCondition {
  if (condition.by !== 'token' || condition.spans.length > 0) return false
  return condition.hashes.length > 0 && condition.hashes.length <= FEW_TOKENS
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

function pathsOf({ parameters }: Links, param: SearchParameter): readonly string[] {
  const paths = parameters.places(param).references
  if (paths === undefined || paths.length === 0)
    throw new Failure(
      'unsupported',
      'search-chain-too-broad',
      { parameter: param.code },
      { expression: [param.code] },
    )
  return paths
}
