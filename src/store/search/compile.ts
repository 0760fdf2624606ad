/** From a parsed search to conditions on the index. https://hl7.org/fhir/R4/search.html */
import type {
  Criterion,
  Prefix,
  SearchParameter,
  SearchParameters,
  SearchRequest,
  SupportedSearch,
} from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import type { TenantId } from '../../kernel/ids.ts'
import { orderHash, paramHash } from '../hash.ts'
import { leadingOf } from '../leading.ts'
import { compileLinked, type Links } from './compile-links.ts'
import { compileParameter, type ParameterDeps } from './compile-parameter.ts'
import { type Condition, conjuncts, NOTHING, type WordsCondition } from './condition.ts'
import { decodeCursor, isReferred } from './cursor.ts'
import type { Subject } from './index-names.ts'
import type { SearchQuery, SortPart } from './query.ts'
import type { Within } from './within.ts'

const PREFIXES: readonly Prefix[] = ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap']

/** What compile can turn into SQL: the parser refuses the rest by name, and capabilities claim only this. */
export const supportedSearch: SupportedSearch = {
  kinds: {
    number: { modifiers: ['missing'], prefixes: PREFIXES, sortable: true },
    date: { modifiers: ['missing'], prefixes: PREFIXES, sortable: true },
    string: { modifiers: ['missing', 'exact', 'contains'], prefixes: [], sortable: true },
    token: {
      modifiers: ['missing', 'text', 'not', 'above', 'below', 'in', 'not-in', 'of-type'],
      prefixes: [],
      sortable: true,
    },
    reference: { modifiers: ['missing', 'identifier', 'text', 'below'], prefixes: [], sortable: true },
    composite: { modifiers: [], prefixes: [], sortable: false },
    quantity: { modifiers: ['missing'], prefixes: PREFIXES, sortable: true },
    uri: { modifiers: ['missing', 'above', 'below'], prefixes: [], sortable: true },
    special: { modifiers: [], prefixes: [], sortable: false },
  },
  defaultCount: 20,
  maxCount: 1000,
  maxValues: 5000,
  maxTests: 1000,
}

export interface Compiler {
  /** Looks up what the search refers to (value sets, chains, lists), so that what is left is the index's to answer. */
  compile(tenant: TenantId, request: SearchRequest): Promise<SearchQuery>
}

export interface CompilerDeps extends ParameterDeps {
  readonly links: Links
}

export function makeCompiler(deps: CompilerDeps): Compiler {
  async function condition(
    tenant: TenantId,
    type: string,
    criterion: Criterion,
    within?: Within,
    leads?: Subject['leads'],
  ): Promise<Condition> {
    switch (criterion.by) {
      case 'parameter':
        return compileParameter(deps, tenant, type, criterion, within)
      case 'all':
        return { by: 'all', of: await conditions(tenant, type, criterion.of, within, leads) }
      case 'any':
        return { by: 'any', of: await conditions(tenant, type, criterion.of, within) }
      case 'not':
        return { by: 'not', of: await condition(tenant, type, criterion.of, within) }
      case 'patients':
        // What is contained is in no compartment.
        return within ? NOTHING : { by: 'patients' }
      case 'text':
        return within ? NOTHING : { by: 'words', of: criterion.of, query: criterion.query }
      default:
        return compileLinked(
          deps.links,
          { tenant, type, within, leads },
          criterion,
          (target, inner, inside) => condition(tenant, target, inner, inside),
        )
    }
  }

  async function conditions(
    tenant: TenantId,
    type: string,
    criteria: readonly Criterion[],
    within?: Within,
    leads?: Subject['leads'],
  ): Promise<Condition[]> {
    return Promise.all(criteria.map((criterion) => condition(tenant, type, criterion, within, leads)))
  }

  return {
    async compile(tenant, { type, criteria, sort, count, cursor, total }) {
      const place = cursor === undefined ? undefined : decodeCursor(cursor)
      // Only what has no order asked for can stand in that of a stream, and who counts has to look all of them up.
      const leads =
        sort.length === 0 && total === 'none'
          ? { goesOn: place !== undefined && isReferred(place) }
          : undefined
      const compiled = conjuncts(await conditions(tenant, type, criteria, undefined, leads))
      const words = compiled.filter((one) => one.by === 'words')
      return {
        type,
        conditions: compiled,
        sort: sort.map(({ param, descending }) =>
          param.code === '_score'
            ? scorePart(words)
            : sortPart(deps.parameters, tenant, type, param, descending),
        ),
        count,
        cursor: place,
      }
    },
  }
}

/** The best first: that is what anybody means who sorts by it. */
function scorePart(words: readonly WordsCondition[]): SortPart {
  if (words.length === 0) throw new Failure('invalid', 'search-sort', {}, { expression: ['_sort'] })
  return { kind: { by: 'score', words }, descending: true }
}

function sortPart(
  parameters: SearchParameters,
  tenant: TenantId,
  type: string,
  param: SearchParameter,
  descending: boolean,
): SortPart {
  if (param.code === '_id') return { kind: { by: 'id' }, descending }
  if (param.code === '_lastUpdated') return { kind: { by: 'last-updated' }, descending }
  const { sources } = parameters.sharing(type).get(param.code) ?? { sources: [param] }
  const { code } = sources[0]!
  switch (param.type) {
    case 'date': {
      const leading = leadingOf(type)?.date === code
      return { kind: { by: 'date', param: paramHash(type, code), leading }, descending }
    }
    case 'number':
    case 'quantity':
      return {
        kind: { by: 'number', params: sources.map((source) => paramHash(type, source.code)) },
        descending,
      }
    case 'string':
      return { kind: { by: 'string', param: paramHash(type, code) }, descending }
    case 'token':
    case 'uri':
      if (sources.length > 1) return { kind: { by: 'content', code: param.code }, descending }
      return { kind: { by: 'token', param: orderHash(tenant, type, code), code }, descending }
    case 'reference':
      return { kind: { by: 'content', code: param.code }, descending }
    case 'composite':
    case 'special':
      throw notCompiled()
  }
}

/** The parser lets nothing through that supportedSearch does not name, so this is a fault of ours. */
function notCompiled(): Failure {
  return new Failure('internal', 'search-not-compiled')
}
