/**
 * Who comes in: a bearer token (RFC 6750) of the tenant in the path. Whoever is refused here is written down too, in
 * the trail of the tenant whose door it was.
 */
import type { Access } from '../../access/index.ts'
import { asFailure, Failure } from '../../kernel/failure.ts'
import type { TenantId } from '../../kernel/ids.ts'
import type { AuditRow } from '../../store/index.ts'
import { auditRow } from './audit-row.ts'
import type { FhirDeps } from './deps.ts'
import { type Caller, type Interaction, NOTHING_SEEN } from './interaction.ts'
import { statusOf } from './status.ts'

interface Asker {
  readonly tenantKey: string
  readonly authorization: string | undefined
  readonly address: string | undefined
  readonly requestId: string
  readonly query: string
}

type Entered = Pick<Caller, 'tenant' | 'access' | 'agent'>

export interface Door {
  /**
   * With a token of this tenant.
   * @throws Failure `unauthenticated`, `forbidden`/`other-tenant`
   */
  enter(asker: Asker, interaction: Interaction | undefined): Promise<Entered & { readonly access: Access }>
  /** Without a token. @throws Failure `not-found`/`tenant-unknown` */
  enterOpen(asker: Asker): Promise<Entered>
}

/** Of a request that is refused before it is known what it asks for. */
const SOME_REQUEST = { code: 'unknown', action: 'E' } as const

export function makeDoor(deps: FhirDeps): Door {
  const { tokens, audit, clock, tenants } = deps

  async function turnAway(
    tenant: TenantId | undefined,
    asker: Asker,
    interaction: Pick<Interaction, 'action'> & { readonly code: string },
    failure: Failure,
    agent: AuditRow['agent'],
  ): Promise<void> {
    if (tenant === undefined) return
    const { requestId, query } = asker
    const what = { status: statusOf(failure), seen: NOTHING_SEEN, query, failure: failure.code }
    await audit.record(tenant, auditRow(clock, interaction, { agent, requestId }, what))
  }

  return {
    async enter(asker, interaction) {
      let access: Access
      try {
        access = await tokens.verify(bearerToken(asker.authorization))
      } catch (thrown) {
        const failure = asFailure(thrown)
        const tenant = (await tenants.find(asker.tenantKey))?.id
        await turnAway(tenant, asker, interaction ?? SOME_REQUEST, failure, agentOf('unknown', asker))
        throw failure
      }
      const agent = agentOf(access.clientId, asker)
      if (access.tenantKey !== asker.tenantKey) {
        const failure = new Failure('forbidden', 'other-tenant')
        const tenant = (await tenants.find(asker.tenantKey))?.id
        await turnAway(access.tenant, asker, interaction ?? SOME_REQUEST, failure, agent)
        // The other tenant learns that somebody knocked, not whose client it was.
        await turnAway(
          tenant,
          asker,
          interaction ?? SOME_REQUEST,
          failure,
          agentOf('client-of-another-tenant', asker),
        )
        throw failure
      }
      return { tenant: access.tenant, access, agent }
    },

    async enterOpen(asker) {
      const tenant = await tenants.find(asker.tenantKey)
      if (tenant === undefined) throw new Failure('not-found', 'tenant-unknown')
      return { tenant: tenant.id, access: undefined, agent: agentOf('anonymous', asker) }
    },
  }
}

function agentOf(id: string, { address }: Asker): AuditRow['agent'] {
  return address === undefined ? { id, kind: 'client' } : { id, kind: 'client', address }
}

/** RFC 6750 §2.1. A token in the URL (§2.3) would end in logs, so there is no other way. */
function bearerToken(authorization: string | undefined): string {
  if (authorization === undefined) throw new Failure('unauthenticated', 'token-missing')
  const token = /^Bearer +([\w.~+/-]+=*)$/i.exec(authorization)?.[1]
  if (token === undefined) throw new Failure('unauthenticated', 'token-malformed')
  return token
}
