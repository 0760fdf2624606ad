/**
 * Client secrets and their hashes.
 *
 * A secret that we generate has 256 random bits: nobody guesses it, so one SHA-256 is as safe as any slow hash, and a
 * token request stays quick. A secret that a person chose may be guessable, so it gets argon2id (RFC 9106) with OWASP's
 * parameters, about 60 ms and 19 MiB a try.
 */
import { argon2, hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const PREFIX = 'pss_'
const ARGON2 = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 } as const

/** The prefix lets scanners for leaked secrets find it. */
export function generateSecret(): string {
  return PREFIX + randomBytes(32).toString('base64url')
}

/** `$sha256$hash`: only for secrets of generateSecret. */
export function hashGenerated(secret: string): string {
  return `$sha256$${hash('sha256', secret, 'base64')}`
}

/** A PHC string: `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`. */
export async function hashChosen(secret: string): Promise<string> {
  const nonce = randomBytes(16)
  const tag = await derive(secret, nonce, ARGON2)
  const { memory, passes, parallelism } = ARGON2
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(nonce)}$${unpadded(tag)}`
}

export function isSlow(stored: string): boolean {
  return stored.startsWith('$argon2id$')
}

/** In constant time for a given kind of hash. A stored text that is no hash of ours fits nothing. */
export async function verifySecret(secret: string, stored: string): Promise<boolean> {
  if (stored.startsWith('$sha256$')) return equal(Buffer.from(hashGenerated(secret)), Buffer.from(stored))
  const match = PHC.exec(stored)
  if (match === null) return false
  const [memory, passes, parallelism] = [Number(match[1]), Number(match[2]), Number(match[3])]
  const expected = Buffer.from(match[5]!, 'base64')
  const nonce = Buffer.from(match[4]!, 'base64')
  return equal(
    await derive(secret, nonce, { memory, passes, parallelism, tagLength: expected.length }),
    expected,
  )
}

const PHC = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]{11,})\$([A-Za-z0-9+/]{22,})$/

interface Argon2Cost {
  readonly memory: number
  readonly passes: number
  readonly parallelism: number
  readonly tagLength: number
}

const argon2Async = promisify(argon2)

function derive(secret: string, nonce: Buffer, cost: Argon2Cost): Promise<Buffer> {
  return argon2Async('argon2id', { message: Buffer.from(secret), nonce, ...cost })
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}

function equal(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
