/**
 * What refers to resources: tokens of the index, one range for each resource and parameter.
 * https://hl7.org/fhir/R4/search.html#revinclude
 */
import {
  type Definitions,
  type ExtractContext,
  type Extractor,
  type Include,
  type SearchParameter,
  type SearchParameters,
} from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import type { TenantId } from '../../kernel/ids.ts'
import type { Db } from '../db.ts'
import type { ResourceRow } from '../queries/read-resources.ts'
import { type Stored, storedFrom } from '../resource.ts'
import type { Statement } from '../statement.ts'
import { canonicalUrls } from './links.ts'
import { referenceHashes } from './reference-hashes.ts'
import type { Sql } from './sql.ts'
import { byHashes } from './statements/index.ts'

export interface IncludeDeps {
  readonly db: Db
  named(fragment: Sql): Statement
  readonly definitions: Definitions
  readonly extractor: Extractor
  readonly parameters: SearchParameters
  contextOf(tenant: TenantId): ExtractContext
}

export type Back = (
  tenant: TenantId,
  resources: readonly Stored[],
  includes: readonly Include[],
  limit: number,
) => Promise<readonly Stored[]>

/** Lookups of one round: `_revinclude=*` asks for each parameter of every type that may refer to the resource. */
const MAX_LOOKUPS = 100_000

export function makeBack({ db, named, definitions, parameters }: IncludeDeps): Back {
  function paramsOf({ source, param }: Include): readonly SearchParameter[] {
    if (param) return [param]
    const isOf = ({ type, expression, own }: SearchParameter) =>
      type === 'reference' && expression !== undefined && (source !== undefined || own === undefined)
    const types = source === undefined ? definitions.resourceTypes : [source]
    return types.flatMap((type) => [...parameters.of(type).values()].filter(isOf))
  }

  /** How references of the parameter name the resource. */
  function namesOf({ type, id, body }: Stored, param: SearchParameter): readonly string[] {
    if (param.targets.length > 0 && !param.targets.includes(type)) return []
    return parameters.places(param).isCanonical
      ? [`${type}/${id}`, ...canonicalUrls(body)]
      : [`${type}/${id}`]
  }

  return async (tenant, resources, includes, limit) => {
    const hashes = includes.flatMap((include) => {
      const wanted = resources.filter(({ type }) => include.target === undefined || include.target === type)
      return paramsOf(include).flatMap((param) =>
        referenceHashes(
          parameters,
          param,
          wanted.flatMap((resource) => namesOf(resource, param)),
        ),
      )
    })
    if (hashes.length === 0) return []
    if (hashes.length > MAX_LOOKUPS)
      throw new Failure('unsupported', 'search-include-too-broad', {}, { expression: ['_revinclude'] })
    return (await db.query<ResourceRow>(tenant, named(byHashes(tenant, hashes, limit)))).map(storedFrom)
  }
}
