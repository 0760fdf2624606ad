/**
 * Page cursors, sealed: a cursor holds the sort key of the last entry, which may be patient data, and must come back
 * unchanged, for the same tenant and the same search. AES-256-GCM, with the tenant and the search as associated data.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

import { Failure } from '../../kernel/failure.ts'

export interface CursorSeal {
  /** URL-safe text. `scope`: what the cursor is good for. */
  seal(cursor: string, scope: string): string
  /** @throws Failure `invalid`/`cursor-invalid` for a forged, damaged or foreign cursor */
  open(sealed: string, scope: string): string
}

const NONCE_BYTES = 12
const TAG_BYTES = 16

/** @param key 32 bytes, the same in all processes of an installation */
export function makeCursorSeal(key: Buffer): CursorSeal {
  return {
    seal(cursor, scope) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(scope))
      const sealed = Buffer.concat([
        nonce,
        cipher.update(cursor, 'utf8'),
        cipher.final(),
        cipher.getAuthTag(),
      ])
      return sealed.toString('base64url')
    },
    open(sealed, scope) {
      const bytes = Buffer.from(sealed, 'base64url')
      if (bytes.length <= NONCE_BYTES + TAG_BYTES) throw invalid()
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES))
          .setAAD(Buffer.from(scope))
          .setAuthTag(bytes.subarray(-TAG_BYTES))
        return (
          decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
        )
      } catch {
        throw invalid()
      }
    },
  }
}

function invalid(): Failure {
  return new Failure('invalid', 'cursor-invalid', {}, { expression: ['_cursor'] })
}
