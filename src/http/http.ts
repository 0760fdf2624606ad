/** Puts the HTTP side together: FHIR edge, documentation, the routers of other parts, one server. */
import type { RequestHandler } from 'express'

import type { Tenants, Tokens } from '../access/index.ts'
import type { AuditEvents } from '../audit/index.ts'
import {
  type Definitions,
  type ExtractContext,
  makeFhirXml,
  makeReferenceRewriter,
  makeSubsetter,
  type SearchParameters,
  type Terminology,
} from '../fhir/index.ts'
import type { Clock } from '../kernel/clock.ts'
import type { TenantId } from '../kernel/ids.ts'
import type { Log } from '../kernel/log.ts'
import { makeTimeLimit } from '../kernel/time-limit.ts'
import {
  type AuditRecorder,
  makeTurns,
  type StoreDeps,
  type StoreWithBinaries,
  supportedSearch,
} from '../store/index.ts'
import { makeApp } from './app.ts'
import { makeBodyReader } from './body.ts'
import { docsRouter } from './docs/router.ts'
import { sharedOperations } from './docs/shared-operations.ts'
import { type AsyncRunner, makeAsyncRunner } from './fhir/async/index.ts'
import { makeCursorSeal } from './fhir/cursor.ts'
import { makeFormats } from './fhir/formats.ts'
import { makePathEvaluator } from './fhir/fhirpath/evaluator.ts'
import { makeFhirHandler } from './fhir/handler.ts'
import type { FhirService } from './fhir/interaction.ts'
import type { FhirDeps } from './fhir/deps.ts'
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
  readonly store: StoreWithBinaries
  readonly audit: AuditRecorder
  readonly auditEvents: AuditEvents
  readonly tokens: Pick<Tokens, 'verify'>
  readonly tenants: Pick<Tenants, 'find'>
  readonly definitions: Definitions
  readonly searchParameters: SearchParameters
  readonly terminology: Pick<Terminology, 'shared'>
  /** Time zone and local base of a tenant, for dates without an offset and absolute references. */
  contextOf(tenant: TenantId): ExtractContext
  /** Has a process work on a request that is answered later. */
  announce(tenant: TenantId, id: string): Promise<void>
  /** Has a process work on a pass over the search index. */
  announceReindex(tenant: TenantId, id: string): Promise<void>
  /** 32 bytes, the same in all processes of an installation. */
  readonly cursorKey: Buffer
  readonly referentialIntegrity: StoreDeps['referentialIntegrity']
  /** Of the program. */
  readonly version: string
  /** Of other parts, with paths from the root; asked in order, before FHIR. */
  readonly routers: readonly RequestHandler[]
}

export interface Http {
  readonly server: HttpServer
  /** Works on the requests that are answered later. */
  readonly requests: AsyncRunner
}

export function makeHttp(deps: HttpDeps): Http {
  const { settings, log, metrics, version, definitions } = deps
  const service = makeService(deps)
  const fhir = makeFhirHandler({ service, bodies: makeBodyReader(settings), settings, log })
  const observe = makeObserver({ log, metrics, maxInFlight: settings.maxInFlight })
  const { interactions, formats } = service
  const { resourceTypes } = definitions
  const mediaTypes = formats.all.flatMap(({ types }) => types)
  const docs = docsRouter(
    { version, interactions, mediaTypes, resourceTypes, operations: sharedOperations },
    settings,
  )
  const app = makeApp({ settings, log, observe, fhir, routers: [...deps.routers, docs] })
  const server = makeHttpServer(app, settings)
  const stop = async () => {
    await server.stop()
    await service.paths[Symbol.asyncDispose]()
  }
  return {
    server: { listen: server.listen, stop, [Symbol.asyncDispose]: stop },
    requests: makeAsyncRunner(service, log),
  }
}

function makeService(deps: HttpDeps): FhirService {
  const { settings, clock, definitions, searchParameters, contextOf } = deps
  const { repository, search, models, reindexes, reassignments, history, asyncRequests, checks, binaries } =
    deps.store
  const parseSearch: FhirDeps['parseSearch'] = (tenant, type, parameters, options) =>
    models.of(tenant).parser.parse(type, parameters, { ...contextOf(tenant), ...options, nowMs: clock.now() })

  const xml = makeFhirXml(definitions)

  return makeFhirService({
    repository,
    search,
    checks,
    binaries,
    paths: makePathEvaluator(),
    history,
    asyncRequests,
    announce: deps.announce,
    audit: deps.audit,
    tokens: deps.tokens,
    tenants: deps.tenants,
    definitions,
    clock,
    cursors: makeCursorSeal(deps.cursorKey),
    formats: makeFormats(xml),
    xml,
    subsetter: makeSubsetter(definitions),
    maxBundleEntries: settings.maxBundleEntries,
    maxConditionalDeletes: settings.maxConditionalDeletes,
    turns: makeTurns(),
    timeLimit: makeTimeLimit(),
    version: deps.version,
    cors: settings.corsOrigins.length > 0,
    referentialIntegrity: deps.referentialIntegrity,
    resources: makeResourceSources({
      repository,
      search,
      auditEvents: deps.auditEvents,
      searchParameters,
      supported: supportedSearch,
      parseSearch,
      checks,
    }),
    zoneOf: (tenant) => contextOf(tenant).zone,
    codeSystems: () => deps.terminology.shared(),
    links: makeReferenceRewriter(definitions),
    parseSearch,
    searchParameters,
    searchModels: models,
    reindexes,
    reassignments,
    announceReindex: deps.announceReindex,
    index: (tenant, type, resource) => models.of(tenant).extractor.extract(resource, type, contextOf(tenant)),
  })
}
