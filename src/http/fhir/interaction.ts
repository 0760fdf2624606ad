/**
 * What a FHIR interaction is here: a function from a request to an answer, both values, so that the same code serves
 * an HTTP request and an entry of a Bundle. https://hl7.org/fhir/R4/http.html
 */
import type { Language } from '../../fhir/index.ts'
import type { Access, ScopeLetter } from '../../access/index.ts'
import type { Failure } from '../../kernel/failure.ts'
import type { TenantId } from '../../kernel/ids.ts'
import type { ExactJson } from '../../kernel/json.ts'
import type { AuditRow, Statement } from '../../store/index.ts'
import type { BinaryWish, NativeContent } from './binary/index.ts'
import type { FhirDeps } from './deps.ts'
import type { Operation } from './operations/operation.ts'
import type { Preference } from './prefer.ts'
import type { RouteTable } from './routes.ts'

/** Codes of http://hl7.org/fhir/restful-interaction */
type InteractionCode =
  | 'capabilities'
  | 'read'
  | 'vread'
  | 'create'
  | 'update'
  | 'patch'
  | 'delete'
  | 'history-instance'
  | 'history-type'
  | 'history-system'
  | 'search-type'
  | 'search-system'
  | 'batch'
  | 'transaction'
  | 'operation'
  // Ours: https://hl7.org/fhir/R4/async.html gives them no names.
  | 'async-status'
  | 'async-cancel'

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface Route {
  readonly method: Method
  /** Below the FHIR base: `/{type}/{id}/_history`. */
  readonly path: string
}

export interface Interaction {
  readonly code: InteractionCode
  /** It finds its resource by search criteria. */
  readonly conditional?: true
  /** For the documentation. */
  readonly summary: string
  /** Query parameters of its own, for the documentation. */
  readonly query?: readonly string[]
  /** Request headers that it heeds. */
  readonly headers?: readonly string[]
  /** Media types of its body, where that isn't a resource. */
  readonly accepts?: readonly string[]
  /** Takes any content beside resources: of Binaries. */
  readonly takesContent?: true
  /** Statuses of its good answers. */
  readonly answers: readonly number[]
  /** What the CapabilityStatement says of it, where that isn't its code alone. */
  readonly claims?: readonly InteractionCode[]
  readonly routes: readonly Route[]
  /** What the token must allow on the type; none: the interaction checks its parts itself, or is open to all. */
  readonly scope?: ScopeLetter
  /** A role that the client must have. */
  readonly role?: string
  /** May be asked for with `Prefer: respond-async`. */
  readonly async?: true
  /** Answers without a token. */
  readonly open?: true
  readonly action: AuditRow['action']
  /** What it calls, when its code is `operation`. */
  readonly operation?: Operation
  run(service: FhirService, request: FhirRequest): Promise<Answer>
}

/** Who asks, and how the answer is to look: the same for all entries of a Bundle. */
export interface Caller {
  readonly tenant: TenantId
  /** undefined for an interaction that is open to all. */
  readonly access: Access | undefined
  readonly agent: AuditRow['agent']
  readonly requestId: string
  /** Absolute FHIR base of the tenant, without a slash at the end. */
  readonly base: string
  readonly language: Language
  /** undefined: no preference. */
  readonly prefer: Preference | undefined
  /** `Prefer: handling=lenient`: search parameters that are not understood are ignored. */
  readonly lenient: boolean
}

/** Header values as sent. */
export interface Conditions {
  readonly ifMatch?: string | undefined
  readonly ifNoneMatch?: string | undefined
  readonly ifModifiedSince?: string | undefined
  readonly ifNoneExist?: string | undefined
  /** Of a GET. */
  readonly range?: string | undefined
  readonly ifRange?: string | undefined
}

export interface FhirRequest {
  readonly caller: Caller
  /** Empty where the route has none. */
  readonly type: string
  readonly id: string
  readonly version: string
  /** Type of the resource in whose compartment is searched. */
  readonly compartment: string
  /** The query string as received, without `?`. */
  readonly query: string
  readonly conditions: Conditions
  readonly hasBody: boolean
  /** Of who reads a Binary by its address; left out elsewhere, and in a Bundle, where it can only be a resource. */
  readonly wish?: BinaryWish
  /** The resource that was sent. Called at most once, after the access check. */
  resource(): Promise<ExactJson>
  /** Only of a request that is answered later. */
  readonly work?: LongWork
  /** What was sent, unread, for an interaction whose body need not be a resource. In place of `resource`. */
  body(): Promise<SentBody>
}

/** Work that is answered later, and may be begun again when its process died. */
export interface LongWork {
  /** What an earlier run noted together with its writes. */
  readonly noted: string | undefined
  /** To be sent in the transaction of the writes. They fail with `conflict`/`async-cancelled` when nobody wants them any more. */
  note(text: string): Statement
  /**
   * From here on it can't be begun again: it does what a second run would do twice.
   * @throws Failure `conflict`/`async-cancelled`
   */
  begin(): Promise<void>
  /** Tells how far it is, without any data. @throws Failure `conflict`/`async-cancelled` */
  progress(text: string): void
}

export interface SentBody {
  readonly contentType: string | undefined
  readonly text: string
}

export interface ResourceKey {
  readonly type: string
  readonly id: string
}

/** What an audit row says was touched. */
export interface Seen {
  readonly entities: AuditRow['entities']
  readonly patients: readonly string[]
}

export interface Answer {
  readonly status: number
  /** JSON text of a resource; undefined: no body. */
  readonly body?: string | undefined
  /** A content in place of the body. */
  readonly native?: NativeContent
  /** JSON text of an OperationOutcome, in place of the body. */
  readonly outcome?: string
  /** Becomes the ETag. */
  readonly version?: number
  /** Instant; becomes Last-Modified. */
  readonly lastUpdated?: string
  /** Absolute. */
  readonly location?: string
  /** Beyond those that the rest of the answer makes. */
  readonly headers?: Readonly<Record<string, string>>
  /** An ETag that isn't a version. */
  readonly etag?: string
  readonly seen: Seen
  /** The audit rows are written already, in the transaction of the write. */
  readonly audited?: true
  /** Where the body decides: batch or transaction. */
  readonly code?: InteractionCode
}

export const NOTHING_SEEN: Seen = { entities: [], patients: [] }

/** What interactions work with. */
export interface FhirService extends FhirDeps {
  readonly interactions: readonly Interaction[]
  readonly routes: RouteTable
  /**
   * Whether the interaction may run at all: the type exists and has it, the id is one, the token allows it.
   * @throws Failure
   */
  admit(interaction: Interaction, request: FhirRequest): void
  /** Checks access, runs the interaction and leaves its audit row, also when it is refused or fails. */
  perform(interaction: Interaction, request: FhirRequest): Promise<Answer>
  /** Leaves the audit row of a request that was refused before its interaction could run. */
  refuse(interaction: Interaction, request: FhirRequest, failure: Failure): Promise<void>
}
