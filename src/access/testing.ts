/** Everything of this folder over a test's database, with a clock that only the test moves. */
import { randomBytes } from 'node:crypto'
import type { TestDatabase } from '../../test/support/database.ts'
import { silentLog } from '../kernel/log.ts'
import type { AuditAgent, AuditRecorder, AuditRow, Db } from '../store/index.ts'
import { makeClients } from './clients.ts'
import { makeSigningKeys } from './signing-keys.ts'
import { makeTenants } from './tenants.ts'
import { makeTokenEndpoint, type TokenAnswer, type TokenRequest } from './token-endpoint.ts'
import { makeTokens } from './tokens.ts'

export const tester: AuditAgent = { id: 'tester', kind: 'system' }

/** `process` makes the parts of one more process over the same database. */
export function accessOver({ db }: Pick<TestDatabase, 'db'>) {
  let now = Date.parse('2026-11-20T09:00:00Z')
  const clock = { now: () => now }
  const secret = randomBytes(32)
  const audited: (AuditRow & { tenant: number })[] = []
  const audit: AuditRecorder = {
    async record(tenant, row) {
      audited.push({ ...row, tenant })
    },
  }
  return {
    clock,
    audited,
    pass(ms: number) {
      now += ms
    },
    process: () => processOver(db, clock, secret, audit),
  }
}

function processOver(db: Db, clock: { now(): number }, secret: Buffer, audit: AuditRecorder) {
  const tenants = makeTenants({ db, clock })
  const clients = makeClients({ db, clock })
  const keys = makeSigningKeys({ db, clock, secret })
  const tokens = makeTokens({ keys, clients, tenants, clock, issuer: 'https://fhir.example.org' })
  const endpoint = makeTokenEndpoint({ clients, tenants, tokens, audit, clock, log: silentLog })
  return { tenants, clients, keys, tokens, endpoint }
}

export function tokenRequest(
  id: string,
  secret: string,
  more: Record<string, string> = {},
  address = '192.0.2.7',
): TokenRequest {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: id,
    client_secret: secret,
    ...more,
  })
  return { body, address }
}

export function tokenOf(answer: TokenAnswer): string {
  if ('refused' in answer) throw new Error(`refused: ${answer.refused.error}`)
  return answer.granted.accessToken
}
