/**
 * Access tokens: JWTs in the profile of RFC 9068, signed with ES256. A token belongs to one client of one tenant; it is
 * good until it expires, or until the client is revoked or gets a new secret.
 */
import { hash } from 'node:crypto'
import { errors, jwtVerify, SignJWT, type JWTHeaderParameters, type JWTPayload } from 'jose'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../kernel/clock.ts'
import { Failure } from '../kernel/failure.ts'
import { uuidv7, type TenantId } from '../kernel/ids.ts'
import type { Clients } from './clients.ts'
import { grantsOf, type Grant } from './scopes.ts'
import type { SigningKeys } from './signing-keys.ts'
import type { Tenants } from './tenants.ts'

/** Who asks, as their token says. */
export interface Access {
  readonly tenant: TenantId
  readonly tenantKey: string
  readonly clientId: string
  readonly scopes: readonly string[]
  /** The scopes, read. */
  readonly grants: readonly Grant[]
  readonly roles: readonly string[]
  readonly jti: string
  /** Epoch milliseconds. */
  readonly expiresAt: number
}

interface TokenClaims {
  readonly tenantKey: string
  readonly clientId: string
  /** Of the client when the token was made. */
  readonly generation: number
  readonly scopes: readonly string[]
  readonly roles: readonly string[]
}

export interface Tokens {
  sign(claims: TokenClaims): Promise<{ token: string; jti: string; expiresIn: number }>
  /** @throws Failure `unauthenticated`/`token-invalid`, `token-expired`, `token-revoked` */
  verify(token: string): Promise<Access>
}

export interface TokensDeps {
  readonly keys: SigningKeys
  readonly clients: Pick<Clients, 'state'>
  readonly tenants: Pick<Tenants, 'find'>
  readonly clock: Clock
  /** The `iss` of all tokens; the same in every process of the installation. */
  readonly issuer: string
  readonly lifetimeSeconds?: number
}

const ONE_HOUR = 3600
/** Ours have about 600 characters. */
const MAX_TOKEN = 4096
const MAX_REMEMBERED = 10_000

interface Verified {
  readonly access: Access
  readonly generation: number
}

export function makeTokens(deps: TokensDeps): Tokens {
  const { keys, clients, clock, issuer, lifetimeSeconds = ONE_HOUR } = deps
  // Verifying a signature costs 0.2 ms; a client sends the same token thousands of times.
  const verified = new LRUCache<string, Verified>({ max: MAX_REMEMBERED })

  async function verifiedToken(token: string): Promise<Verified> {
    const key = hash('sha256', token, 'base64')
    const known = verified.get(key)
    if (known !== undefined) {
      if (clock.now() < known.access.expiresAt) return known
      verified.delete(key)
      throw new Failure('unauthenticated', 'token-expired')
    }
    const fresh = await verifySignature(deps, token)
    verified.set(key, fresh)
    return fresh
  }

  return {
    async sign({ tenantKey, clientId, generation, scopes, roles }) {
      const { kid, key } = await keys.signer()
      const now = Math.floor(clock.now() / 1000)
      const jti = uuidv7()
      const token = await new SignJWT({
        client_id: clientId,
        tenant: tenantKey,
        scope: scopes.join(' '),
        roles: [...roles],
        gen: generation,
      })
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid })
        .setIssuer(issuer)
        .setSubject(clientId)
        .setAudience(audienceOf(issuer, tenantKey))
        .setJti(jti)
        .setIssuedAt(now)
        .setExpirationTime(now + lifetimeSeconds)
        .sign(key)
      return { token, jti, expiresIn: lifetimeSeconds }
    },
    async verify(token) {
      const { access, generation } = await verifiedToken(token)
      const state = await clients.state(access.tenant, access.clientId)
      if (state === undefined || state.revoked || state.generation !== generation) {
        throw new Failure('unauthenticated', 'token-revoked')
      }
      return access
    },
  }
}

async function verifySignature(deps: TokensDeps, token: string): Promise<Verified> {
  const { keys, tenants, clock, issuer } = deps
  if (token.length > MAX_TOKEN) throw new Failure('unauthenticated', 'token-invalid')
  const keyFor = async ({ kid }: JWTHeaderParameters) => {
    const key = kid === undefined ? undefined : await keys.verifier(kid)
    if (key === undefined) throw new Failure('unauthenticated', 'token-invalid')
    return key
  }
  const { payload } = await jwtVerify(token, keyFor, {
    // The only one: neither `none` nor a MAC made with the public key gets any further.
    algorithms: ['ES256'],
    typ: 'at+jwt',
    issuer,
    requiredClaims: ['exp', 'sub', 'jti', 'aud', 'tenant', 'gen'],
    currentDate: new Date(clock.now()),
  }).catch((error: unknown) => Promise.reject(asTokenFailure(error)))
  const { sub, jti, exp, tenant: tenantKey, scope, roles, gen } = payload as JWTPayload & OwnClaims
  const tenant = await tenants.find(tenantKey)
  if (tenant === undefined || payload.aud !== audienceOf(issuer, tenantKey)) {
    throw new Failure('unauthenticated', 'token-invalid')
  }
  const scopes = scope.split(' ')
  const access: Access = {
    tenant: tenant.id,
    tenantKey,
    clientId: sub!,
    scopes,
    grants: grantsOf(scopes),
    roles,
    jti: jti!,
    expiresAt: exp! * 1000,
  }
  return { access, generation: gen }
}

/** What `sign` puts in; our signature vouches for their types. */
interface OwnClaims {
  readonly tenant: string
  readonly scope: string
  readonly roles: readonly string[]
  readonly gen: number
}

function audienceOf(issuer: string, tenantKey: string): string {
  return `${issuer}/t/${tenantKey}`
}

function asTokenFailure(error: unknown): unknown {
  if (error instanceof errors.JWTExpired) return new Failure('unauthenticated', 'token-expired')
  if (error instanceof errors.JOSEError) return new Failure('unauthenticated', 'token-invalid')
  return error
}
