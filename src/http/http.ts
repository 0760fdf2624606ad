/** Puts the HTTP side together: FHIR edge, other routers, one server. */
import type { RequestHandler } from 'express'

import type { Tenants, Tokens } from '../access/index.ts'
import type { AuditEvents } from '../audit/index.ts'
import type { Definitions, SearchParameters, SearchRequest, SupportedSearch } from '../fhir/index.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Issue } from '../kernel/failure.ts'
import type { TenantId } from '../kernel/ids.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Log } from '../kernel/log.ts'
import { makeApp } from './app.ts'
import { makeBodyReader } from './body.ts'
import { docsRouter } from './docs/router.ts'
import { sharedOperations } from './docs/shared-operations.ts'
import { makeCursorSeal } from './fhir/cursor.ts'
import { makeFhirHandler } from './fhir/handler.ts'
import type { AuditRecorder, Repository, SearchStore } from './fhir/ports.ts'
import { makeFhirService } from './fhir/service.ts'
import { makeResourceSources } from './fhir/sources.ts'
import { type HttpMetrics, makeObserver } from './observe.ts'
import { type HttpServer, makeHttpServer } from './server.ts'
import type { HttpSettings } from './settings.ts'

export interface HttpDeps {
  readonly settings: HttpSettings
  readonly log: Log
  readonly clock: Clock
  readonly metrics: HttpMetrics
  readonly repository: Repository
  readonly search: SearchStore
  readonly audit: AuditRecorder
  readonly auditEvents: AuditEvents
  readonly tokens: Pick<Tokens, 'verify'>
  readonly tenants: Pick<Tenants, 'find'>
  readonly definitions: Definitions
  readonly searchParameters: SearchParameters
  /** What `search` serves, and so what the CapabilityStatement claims. */
  readonly supported: SupportedSearch
  validate(resource: JsonObject, type: string): readonly Issue[]
  /** @throws Failure `invalid`/`search-…` */
  parseSearch(tenant: TenantId, type: string, parameters: URLSearchParams): SearchRequest
  /** 32 bytes, the same in all processes of an installation. */
  readonly cursorKey: Buffer
  /** Of the program. */
  readonly version: string
  /** Of other parts, with paths from the root; asked in order, before FHIR. */
  readonly routers: readonly RequestHandler[]
}

export function makeHttp(deps: HttpDeps): HttpServer {
  const { settings, log, clock, metrics, parseSearch } = deps
  const service = makeFhirService({
    repository: deps.repository,
    search: deps.search,
    audit: deps.audit,
    tokens: deps.tokens,
    tenants: deps.tenants,
    definitions: deps.definitions,
    clock,
    cursors: makeCursorSeal(deps.cursorKey),
    maxBundleEntries: settings.maxBundleEntries,
    version: deps.version,
    cors: settings.corsOrigins.length > 0,
    resources: makeResourceSources({ ...deps, parse: parseSearch }),
    criteria: (tenant, type, query) => parseSearch(tenant, type, new URLSearchParams(query)),
  })
  const bodies = makeBodyReader(settings)
  const fhir = makeFhirHandler({ service, bodies, settings, log })
  const observe = makeObserver({ log, metrics, maxInFlight: settings.maxInFlight })
  const docs = docsRouter(
    {
      version: deps.version,
      interactions: service.interactions,
      resourceTypes: deps.definitions.resourceTypes,
      operations: sharedOperations,
    },
    settings,
  )
  const app = makeApp({ settings, log, observe, fhir, routers: [...deps.routers, docs] })
  return makeHttpServer(app, settings)
}
