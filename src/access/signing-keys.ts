/**
 * The keys that sign access tokens: ES256 (RFC 7518 §3.4), one pair for the whole installation, so that every process
 * accepts the tokens of every other. The private part lies in the database under AES-256-GCM with a key derived from
 * the installation's secret. The newest key signs; older ones go on verifying.
 */
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  randomBytes,
  type KeyObject,
} from 'node:crypto'
import { promisify } from 'node:util'
import { calculateJwkThumbprint, type JWK } from 'jose'
import type { Clock } from '../kernel/clock.ts'
import { Failure } from '../kernel/failure.ts'
import type { JsonObject } from '../kernel/json.ts'
import { listSigningKeys, offerSigningKey, type Db, type SigningKeyRow } from '../store/index.ts'

export interface SigningKeys {
  /** The key that signs. */
  signer(): Promise<{ kid: string; key: KeyObject }>
  /** The public key of that name; looks into the database when another process may have made it. */
  verifier(kid: string): Promise<KeyObject | undefined>
  /** RFC 7517 §5 */
  jwks(): Promise<{ keys: JsonObject[] }>
  /** Makes a new key that signs from now on here, and elsewhere within a minute. */
  rotate(): Promise<void>
}

export interface SigningKeysDeps {
  readonly db: Db
  readonly clock: Clock
  /** 32 bytes that the private keys are encrypted with: deriveKey(…, 'signing-keys'). */
  readonly secret: Buffer
}

interface LoadedKey {
  readonly kid: string
  readonly jwk: JsonObject
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

const FRESH_MS = 60_000
/** An unknown key id is looked up at most so often, however many forged tokens come. */
const UNKNOWN_MS = 5000

export function makeSigningKeys({ db, clock, secret }: SigningKeysDeps): SigningKeys {
  let loaded: Promise<LoadedKey[]> | undefined
  let loadedAt = 0

  async function load(): Promise<LoadedKey[]> {
    let rows = await listSigningKeys(db)
    if (rows.length === 0) {
      await offerSigningKey(db, await makeKey(secret), undefined)
      rows = await listSigningKeys(db)
    }
    return rows.map((row) => unwrap(row, secret))
  }

  function keys(maxAgeMs: number): Promise<LoadedKey[]> {
    if (loaded === undefined || clock.now() - loadedAt >= maxAgeMs) {
      loadedAt = clock.now()
      const loading = load()
      loaded = loading
      loading.catch(() => {
        if (loaded === loading) loaded = undefined
      })
    }
    return loaded
  }

  return {
    async signer() {
      const [newest] = await keys(FRESH_MS)
      return { kid: newest!.kid, key: newest!.privateKey }
    },
    async verifier(kid) {
      const find = (all: LoadedKey[]) => all.find((key) => key.kid === kid)?.publicKey
      return find(await keys(FRESH_MS)) ?? find(await keys(UNKNOWN_MS))
    },
    async jwks() {
      return { keys: (await keys(FRESH_MS)).map(({ jwk }) => jwk) }
    },
    async rotate() {
      const [newest] = await keys(0)
      await offerSigningKey(db, await makeKey(secret), newest!.kid)
      await keys(0)
    },
  }
}

const generate = promisify(generateKeyPair)

async function makeKey(wrappingKey: Buffer): Promise<SigningKeyRow> {
  const { publicKey, privateKey } = await generate('ec', { namedCurve: 'P-256' })
  const jwk = publicKey.export({ format: 'jwk' }) as JsonObject
  const kid = await calculateJwkThumbprint(jwk as JWK)
  const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' })
  return {
    kid,
    publicKey: { ...jwk, kid, alg: 'ES256', use: 'sig' },
    privateKey: seal(pkcs8, wrappingKey, kid),
  }
}

function unwrap({ kid, publicKey, privateKey }: SigningKeyRow, wrappingKey: Buffer): LoadedKey {
  const pkcs8 = unseal(privateKey, wrappingKey, kid)
  return {
    kid,
    jwk: publicKey,
    publicKey: createPublicKey({ key: publicKey, format: 'jwk' }),
    privateKey: createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }),
  }
}

/** nonce (12 bytes), tag (16), ciphertext; bound to the key's name. NIST SP 800-38D. */
function seal(plain: Buffer, key: Buffer, kid: string): Buffer {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(kid))
  const encrypted = Buffer.concat([cipher.update(plain), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), encrypted])
}

/** @throws Failure `internal`/`installation-secret-wrong` when the key was sealed with another secret */
function unseal(sealed: Buffer, key: Buffer, kid: string): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12), { authTagLength: 16 })
  decipher.setAAD(Buffer.from(kid)).setAuthTag(sealed.subarray(12, 28))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(28)), decipher.final()])
  } catch (cause) {
    throw new Failure('internal', 'installation-secret-wrong', {}, { cause })
  }
}
