/** For tests: the FHIR edge on a real port, over a real database, with tokens that say what they allow. */
import { randomBytes } from 'node:crypto'

import { type TestDatabase, testDatabase } from '../../../test/support/database.ts'
import { testFolder } from '../../../test/support/folder.ts'
import { makeAuditEvents, makeAuditRecorder } from '../../audit/index.ts'
import {
  loadDefinitions,
  makeExtractor,
  makeR4Content,
  makeSearchParameters,
  makeTerminology,
  makeValidator,
} from '../../fhir/index.ts'
import { systemClock } from '../../kernel/clock.ts'
import { type Access, makeTenants } from '../../access/index.ts'
import type { TenantId } from '../../kernel/ids.ts'
import { Failure } from '../../kernel/failure.ts'
import { makeTimeZone } from '../../kernel/time-zone.ts'
import { type Log, silentLog } from '../../kernel/log.ts'
import { openFileBlobStore } from '../../store/blobs/index.ts'
import {
  keepBinaries,
  makeReindexer,
  makeStore,
  makeStoredTerminology,
  type StoreDeps,
} from '../../store/index.ts'
import { defaultHttpSettings, type HttpSettings, makeHttp } from '../index.ts'

/** What may be switched off: for tests whose references point anywhere. */
type Switches = Pick<StoreDeps, 'referentialIntegrity'>

export async function startFhir(
  settings: Partial<HttpSettings> = {},
  log: Log = silentLog,
  switches: Switches = { referentialIntegrity: 'enforce' },
) {
  const database = await testDatabase()
  const other = await database.addTenant('other')
  const first = await serve(database, other, settings, log, switches)
  return {
    ...first,
    /** A second server over the same database, which knows nothing of the first. */
    another: () => serve(database, other, settings, log, switches),
    async [Symbol.asyncDispose]() {
      await first[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

async function serve(
  database: TestDatabase,
  other: TenantId,
  settings: Partial<HttpSettings>,
  log: Log,
  switches: Switches,
) {
  const { db, tenant, tenantKey } = database
  const recorder = makeAuditRecorder({ db, log: silentLog })
  const definitions = loadDefinitions()
  const validator = makeValidator(definitions)
  const searchParameters = makeSearchParameters(definitions)
  const extractor = makeExtractor(definitions, searchParameters)
  const zone = makeTimeZone('Europe/Paris')
  const bases = new Map<TenantId, string>()
  const contextOf = (of: TenantId) => ({
    zone,
    toLocal: (url: string) => localPart(url, bases.get(of)),
    bases: () => [...bases].flatMap(([each, base]) => (each === of ? `${base}/` : [])),
  })
  const folder = await testFolder()
  const blobs = await openFileBlobStore({ folder: folder.path, orphanAgeMs: 0 })
  const terminology = makeTerminology({ r4: makeR4Content(), stored: makeStoredTerminology(db) })
  const store = makeStore({
    db,
    clock: systemClock,
    validator,
    extractor,
    definitions,
    parameters: searchParameters,
    terminology,
    contextOf,
    ...switches,
  })
  const { models, reindexes } = store
  const reindexer = makeReindexer({ db, models, reindexes, log, runner: 'test' })
  /** What is answered later is worked on at once, while it is open. */
  const queue = { isOpen: true, running: [] as Promise<void>[] }
  const { server, requests } = makeHttp({
    settings: { ...defaultHttpSettings, ...settings },
    log,
    clock: systemClock,
    metrics: { observe() {} },
    store: keepBinaries(store, { db, blobs }),
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
    terminology,
    contextOf,
    async announce(to, id) {
      if (queue.isOpen) queue.running.push(requests.run(to, id))
    },
    async announceReindex(to, id) {
      if (queue.isOpen) queue.running.push(reindexer.run(to, id))
    },
    cursorKey: randomBytes(32),
    version: '0.0.0-test',
    ...switches,
    routers: [],
  })
  const { port } = await server.listen('127.0.0.1', 0)
  const origin = `http://127.0.0.1:${port}`
  const base = `${origin}/t/${tenantKey}/fhir`
  bases.set(tenant, base).set(other, `${origin}/t/other/fhir`)
  return {
    origin,
    base,
    database,
    server,
    recorder,
    requests,
    queue,
    validator,
    other,
    blobs,
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
        patients: string
        detail: Record<string, unknown>
        query: string | null
        agent: string
        tenant: number
      }>('select * from passerelle.audit order by id'),
    async [Symbol.asyncDispose]() {
      await server.stop()
      await Promise.all(queue.running)
      await recorder[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

function localPart(url: string, base: string | undefined): string | undefined {
  return base !== undefined && url.startsWith(`${base}/`) ? url.slice(base.length + 1) : undefined
}

export type TestFhir = Awaited<ReturnType<typeof startFhir>>

/** Tokens of tests say what they are: `tenant~letters`, `tenant~letters~Type.Type`, `tenant~letters~~client`; the client `admin` has that role. */
function accessOf(token: string, tenants: ReadonlyMap<string, TenantId>): Access {
  const [tenantKey = '', letters = 'cruds', types = '', clientId = 'tester'] = token.split('~')
  const tenant = tenants.get(tenantKey)
  if (tenant === undefined) throw new Failure('unauthenticated', 'token-invalid')
  return {
    tenant,
    tenantKey,
    clientId,
    scopes: (types || '*').split('.').map((type) => `system/${type}.${letters}`),
    grants: (types || '*').split('.').map((type) => ({ context: 'system', type, letters })),
    roles: clientId === 'admin' ? ['admin'] : [],
    jti: '',
    expiresAt: Infinity,
  }
}
