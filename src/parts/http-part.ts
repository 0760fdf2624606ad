/** The HTTP listener: probes always, the APIs where this process has that role. */
import express from 'express'

import {
  addressOf,
  defaultHttpSettings,
  exchangeOf,
  type Http,
  type HttpServer,
  type HttpSettings,
  makeHttp,
  makeHttpServer,
  makeObserver,
  makeProbes,
  oauthRouter,
  originOf,
} from '../http/index.ts'
import type { IdQueue } from '../jobs/index.ts'
import type { Part } from '../lifecycle.ts'
import type { Ground } from '../parts.ts'
import type { AccessParts } from './access-part.ts'
import { makeAsyncPart, openRequestQueue } from './async-part.ts'
import type { FhirParts } from './fhir-part.ts'
import { makeReindexPart, openReindexQueue } from './reindex-part.ts'

/** Where it serves the API, with who works on what is done in the background for it. */
export async function makeHttpParts(ground: Ground, access: AccessParts, fhir: FhirParts): Promise<Part[]> {
  if (!ground.config.roles.has('api')) return [listening(ground, access, makeProbeServer(ground))]
  const queue = await openRequestQueue(ground)
  const reindexQueue = await openReindexQueue(ground)
  const { server, requests } = makeApi(ground, access, fhir, { queue, reindexQueue })
  const { tenants } = access.contexts
  return [
    makeAsyncPart(ground, { queue, requests, tenants }),
    makeReindexPart(ground, fhir, { queue: reindexQueue, tenants }),
    listening(ground, access, server),
  ]
}

function listening({ config }: Ground, access: AccessParts, server: HttpServer): Part {
  const isApi = config.roles.has('api')
  return {
    name: 'HTTP',
    async start() {
      const { host, port } = await server.listen(config.host, config.httpPort)
      const origin = httpUrl(host, port)
      access.contexts.reachedAt(origin)
      if (LOOPBACK.has(host)) access.contexts.reachedAt(httpUrl('localhost', port))
      if (!isApi) return [{ name: 'Health', url: `${origin}/health` }]
      return [
        { name: 'FHIR', url: `${origin}/t/${config.bootstrap.tenant}/fhir` },
        { name: 'Token', url: `${origin}/oauth2/token` },
        { name: 'API docs', url: `${origin}/api/docs` },
        { name: 'Health', url: `${origin}/health` },
      ]
    },
    stop: () => server.stop(),
  }
}

function settingsOf({ config }: Ground): HttpSettings {
  const { publicUrl, trustProxy, corsOrigins, maxConditionalDeletes } = config.http
  return {
    ...defaultHttpSettings,
    trustProxy,
    corsOrigins,
    maxConditionalDeletes,
    ...(publicUrl !== undefined && { publicBase: publicUrl }),
  }
}

function makeApi(
  ground: Ground,
  access: AccessParts,
  fhir: FhirParts,
  { queue, reindexQueue }: Readonly<Record<'queue' | 'reindexQueue', IdQueue>>,
): Http {
  const { log, clock, metrics, version, health } = ground
  const settings = settingsOf(ground)
  const oauth = oauthRouter({
    endpoint: access.tokenEndpoint,
    keys: access.keys,
    originOf: (request) => originOf(request, settings),
    addressOf: (request) => addressOf(request, settings) ?? '',
    requestIdOf: (request) => (request.res ? exchangeOf(request.res).requestId : undefined),
  })
  return makeHttp({
    settings,
    log,
    clock,
    metrics: metrics.http,
    ...fhir,
    audit: access.audit,
    auditEvents: access.auditEvents,
    tokens: access.tokens,
    tenants: access.contexts.tenants,
    contextOf: access.contexts.of,
    announce: (tenant, id) => queue.announce(tenant, id),
    announceReindex: (tenant, id) => reindexQueue.announce(tenant, id),
    cursorKey: access.cursorKey,
    version,
    routers: [makeProbes({ version, health, metrics }), oauth],
  })
}

function makeProbeServer(ground: Ground): HttpServer {
  const { version, health, metrics, log } = ground
  const settings = settingsOf(ground)
  const observe = makeObserver({ log, metrics: metrics.http, maxInFlight: settings.maxInFlight })
  return makeHttpServer(express().use(observe, makeProbes({ version, health, metrics })), settings)
}

/** Who asks localhost gets here too. */
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1'])

/** IPv6 addresses stand in brackets. RFC 3986 §3.2.2 */
function httpUrl(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}
