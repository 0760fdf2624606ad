/** What the FHIR edge is given: the parts of other folders that it works with. */
import type { Definitions, SearchParameterEntry } from '../../fhir/index.ts'
import type { SearchRequest } from './interim.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { TenantId } from '../../kernel/ids.ts'
import type { CursorSeal } from './cursor.ts'
import type { ScopeLetter } from './interaction.ts'
import type { Access, AuditRecorder, Repository, SearchPage, SearchStore, Stored } from './ports.ts'

export interface FhirDeps {
  readonly repository: Repository
  readonly search: SearchStore
  readonly audit: AuditRecorder
  readonly access: AccessControl
  readonly tenants: { find(key: string): Promise<{ readonly id: TenantId } | undefined> }
  readonly definitions: Definitions
  readonly clock: Clock
  readonly cursors: CursorSeal
  readonly maxBundleEntries: number
  /** Of the program. */
  readonly version: string
  /** True when browser applications of other origins may call. */
  readonly cors: boolean
  /** Where resources of a type are read and found: the store, or the audit trail for AuditEvent. */
  resources(type: string): ResourceSource
  /** Criteria of a conditional interaction, parsed. @throws Failure `invalid` */
  criteria(tenant: TenantId, type: string, query: string): SearchRequest
}

export interface AccessControl {
  /** @throws Failure `unauthenticated` */
  verify(token: string): Promise<Access>
  allows(access: Access, type: string, letter: ScopeLetter): boolean
}

export interface ResourceSource {
  read(tenant: TenantId, type: string, id: string): Promise<Stored | undefined>
  search(
    tenant: TenantId,
    type: string,
    parameters: URLSearchParams,
    cursor: string | undefined,
  ): Promise<SearchPage>
  /** What resources of the type can be found by. */
  parameters(type: string): readonly SearchParameterEntry[]
}
