/** Who may come in: tenants, clients, keys, tokens, and the first client of a fresh installation. */
import {
  bootstrap,
  deriveKey,
  type GeneratedCredentials,
  loadInstallationSecret,
  makeClients,
  makeSigningKeys,
  makeTenants,
  makeTokenEndpoint,
  makeTokens,
  type SigningKeys,
  type TokenEndpoint,
  type Tokens,
} from '../access/index.ts'
import { type AuditEvents, makeAuditEvents, makeAuditRecorder, makeSealer } from '../audit/index.ts'
import type { Part } from '../lifecycle.ts'
import type { Ground } from '../parts.ts'
import type { AuditRecorder } from '../store/index.ts'
import { makeTenantContexts, type TenantContexts } from './tenant-contexts.ts'

export interface AccessParts {
  readonly contexts: TenantContexts
  readonly audit: AuditRecorder
  readonly auditEvents: AuditEvents
  readonly tokens: Tokens
  readonly tokenEndpoint: TokenEndpoint
  readonly keys: SigningKeys
  /** Signs the cursors of search pages. */
  readonly cursorKey: Buffer
  /** The audit trail: must start first and stop last. */
  readonly trail: Part
  readonly credentials: GeneratedCredentials | undefined
}

export async function makeAccessParts(ground: Ground): Promise<AccessParts> {
  const { config, db, clock, log, metrics } = ground
  const secret = await loadInstallationSecret(config.dataDir)
  const contexts = makeTenantContexts(makeTenants({ db, clock }), config.http.publicUrl)
  const { tenants } = contexts
  const clients = makeClients({ db, clock })
  const { tenant: tenantKey, clientId, clientSecret } = config.bootstrap
  const credentials = await bootstrap({ tenants, clients, log }, { tenantKey, clientId, clientSecret })
  await tenants.list()

  const audit = makeAuditRecorder({ db, log, metrics: metrics.audit })
  const keys = makeSigningKeys({ db, clock, secret: deriveKey(secret, 'signing-keys') })
  await keys.signer() // A wrong installation.key stops the start and not the first request.
  const tokens = makeTokens({ keys, clients, tenants, clock, issuer: config.http.publicUrl ?? 'passerelle' })
  const tokenEndpoint = makeTokenEndpoint({ clients, tenants, tokens, audit, clock, log })
  const zoneOf = (tenant: Parameters<TenantContexts['of']>[0]) => contexts.of(tenant).zone
  const sealer = makeSealer({ db, clock, log, key: deriveKey(secret, 'audit-seal') })
  return {
    contexts,
    audit,
    auditEvents: makeAuditEvents({ db, clock, zoneOf }),
    tokens,
    tokenEndpoint,
    keys,
    cursorKey: deriveKey(secret, 'search-cursors'),
    trail: {
      name: 'audit trail',
      start: () => sealer.start(),
      async stop() {
        await audit[Symbol.asyncDispose]()
        await sealer.stop()
      },
    },
    credentials,
  }
}
