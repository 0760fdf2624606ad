/** From a parsed search to conditions on the index. FHIR R4 search.html. */
import {
  type Criterion,
  normalise,
  type SearchRequest,
  type SearchValue,
  type SupportedSearch,
} from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import type { TenantId } from '../../kernel/ids.ts'
import { codeHash, orderHash, paramHash, referenceHash, tokenHash, uriHash } from '../hash.ts'
import { cut } from '../index-rows.ts'
import type { Condition, RowCondition } from './condition.ts'
import { decodeCursor } from './cursor.ts'
import type { SearchQuery, SortPart } from './query.ts'

const PREFIXES = ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'] as const

/** What compile can turn into SQL: the parser refuses the rest by name, and capabilities claim only this. */
export const supportedSearch: SupportedSearch = {
  kinds: {
    token: { modifiers: [], prefixes: [], sortable: true },
    reference: { modifiers: ['identifier'], prefixes: [], sortable: true },
    string: { modifiers: ['exact', 'contains'], prefixes: [], sortable: true },
    uri: { modifiers: [], prefixes: [], sortable: true },
    date: { modifiers: [], prefixes: PREFIXES, sortable: true },
  },
  defaultCount: 20,
  maxCount: 1000,
  maxValues: 1000,
}

export function compileSearch(tenant: TenantId, request: SearchRequest): SearchQuery {
  const conditions: Condition[] = []
  const rows: RowCondition[] = []
  for (const criterion of request.criteria) {
    switch (criterion.param.code) {
      case '_id':
        rows.push({ by: 'id', ids: criterion.values.flatMap((value) => idOf(value)) })
        break
      case '_lastUpdated':
        rows.push({ by: 'last-updated', comparisons: criterion.values.map(dateOf) })
        break
      default:
        conditions.push(...compileCriterion(tenant, request.type, criterion))
    }
  }
  return {
    type: request.type,
    conditions,
    rows,
    sort: request.sort.map(({ param, descending }) => sortPart(tenant, request.type, param, descending)),
    count: request.count,
    cursor: request.cursor === undefined ? undefined : decodeCursor(request.cursor),
  }
}

function compileCriterion(tenant: TenantId, type: string, criterion: Criterion): Condition[] {
  const { param, modifier, values } = criterion
  switch (param.type) {
    case 'token':
      return [tokenCondition(tenant, type, param.code, values)]
    case 'reference':
      return [
        modifier === 'identifier'
          ? tokenCondition(tenant, type, `${param.code}:identifier`, values)
          : {
              by: 'token',
              hashes: values.flatMap((value) =>
                targetsOf(value).map((t) => referenceHash(type, param.code, t)),
              ),
              systems: [],
            },
      ]
    case 'uri':
      return [
        { by: 'token', hashes: values.map((value) => uriHash(type, param.code, textOf(value))), systems: [] },
      ]
    case 'string':
      return [
        {
          by: 'string',
          param: paramHash(type, param.code),
          matches: values.map((value) => stringMatch(value, modifier)),
        },
      ]
    case 'date':
      return [{ by: 'date', param: paramHash(type, param.code), comparisons: values.map(dateOf) }]
    case 'number':
    case 'quantity':
    case 'composite':
    case 'special':
      throw notSupported()
  }
}

function tokenCondition(
  tenant: TenantId,
  type: string,
  param: string,
  values: readonly SearchValue[],
): Condition {
  const hashes: string[] = []
  const systems: { order: string; system: string }[] = []
  for (const value of values) {
    if (value.kind !== 'token') throw notSupported()
    const { system, code } = value
    if (code === undefined) systems.push({ order: orderHash(tenant, type, param), system: system! })
    else if (system === undefined) hashes.push(codeHash(type, param, code))
    else hashes.push(tokenHash(type, param, system, code))
  }
  return { by: 'token', hashes, systems }
}

function stringMatch(value: SearchValue, modifier: Criterion['modifier']) {
  const written = textOf(value)
  const how = modifier === 'exact' || modifier === 'contains' ? modifier : 'starts'
  return { how, value: cut(normalise(written)), written } as const
}

function sortPart(
  tenant: TenantId,
  type: string,
  param: { code: string; type: string },
  descending: boolean,
): SortPart {
  const { code } = param
  if (code === '_id') return { kind: { by: 'id' }, descending }
  if (code === '_lastUpdated') return { kind: { by: 'last-updated' }, descending }
  switch (param.type) {
    case 'date':
    case 'string':
      return { kind: { by: param.type, param: paramHash(type, code) }, descending }
    case 'token':
    case 'reference':
    case 'uri':
      return { kind: { by: 'token', param: orderHash(tenant, type, code), code }, descending }
    default:
      throw notSupported()
  }
}

function idOf(value: SearchValue): string[] {
  // `_id` has no system: `system|id` matches nothing.
  return value.kind === 'token' && value.code !== undefined && !value.system ? [value.code] : []
}

function dateOf(value: SearchValue) {
  if (value.kind !== 'date') throw notSupported()
  return value
}

function targetsOf(value: SearchValue): readonly string[] {
  if (value.kind !== 'reference') throw notSupported()
  return value.targets
}

function textOf(value: SearchValue): string {
  if (value.kind !== 'string' && value.kind !== 'uri') throw notSupported()
  return value.value
}

/** The parser lets nothing through that supportedSearch does not name, so this is a fault of ours. */
function notSupported(): Failure {
  return new Failure('internal', 'search-not-compiled')
}
