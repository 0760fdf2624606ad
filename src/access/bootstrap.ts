/** The first tenant and its first client, so that a fresh installation can be used. Never with a default secret. */
import type { Log } from '../kernel/log.ts'
import type { AuditAgent, Tenant } from '../store/index.ts'
import type { Clients, NewClient } from './clients.ts'
import { verifySecret } from './secret.ts'
import type { Tenants } from './tenants.ts'

export interface BootstrapSettings {
  readonly tenantKey: string
  /** From the environment; generated when absent. */
  readonly clientId?: string | undefined
  readonly clientSecret?: string | undefined
}

/** Generated credentials: to be printed once, then forgotten. */
export interface GeneratedCredentials {
  readonly tenantKey: string
  readonly clientId: string
  readonly clientSecret: string
}

export interface BootstrapDeps {
  readonly tenants: Tenants
  readonly clients: Clients
  readonly log: Log
}

const BY: AuditAgent = { id: 'bootstrap', kind: 'system' }
const DEFAULT_CLIENT_ID = 'bootstrap'
/** Shorter chosen secrets can be guessed offline from a stolen database, argon2id or not. */
const SAFE_SECRET = 16

/**
 * At the first start: makes the tenant and a client with `system/*.*` and the role admin. When the environment gives an
 * id and a secret, also later starts see to it that this client exists and has this secret.
 * Answers what was generated; undefined: nothing to print.
 */
export async function bootstrap(
  deps: BootstrapDeps,
  settings: BootstrapSettings,
): Promise<GeneratedCredentials | undefined> {
  const { clientId, clientSecret } = settings
  if (clientSecret !== undefined && clientSecret.length < SAFE_SECRET) {
    deps.log.warn(
      { characters: clientSecret.length },
      'the bootstrap client secret is short enough to be guessed',
    )
  }
  const tenant = await bootstrapTenant(deps, settings)
  if (tenant === undefined) return undefined
  if (clientId !== undefined && clientSecret !== undefined) {
    await ensureClient(deps, tenant, clientId, clientSecret)
    return undefined
  }
  const created = await deps.clients.createFirst(tenant.id, newClient(clientId, clientSecret), BY)
  if (created === undefined || clientSecret !== undefined) return undefined
  return { tenantKey: tenant.key, clientId: created.client.id, clientSecret: created.secret }
}

/** The tenant if it is there, or is to be made: because there is none, or because the environment names its client. */
async function bootstrapTenant(
  { tenants }: BootstrapDeps,
  { tenantKey, clientId, clientSecret }: BootstrapSettings,
): Promise<Tenant | undefined> {
  const existing = await tenants.find(tenantKey)
  if (existing !== undefined) return existing
  const named = clientId !== undefined && clientSecret !== undefined
  if (!named && (await tenants.list()).length > 0) return undefined
  // Another process that starts at the same moment may have been quicker.
  return tenants.create({ key: tenantKey }).catch(async (error: unknown) => {
    const theirs = await tenants.find(tenantKey)
    if (theirs === undefined) throw error
    return theirs
  })
}

async function ensureClient(
  { clients, log }: BootstrapDeps,
  tenant: Tenant,
  id: string,
  secret: string,
): Promise<void> {
  const found = await clients.find(id)
  if (found === undefined) {
    await clients.create(tenant.id, newClient(id, secret), BY).catch(async (error: unknown) => {
      if ((await clients.find(id)) === undefined) throw error
    })
    return
  }
  if (found.tenant !== tenant.id) {
    log.warn({ client: id }, 'the bootstrap client belongs to another tenant and is left as it is')
  } else if (found.client.revokedAt !== null) {
    log.warn({ client: id }, 'the bootstrap client is revoked and stays so')
  } else if (!(await verifySecret(secret, found.client.secret))) {
    await clients.rotate(tenant.id, id, BY, secret)
    log.info({ client: id }, 'the bootstrap client has the secret that the environment gives now')
  }
}

function newClient(id = DEFAULT_CLIENT_ID, secret?: string): NewClient {
  return {
    id,
    name: 'Bootstrap client',
    scopes: ['system/*.*'],
    roles: ['admin'],
    ...(secret !== undefined && { secret }),
  }
}
