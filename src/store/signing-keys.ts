/** The installation's signing keys as rows: public part in the clear, private part encrypted by src/access. */
import type { JsonObject } from '../kernel/json.ts'
import type { Db } from './db.ts'

export interface SigningKeyRow {
  readonly kid: string
  readonly publicKey: JsonObject
  readonly privateKey: Buffer
}

/** Those that still verify, newest first. */
export function listSigningKeys(db: Db): Promise<SigningKeyRow[]> {
  return db.system<SigningKeyRow>({
    text: 'select kid, public_key as "publicKey", private_key as "privateKey" from signing_keys()',
    values: [],
  })
}

/** Adds a key unless somebody else did since `replaces` (undefined: no key) was the newest. */
export async function offerSigningKey(
  db: Db,
  key: SigningKeyRow,
  replaces: string | undefined,
): Promise<boolean> {
  const [row] = await db.system<{ taken: boolean }>({
    text: 'select offer_signing_key($1, $2::jsonb, $3, $4) as taken',
    values: [key.kid, JSON.stringify(key.publicKey), key.privateKey, replaces ?? null],
  })
  return row!.taken
}
