/** For tests: the FHIR edge on a real port, over a real database, with tokens that say what they allow. */
import { randomBytes } from 'node:crypto'

import { LRUCache } from 'lru-cache'

import { testDatabase } from '../../../test/support/database.ts'
import { makeAuditRecorder } from '../../audit/recorder.ts'
import { loadDefinitions, makeValidator } from '../../fhir/index.ts'
import { systemClock } from '../../kernel/clock.ts'
import { Failure } from '../../kernel/failure.ts'
import { type Log, silentLog } from '../../kernel/log.ts'
import { makeResourceNumbers } from '../../store/numbers.ts'
import { makeRepository } from '../../store/repository.ts'
import { makeWriteLane } from '../../store/write-lane.ts'
import { makeApp } from '../app.ts'
import { makeBodyReader } from '../body.ts'
import { makeObserver } from '../observe.ts'
import { makeHttpServer } from '../server.ts'
import { defaultHttpSettings, type HttpSettings } from '../settings.ts'
import { makeCursorSeal } from './cursor.ts'
import { makeFhirHandler } from './handler.ts'
import { makeFhirService } from './service.ts'

export async function startFhir(settings: Partial<HttpSettings> = {}, log: Log = silentLog) {
  const database = await testDatabase()
  const { db, tenant, tenantKey } = database
  const other = await database.addTenant('other')
  const audit = makeAuditRecorder({ db, log: silentLog })
  const definitions = loadDefinitions()
  const validator = makeValidator(definitions)
  const repository = makeRepository({
    db,
    lane: makeWriteLane(db),
    numbers: makeResourceNumbers(db),
    clock: systemClock,
    validate: (resource, type) => validator.validate(resource, type),
    index: () => ({
      tokens: [],
      references: [],
      strings: [],
      uris: [],
      dates: [],
      numbers: [],
      quantities: [],
      compartments: { patients: [] },
    }),
    guard: () => [],
    known: new LRUCache({ max: 1000 }),
  })
  const all: HttpSettings = { ...defaultHttpSettings, ...settings }
  const service = makeFhirService({
    repository,
    search: { search: () => Promise.reject(new Error()), find: () => Promise.resolve([]) },
    audit,
    access: {
      verify(token) {
        const [key, scope] = token.split('~')
        if (key === 'forged') throw new Failure('unauthenticated', 'token-invalid')
        const id = key === tenantKey ? tenant : other
        return Promise.resolve({
          tenant: id,
          tenantKey: key!,
          clientId: 'tester',
          scopes: [scope ?? 'cruds'],
          roles: [],
        })
      },
      allows: (access, _type, letter) => access.scopes[0]!.includes(letter),
    },
    tenants: {
      find: (key) =>
        Promise.resolve(key === tenantKey ? { id: tenant } : key === 'other' ? { id: other } : undefined),
    },
    definitions,
    clock: systemClock,
    cursors: makeCursorSeal(randomBytes(32)),
    maxBundleEntries: 5000,
    version: '0.0.0-test',
    cors: false,
    resources: () => ({
      read: repository.read,
      search: () => Promise.resolve({ entries: [] }),
      parameters: () => [],
    }),
    criteria: () => ({}),
  })
  const fhir = makeFhirHandler({ service, bodies: makeBodyReader(all), settings: all, log })
  const observe = makeObserver({ log, metrics: { observe() {} }, maxInFlight: all.maxInFlight })
  const server = makeHttpServer(makeApp({ settings: all, log, observe, fhir, routers: [] }), all)
  const { port } = await server.listen('127.0.0.1', 0)
  const origin = `http://127.0.0.1:${port}`
  const base = `${origin}/t/${tenantKey}/fhir`
  return {
    origin,
    base,
    database,
    server,
    service,
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
      await audit[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

export type TestFhir = Awaited<ReturnType<typeof startFhir>>
