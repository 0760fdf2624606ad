/**
 * The token endpoint without HTTP: a form and a header in, a token or a refusal out. Client credentials grant,
 * RFC 6749 §4.4; errors §5.2. Every answer's audit row is durable before the answer.
 */
import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../kernel/clock.ts'
import { Failure } from '../kernel/failure.ts'
import type { TenantId } from '../kernel/ids.ts'
import type { Log } from '../kernel/log.ts'
import type { AuditRecorder, AuditRow, ClientRow } from '../store/index.ts'
import { makeAttempts, networkOf } from './attempts.ts'
import { clientCredentials, type ClientCredentials } from './client-authentication.ts'
import type { Clients } from './clients.ts'
import { covers, grantsOf, parseScope } from './scopes.ts'
import { isSlow, verifySecret } from './secret.ts'
import type { Tenants } from './tenants.ts'
import type { Tokens } from './tokens.ts'

export interface TokenRequest {
  readonly body: URLSearchParams
  /** The Authorization header. */
  readonly authorization?: string | undefined
  readonly address: string
  readonly requestId?: string | undefined
}

interface TokenGranted {
  readonly accessToken: string
  readonly expiresIn: number
  readonly scope: string
}

export interface TokenRefused {
  /** A code of RFC 6749 §5.2. */
  readonly error:
    | 'invalid_request'
    | 'invalid_client'
    | 'unsupported_grant_type'
    | 'invalid_scope'
    | 'temporarily_unavailable'
  readonly description: string
  readonly status: 400 | 401 | 429 | 503
  readonly retryAfterSeconds?: number
  /** The client used HTTP authentication and gets its challenge. */
  readonly challenge?: true
}

export type TokenAnswer = { readonly granted: TokenGranted } | { readonly refused: TokenRefused }

export interface TokenEndpoint {
  /** @throws Failure `unavailable` when the database or the audit trail is away */
  answer(request: TokenRequest): Promise<TokenAnswer>
}

export interface TokenEndpointDeps {
  readonly clients: Pick<Clients, 'find'>
  readonly tenants: Pick<Tenants, 'get' | 'list'>
  readonly tokens: Pick<Tokens, 'sign'>
  readonly audit: AuditRecorder
  readonly clock: Clock
  readonly log: Log
}

/** Ten wrong secrets at once for a client from one network, then one every six seconds. */
const PER_CLIENT = { burst: 10, refillMs: 6000 }
/** For one network whatever the client. */
const PER_NETWORK = { burst: 100, refillMs: 600 }
/** Slow hashes at one moment: each takes 19 MiB and a thread. */
const MAX_SLOW = 8

interface Known {
  readonly tenant: TenantId
  readonly client: ClientRow
}

/** What is known of a request at its end: the answer, whom it is about, and what the audit row says more. */
interface Outcome {
  readonly answer: TokenAnswer
  readonly tenant?: TenantId
  readonly clientId?: string | undefined
  readonly jti?: string
}

export function makeTokenEndpoint(deps: TokenEndpointDeps): TokenEndpoint {
  const { clients, clock } = deps
  const perClient = makeAttempts(clock, PER_CLIENT)
  const perNetwork = makeAttempts(clock, PER_NETWORK)
  const secrets = makeSecretCheck()

  async function authenticate(credentials: ClientCredentials, address: string): Promise<Known | Outcome> {
    const clientId = credentials.id
    if ('refused' in credentials) return { answer: refusedCredentials(credentials), clientId }
    const network = networkOf(address)
    const pair = `${network} ${credentials.id}`
    const wait = Math.max(perClient.waitSeconds(pair), perNetwork.waitSeconds(network))
    const known = await clients.find(credentials.id)
    if (wait > 0) return { answer: tooMany(wait), clientId, ...(known && { tenant: known.tenant }) }
    const usable = known !== undefined && known.client.revokedAt === null
    const fits = await secrets.check(credentials.secrets, usable ? known.client.secret : NO_SECRET)
    if (fits === 'busy') return { answer: BUSY, clientId, ...(known && { tenant: known.tenant }) }
    if (usable && fits) return known
    perClient.failed(pair)
    perNetwork.failed(network)
    return { answer: invalidClient(credentials.by), clientId, ...(known && { tenant: known.tenant }) }
  }

  async function decide({ body, authorization, address }: TokenRequest): Promise<Outcome> {
    const credentials = clientCredentials(authorization, body)
    const fault = requestFault(body)
    if (fault !== undefined) return { answer: fault, clientId: credentials.id }
    const known = await authenticate(credentials, address)
    if ('answer' in known) return known
    return grant(deps, known, body.get('scope') ?? undefined)
  }

  return {
    async answer(request) {
      const outcome = await decide(request)
      await record(deps, request, outcome)
      return outcome.answer
    },
  }
}

async function grant(
  deps: TokenEndpointDeps,
  { tenant, client }: Known,
  asked: string | undefined,
): Promise<Outcome> {
  const scopes = grantedScopes(client.scopes, asked)
  if ('refused' in scopes) return { answer: scopes, tenant, clientId: client.id }
  const { key: tenantKey } = (await deps.tenants.get(tenant))!
  const { token, jti, expiresIn } = await deps.tokens.sign({
    tenantKey,
    clientId: client.id,
    generation: client.generation,
    scopes: scopes.granted,
    roles: client.roles,
  })
  const granted = { accessToken: token, expiresIn, scope: scopes.granted.join(' ') }
  return { answer: { granted }, tenant, clientId: client.id, jti }
}

