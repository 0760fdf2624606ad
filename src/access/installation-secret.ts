/**
 * The one secret of an installation, 32 random bytes in a file of the data folder that only its owner reads. Keys for
 * each purpose are derived from it, so that none tells anything of another. Whoever has the database but not this file
 * can neither sign tokens nor make the audit trail's seals fit. Several machines share it; it belongs into the backup.
 */
import { hkdfSync, randomBytes } from 'node:crypto'
import { link, open, readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure } from '../kernel/failure.ts'

const FILE = 'installation.key'
const BYTES = 32

/**
 * Reads the secret, or makes it at the first start.
 * @throws Failure `internal`/`installation-secret-damaged` when the file is not what this function wrote
 */
export async function loadInstallationSecret(dataDir: string): Promise<Buffer> {
  const path = join(dataDir, FILE)
  const found = await readSecret(path)
  if (found !== undefined) return found
  // Written whole under another name and then linked: nobody ever sees half of it, and of two programs that start at
  // once one wins and both read the winner's.
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  const file = await open(draft, 'wx', 0o600)
  try {
    await file.writeFile(`${randomBytes(BYTES).toString('base64')}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await link(draft, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  await unlink(draft)
  return (await readSecret(path))!
}

/** @throws Failure `not-found`/`installation-secret-missing`: for commands that make no sense with a new one */
export async function readInstallationSecret(dataDir: string): Promise<Buffer> {
  const secret = await readSecret(join(dataDir, FILE))
  if (secret === undefined)
    throw new Failure('not-found', 'installation-secret-missing', { file: FILE, folder: dataDir })
  return secret
}

async function readSecret(path: string): Promise<Buffer | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const secret = Buffer.from(text, 'base64')
  if (secret.length !== BYTES) throw new Failure('internal', 'installation-secret-damaged', { file: FILE })
  return secret
}

/** What a key is for. A new purpose is a new word; none is ever used for two things. */
export type KeyPurpose = 'audit-seal' | 'signing-keys' | 'search-cursors'

/** 32 bytes for one purpose. RFC 5869. */
export function deriveKey(secret: Buffer, purpose: KeyPurpose): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'passerelle', purpose, BYTES))
}
