/** What the FHIR edge is given: the parts of other folders that it works with. */
import type { Tenants, Tokens } from '../../access/index.ts'
import type {
  Definitions,
  FhirXml,
  IndexEntries,
  KnownCodeSystem,
  ReferenceRewriter,
  SearchParameters,
  SearchBudget,
  SearchRequest,
  Subsetter,
} from '../../fhir/index.ts'
import type { ResourceSource } from './sources.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { TenantId } from '../../kernel/ids.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { TimeLimit } from '../../kernel/time-limit.ts'
import type { TimeZone } from '../../kernel/time-zone.ts'
import type {
  AsyncRequests,
  AuditRecorder,
  Binaries,
  History,
  Reassignments,
  Repository,
  Reindexes,
  ResourceChecks,
  SearchModels,
  TenantSearch,
  Turns,
} from '../../store/index.ts'
import type { CursorSeal } from './cursor.ts'
import type { PathEvaluator } from './fhirpath/evaluator.ts'
import type { Formats } from './formats.ts'

export interface FhirDeps {
  readonly repository: Repository
  readonly search: TenantSearch
  readonly checks: ResourceChecks
  /** The bytes of Binaries. */
  readonly binaries: Pick<Binaries, 'receive' | 'content' | 'placesIn'>
  readonly paths: PathEvaluator
  readonly history: History
  /** What is answered later. */
  readonly asyncRequests: AsyncRequests
  /** Has a process work on it soon. Never rejects: what isn't announced is found due. */
  announce(tenant: TenantId, id: string): Promise<void>
  readonly audit: AuditRecorder
  readonly tokens: Pick<Tokens, 'verify'>
  readonly tenants: Pick<Tenants, 'find'>
  readonly definitions: Definitions
  readonly clock: Clock
  readonly cursors: CursorSeal
  /** That resources come and go in. */
  readonly formats: Formats
  readonly subsetter: Subsetter
  readonly xml: FhirXml
  readonly maxBundleEntries: number
  /** Resources that one conditional delete may delete; 1: only if a single one matches. */
  readonly maxConditionalDeletes: number
  /** For those who want the same at the same time. */
  readonly turns: Turns
  /** For what runs as long as a caller makes it. */
  readonly timeLimit: TimeLimit
  /** Of the program. */
  readonly version: string
  /** True when browser applications of other origins may call. */
  readonly cors: boolean
  /** Whether references within a tenant must point to what is there. */
  readonly referentialIntegrity: 'enforce' | 'off'
  /** Where resources of a type are read and found: the store, or the audit trail for AuditEvent. */
  resources(type: string): ResourceSource
  /** For dates without an offset. */
  zoneOf(tenant: TenantId): TimeZone
  /** Links of a transaction. */
  readonly links: ReferenceRewriter
  /** @throws Failure `invalid`/`search-…` */
  parseSearch(
    tenant: TenantId,
    type: string,
    parameters: URLSearchParams,
    options?: { readonly lenient: boolean; readonly budget?: SearchBudget },
  ): SearchRequest
  /** Of R4. */
  readonly searchParameters: SearchParameters
  /** What each tenant can search by. */
  readonly searchModels: Pick<SearchModels, 'of' | 'fresh'>
  /** Passes that bring the index up to date. */
  readonly reindexes: Pick<Reindexes, 'request' | 'find' | 'cancel'>
  /** Records that were merged. */
  readonly reassignments: Pick<Reassignments, 'undo'>
  /** Has a process work on one. */
  announceReindex(tenant: TenantId, id: string): Promise<void>
  /** That every tenant has. */
  codeSystems(): readonly KnownCodeSystem[]
  /** What a resource would be found by. */
  index(tenant: TenantId, type: string, resource: JsonObject): IndexEntries
}