/** What was asked for if the client may have all of it; all that the client may have when it asks for nothing. */
function grantedScopes(
  held: readonly string[],
  asked: string | undefined,
): { granted: readonly string[] } | { refused: TokenRefused } {
  const wanted = [...new Set((asked ?? '').split(' ').filter((scope) => scope !== ''))]
  if (wanted.length === 0) return { granted: held }
  const grants = grantsOf(held)
  for (const scope of wanted) {
    const parsed = parseScope(scope)
    if ('refused' in parsed) {
      return parsed.refused === 'query'
        ? refuse(400, 'invalid_scope', 'scopes restricted by search parameters are not supported')
        : refuse(400, 'invalid_scope', 'a scope is not of the form system/Type.cruds')
    }
    if (!covers(grants, parsed.grant))
      return refuse(400, 'invalid_scope', 'the client may not have this scope')
  }
  return { granted: wanted }
}

function requestFault(body: URLSearchParams): TokenAnswer | undefined {
  // RFC 6749 §3.2: "Request and response parameters MUST NOT be included more than once."
  if (new Set(body.keys()).size !== [...body.keys()].length)
    return invalidRequest('a parameter is given twice')
  const grantType = body.get('grant_type')
  if (grantType === null) return invalidRequest('grant_type is missing')
  if (grantType === 'client_credentials') return undefined
  return refuse(400, 'unsupported_grant_type', 'only client_credentials is supported')
}

function refusedCredentials({ refused, by }: Extract<ClientCredentials, { refused: string }>): TokenAnswer {
  if (refused === 'twice') return invalidRequest('the client authenticates in two ways at once')
  return invalidClient(by)
}

function refuse(status: 400, error: TokenRefused['error'], description: string): { refused: TokenRefused } {
  return { refused: { status, error, description } }
}

function invalidRequest(description: string): TokenAnswer {
  return refuse(400, 'invalid_request', description)
}

/** The same words for an unknown client, a revoked one and a wrong secret. */
function invalidClient(by: 'basic' | 'post'): TokenAnswer {
  const refused = {
    status: 401,
    error: 'invalid_client',
    description: 'client authentication failed',
  } as const
  return { refused: by === 'basic' ? { ...refused, challenge: true } : refused }
}

function tooMany(retryAfterSeconds: number): TokenAnswer {
  const description = 'too many failed attempts'
  return { refused: { status: 429, error: 'temporarily_unavailable', description, retryAfterSeconds } }
}

const BUSY: TokenAnswer = {
  refused: { status: 503, error: 'temporarily_unavailable', description: 'try again', retryAfterSeconds: 1 },
}

/** Compared with when there is no client, so that an unknown id takes as long as a known one with a generated secret. */
const NO_SECRET = `$sha256$${'A'.repeat(43)}=`

/** Checks secrets; remembers what a slow hash said, because a client asks again every hour or more often. */
function makeSecretCheck() {
  const fitting = new LRUCache<string, true>({ max: 1000 })
  let slow = 0
  return {
    async check(secrets: readonly string[], stored: string): Promise<boolean | 'busy'> {
      for (const secret of secrets) {
        // With the stored hash in the key, whose salt is random, a new secret or another client never meets it.
        const key = hash('sha256', `${stored}\n${secret}`, 'base64')
        if (fitting.has(key)) return true
        if (!isSlow(stored)) {
          if (await verifySecret(secret, stored)) return true
          continue
        }
        if (slow >= MAX_SLOW) return 'busy'
        slow += 1
        const fits = await verifySecret(secret, stored).finally(() => {
          slow -= 1
        })
        if (fits) {
          fitting.set(key, true)
          return true
        }
      }
      return false
    },
  }
}

async function record(
  { audit, clock, tenants, log }: TokenEndpointDeps,
  { address, requestId }: TokenRequest,
  { answer, tenant, clientId, jti }: Outcome,
): Promise<void> {
  const refused = 'refused' in answer ? answer.refused : undefined
  const row: AuditRow = {
    at: clock.now(),
    kind: 'token',
    interaction: 'token',
    action: 'E',
    outcome: refused === undefined ? 0 : 4,
    agent: { id: clientId ?? 'unknown', kind: 'client', address },
    entities: [],
    patients: [],
    detail: {
      status: refused?.status ?? 200,
      ...(refused !== undefined && { error: refused.error }),
      ...(jti !== undefined && { jti }),
      ...(requestId !== undefined && { request: requestId }),
    },
  }
  // Nobody's client belongs to nobody's trail: the first tenant is the operator's own and keeps these.
  const home = tenant ?? (await tenants.list())[0]?.id
  if (home === undefined) {
    log.warn(
      { address, error: refused?.error },
      'token refused; there is no tenant whose audit trail could keep it',
    )
    return
  }
  await audit.record(home, row).catch((cause: unknown) => {
    throw new Failure('unavailable', 'audit-unavailable', {}, { cause })
  })
}
