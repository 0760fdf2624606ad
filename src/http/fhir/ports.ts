/** Interim: until src/store/index.ts lists them. */
import type { SearchRequest } from '../../fhir/index.ts'
import type { TenantId } from '../../kernel/ids.ts'
import type { Stored } from '../../store/resource.ts'

export type { Change, Outcome, Repository } from '../../store/repository.ts'
export type { Stored } from '../../store/resource.ts'
export type { AuditRecorder, AuditRow } from '../../store/audit.ts'

export interface SearchPage {
  readonly entries: readonly Stored[]
  readonly total?: number
  readonly next?: string
}
export interface SearchStore {
  search(tenant: TenantId, request: SearchRequest): Promise<SearchPage>
  find(
    tenant: TenantId,
    request: SearchRequest,
    limit: number,
  ): Promise<readonly { type: string; id: string; version: number }[]>
}
