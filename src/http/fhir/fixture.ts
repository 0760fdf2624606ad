/** For tests: the FHIR edge on a real port, over a real database, with tokens that say what they allow. */
import { randomBytes } from 'node:crypto'

import { LRUCache } from 'lru-cache'

import { testDatabase } from '../../../test/support/database.ts'
import { makeAuditEvents, makeAuditRecorder } from '../../audit/index.ts'
import {
  loadDefinitions,
  makeExtractor,
  makeSearchParameters,
  makeSearchParser,
  makeValidator,
  type SupportedSearch,
} from '../../fhir/index.ts'
import { systemClock } from '../../kernel/clock.ts'
import { type Access, makeTenants } from '../../access/index.ts'
import type { TenantId } from '../../kernel/ids.ts'
import { Failure } from '../../kernel/failure.ts'
import { makeTimeZone } from '../../kernel/time-zone.ts'
import { type Log, silentLog } from '../../kernel/log.ts'
import { makeResourceNumbers } from '../../store/numbers.ts'
import { makeRepository } from '../../store/repository.ts'
import { makeWriteLane } from '../../store/write-lane.ts'
import { defaultHttpSettings, type HttpSettings, makeHttp } from '../index.ts'

const supported: SupportedSearch = {
  kinds: {
    token: { modifiers: ['not', 'missing'], prefixes: [], sortable: true },
    reference: { modifiers: ['missing'], prefixes: [], sortable: true },
    string: { modifiers: ['exact'], prefixes: [], sortable: true },
    uri: { modifiers: [], prefixes: [], sortable: true },
    date: { modifiers: [], prefixes: ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'], sortable: true },
  },
  defaultCount: 20,
  maxCount: 1000,
  maxValues: 500,
}

export async function startFhir(settings: Partial<HttpSettings> = {}, log: Log = silentLog) {
  const database = await testDatabase()
  const { db, tenant, tenantKey } = database
  const other = await database.addTenant('other')
  const recorder = makeAuditRecorder({ db, log: silentLog })
  const definitions = loadDefinitions()
  const validator = makeValidator(definitions)
  const searchParameters = makeSearchParameters(definitions)
  const extractor = makeExtractor(definitions, searchParameters)
  const zone = makeTimeZone('Europe/Paris')
  const parser = makeSearchParser({ definitions, parameters: searchParameters, supported })
  const repository = makeRepository({
    db,
    lane: makeWriteLane(db),
    numbers: makeResourceNumbers(db),
    clock: systemClock,
    validate: (resource, type) => validator.validate(resource, type),
    index: (_tenant, type, resource) => extractor.extract(resource, type, { zone, toLocal: () => undefined }),
    guard: () => [],
    known: new LRUCache({ max: 1000 }),
  })
  const server = makeHttp({
    settings: { ...defaultHttpSettings, ...settings },
    log,
    clock: systemClock,
    metrics: { observe() {} },
    repository,
    search: { search: () => Promise.reject(new Error()), find: () => Promise.resolve([]) },
    audit: { record: (...access) => recorder.record(...access) },
    auditEvents: makeAuditEvents({ db, clock: systemClock, zoneOf: () => zone }),
    tokens: {
      verify: async (token) =>
        accessOf(
          token,
          new Map([
            [tenantKey, tenant],
            ['other', other],
          ]),
        ),
    },
    tenants: makeTenants({ db, clock: systemClock }),
    definitions,
    searchParameters,
    supported,
    validate: (resource, type) => validator.validate(resource, type),
    parseSearch: (_tenant, type, parameters) =>
      parser.parse(type, parameters, { zone, toLocal: () => undefined, nowMs: systemClock.now() }),
    cursorKey: randomBytes(32),
    version: '0.0.0-test',
    routers: [],
  })
  const { port } = await server.listen('127.0.0.1', 0)
  const origin = `http://127.0.0.1:${port}`
  const base = `${origin}/t/${tenantKey}/fhir`
  return {
    origin,
    base,
    database,
    server,
    recorder,
    validator,
    other,
    /** A request with a token that allows everything, unless another is given. */
    async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
      const response = await fetch(path.startsWith('http') ? path : base + path, {
        method,
        headers: {
          authorization: `Bearer ${tenantKey}`,
          ...(body !== undefined && { 'content-type': 'application/fhir+json' }),
          ...headers,
        },
        ...(body !== undefined && {
          body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
        }),
      })
      const text = await response.text()
      return {
        status: response.status,
        headers: response.headers,
        text,
        json: text.startsWith('{') ? JSON.parse(text) : undefined,
      }
    },
    audits: () =>
      database.ownerQuery<{
        interaction: string
        action: string
        outcome: number
        entities: string
        detail: Record<string, unknown>
        query: string | null
        agent: string
        tenant: number
      }>('select * from passerelle.audit order by id'),
    async [Symbol.asyncDispose]() {
      await server.stop()
      await recorder[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

export type TestFhir = Awaited<ReturnType<typeof startFhir>>

/** Tokens of tests say what they are: `tenant~letters`. */
function accessOf(token: string, tenants: ReadonlyMap<string, TenantId>): Access {
  const [tenantKey = '', letters = 'cruds'] = token.split('~')
  const tenant = tenants.get(tenantKey)
  if (tenant === undefined) throw new Failure('unauthenticated', 'token-invalid')
  return {
    tenant,
    tenantKey,
    clientId: 'tester',
    scopes: [`system/*.${letters}`],
    grants: [{ context: 'system', type: '*', letters }],
    roles: [],
    jti: '',
    expiresAt: Infinity,
  }
}
