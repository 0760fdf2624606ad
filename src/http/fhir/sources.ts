/** Where resources come from: the store for all types but AuditEvent, which is a view of the audit trail. */
import type { SearchParameters, SupportedSearch } from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import type { TenantId } from '../../kernel/ids.ts'
import type { ExactJson } from '../../kernel/json.ts'
import { type AuditEvents, auditSearchParameters } from '../../audit/index.ts'
import type { Repository, ResourceChecks, SearchModel, SearchStore, Stored } from '../../store/index.ts'
import type { FhirDeps } from './deps.ts'
import type { Caller } from './interaction.ts'
import type { PageAnswer, PageRequest } from './search-answer.ts'
import { permitted } from './search-scopes.ts'

export interface ResourceSource {
  read(tenant: TenantId, type: string, id: string): Promise<Stored | undefined>
  search(caller: Caller, type: string, page: PageRequest): Promise<PageAnswer>
  /** Only where a create isn't a write of the store's. */
  create?(tenant: TenantId, resource: ExactJson): Promise<Stored>
  /** What resources of the type can be found by. */
  parameters(type: string, model: SearchModel): readonly SearchableBy[]
}

export interface SearchableBy {
  readonly code: string
  readonly type: string
  readonly url?: string | undefined
}

export interface SourceDeps {
  readonly repository: Pick<Repository, 'read'>
  readonly search: Pick<SearchStore, 'search'>
  readonly auditEvents: AuditEvents
  readonly searchParameters: SearchParameters
  /** What the store's search serves. */
  readonly supported: SupportedSearch
  readonly checks: Pick<ResourceChecks, 'validate'>
  readonly parseSearch: FhirDeps['parseSearch']
}

export function makeResourceSources(deps: SourceDeps): (type: string) => ResourceSource {
  const store = storeSource(deps)
  const trail = auditSource(deps)
  return (type) => (type === 'AuditEvent' ? trail : store)
}

function storeSource({ repository, search, parseSearch, supported }: SourceDeps): ResourceSource {
  return {
    read: (tenant, type, id) => repository.read(tenant, type, id),
    async search(caller, type, { parameters, cursor, ...options }) {
      const { tenant, lenient } = caller
      const request = permitted(caller, parseSearch(tenant, type, parameters, { lenient }))
      const page = await search.search(
        tenant,
        { ...request, ...(cursor !== undefined && { cursor }) },
        options,
      )
      return { ...page, ignored: request.ignored }
    },
    parameters: (type, model) =>
      [...model.parameters.of(type).values()].filter(
        (one) =>
          one.expression !== undefined &&
          supported.kinds[one.type] !== undefined &&
          model.isIndexed(one, false),
      ),
  }
}

function auditSource({ auditEvents, searchParameters, checks }: SourceDeps): ResourceSource {
  return {
    read: (tenant, _type, id) => auditEvents.read(tenant, id),
    async search({ tenant }, _type, { parameters, cursor }) {
      return { ...(await auditEvents.search(tenant, parameters, cursor)), ignored: [] }
    },
    async create(tenant, resource) {
      const issues = await checks.validate(tenant, resource.value, 'AuditEvent')
      if (issues.some(({ severity }) => severity === 'error' || severity === 'fatal')) {
        throw new Failure('invalid', 'validation-failed', {}, { issues })
      }
      return auditEvents.create(tenant, resource)
    },
    parameters: (type) =>
      auditSearchParameters.map((one) => ({ ...one, url: searchParameters.of(type).get(one.code)?.url })),
  }
}
